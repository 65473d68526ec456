import { expect } from 'chai'
import { devnetFixture } from '../support/devnet.ts'

describe('x', function () {
  this.timeout(120_000)
  it('deploys', async () => {
    const { deployment } = await devnetFixture()
    expect(deployment.chainId).to.equal(31337)
  })
})
