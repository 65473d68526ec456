import { expect } from 'chai'
import { createClient, custom } from 'viem'
import { inFlight, inTurn } from '../../src/chain/inTurn.ts'

const clientOf = () => createClient({ transport: custom({ request: async () => undefined }) })

describe('inTurn', () => {
  it('has no more requests of a client under way than it may, and runs all of them, those that fail too', async () => {
    const client = clientOf()
    let [underWay, most] = [0, 0]
    const request = async (number: number) => {
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise((resolve) => setTimeout(resolve, number % 3))
      underWay -= 1
      if (number % 5 === 0) throw new Error(`${number} failed`)
      return number
    }
    const numbers = Array.from({ length: 40 }, (_, number) => number)
    const settled = await Promise.allSettled(numbers.map((number) => inTurn(client, () => request(number))))
    expect(most).to.equal(inFlight)
    expect(settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message))).to.deep.equal(
      numbers.map((number) => (number % 5 === 0 ? `${number} failed` : number)),
    )
    expect(await inTurn(client, async () => 'free again')).to.equal('free again')
  })

  it('lets requests go in the order of asking, and one client not wait for another', async () => {
    const client = clientOf()
    const started: number[] = []
    const release: (() => void)[] = []
    const asked = Array.from({ length: inFlight + 2 }, (_, number) =>
      inTurn(client, () => {
        started.push(number)
        return new Promise<void>((resolve) => release.push(resolve))
      }),
    )
    await Promise.resolve()
    expect(started).to.deep.equal([0, 1, 2, 3])
    expect(await inTurn(clientOf(), async () => 'at once')).to.equal('at once')
    release[1]?.()
    await asked[1]
    expect(started).to.deep.equal([0, 1, 2, 3, 4])
    for (const go of release) go()
    await asked[4]
    release[4]?.()
    release[5]?.()
    await Promise.all(asked)
    expect(started).to.deep.equal([0, 1, 2, 3, 4, 5])
  })
})
