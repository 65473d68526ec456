import { expect } from 'chai'
import { slice } from 'viem'
import { borrower, createChain, errorOf, sign, tryPost } from '../support/attestations.ts'

describe('MockMarginRegistry', () => {
  it('says when a margin that a test sets would not count', async () => {
    const chain = await createChain()
    const mock = await chain.viem.deployContract('MockMarginRegistry')
    const { wire } = await sign(chain, chain.signerSet, { record: { modelId: 1 } })
    await chain.walletClient.sendTransaction({ chain: null, to: mock.address, data: wire })
    expect((await mock.read.marginOf([borrower, 3600n])).modelId).to.equal(1)
    expect(await errorOf(mock.write.setMargin([borrower, 1n, 1n, 5n]))).to.equal('NotStored')
  })

  it('takes the body of a record without any signature, and nothing shorter', async () => {
    const chain = await createChain()
    const mock = await chain.viem.deployContract('MockMarginRegistry')
    const { wire } = await sign(chain, chain.signerSet)
    expect(await tryPost(chain, slice(wire, 0, 95), mock.address)).to.equal('stored')
    expect(await tryPost(chain, slice(wire, 0, 94), mock.address)).to.equal('WrongLength')
  })
})
