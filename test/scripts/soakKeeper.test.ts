import { expect } from 'chai'
import { soakKeeper } from '../../scripts/soak/keeperSoak.ts'

describe('soak of a keeper', function () {
  this.timeout(400_000)

  it('keeps its promises through faults, reorganizations, fee spikes and kills, for three quarters of a minute', async () => {
    const { failures, posts, ticks, kills, reorgs, faults, rounds, exitCode, spent } = await soakKeeper({
      minutes: 0.75,
      seed: 7,
      tick: 1_500,
    })
    expect(failures).to.deep.equal([])
    expect(exitCode).to.equal(0)
    // Something happened at all.
    expect({ ticks: ticks > 10, posts: posts > 0, rounds: rounds > 5, spent: spent > 0n }).to.deep.equal({
      ...{ ticks: true, posts: true, rounds: true, spent: true },
    })
    expect(kills + reorgs + Object.values(faults).reduce((sum, count) => sum + count, 0)).to.be.above(3)
  })
})
