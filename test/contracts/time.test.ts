import { expect } from 'chai'
import { encodeFunctionData, pad } from 'viem'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { borrower, type Chain, createChain, errorOf, post, sign, tryPost } from '../support/attestations.ts'
import { historyAddress, historyCode } from '../support/blockHashHistory.ts'

/** Calls with the chain's time moved to `time`, in a block that is then taken back. */
async function at<Result>(chain: Chain, time: number, run: () => Promise<Result>): Promise<Result> {
  const snapshot = await chain.networkHelpers.takeSnapshot()
  await chain.networkHelpers.time.increaseTo(time)
  // The next block would be as much later as the test takes meanwhile.
  await chain.networkHelpers.time.setNextBlockTimestamp(time + 1)
  try {
    return await run()
  } finally {
    await snapshot.restore()
  }
}

describe('time', () => {
  it('threats 07, 30: serves a record up to its maximum age and not a second longer', async () => {
    const chain = await createChain()
    const { record, wire } = await sign(chain, chain.signerSet)
    await post(chain, wire)
    const read = (age: bigint) => errorOf(chain.contract.read.marginOf([borrower, age]))
    expect(await at(chain, record.observedAt + 60, () => read(60n))).to.equal(undefined)
    expect(await at(chain, record.observedAt + 61, () => read(60n))).to.equal('StaleMargin')
    expect(await at(chain, record.observedAt + 61, () => read(61n))).to.equal(undefined)
    const isSolvent = () => errorOf(chain.contract.read.isSolvent([borrower, 60n]))
    expect(await at(chain, record.observedAt + 61, isSolvent)).to.equal('StaleMargin')
  })

  for (const code of [0, 1, 8, 15]) {
    it(`enforces validity code ${code} on post, verify and read`, async () => {
      const chain = await createChain()
      const last = 15 * 2 ** code
      const old = await sign(chain, chain.signerSet, { record: { flags: code } })
      const expiry = old.record.observedAt + last
      await post(chain, old.wire)
      const read = () => errorOf(chain.contract.read.marginOf([borrower, 2n ** 256n - 1n]))
      expect(await at(chain, expiry, read)).to.equal(undefined)
      expect(await at(chain, expiry + 1, read)).to.equal('ExpiredMargin')

      const other = await sign(chain, chain.signerSet, {
        record: { flags: code, account: '0x3333333333333333333333333333333333333333' },
      })
      // A pending call runs one second after the head.
      const data = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'verify', args: [other.wire] })
      const otherExpiry = other.record.observedAt + last
      expect(await at(chain, otherExpiry - 1, () => tryPost(chain, other.wire))).to.equal('stored')
      expect(await at(chain, otherExpiry, () => tryPost(chain, other.wire))).to.equal('ExpiredMargin')
      expect(await at(chain, otherExpiry - 1, () => tryPost(chain, data))).to.equal('skipped')
      expect(await at(chain, otherExpiry, () => tryPost(chain, data))).to.equal('ExpiredMargin')
    })
  }

  it('finds the hash of a block older than 256 in the EIP-2935 history', async () => {
    const chain = await createChain()
    const { number, hash } = await chain.publicClient.getBlock()
    const { wire } = await sign(chain, chain.signerSet, { blockNumber: number, record: { flags: 15 } })
    await chain.networkHelpers.mine(300)
    expect(await tryPost(chain, wire)).to.equal('BlockHashUnavailable')
    // A chain without the history: a call of nothing succeeds and answers nothing.
    await chain.networkHelpers.setCode(historyAddress, '0x')
    expect(await tryPost(chain, wire)).to.equal('BlockHashUnavailable')
    await chain.networkHelpers.setCode(historyAddress, historyCode)
    await chain.networkHelpers.setStorageAt(historyAddress, number % 8191n, hash)
    expect(await tryPost(chain, wire)).to.equal('stored')
    await chain.networkHelpers.setStorageAt(historyAddress, number % 8191n, pad('0x01'))
    expect(await tryPost(chain, wire)).to.equal('InvalidSignature')
    await chain.networkHelpers.mine(8200)
    expect(await tryPost(chain, wire)).to.equal('BlockHashUnavailable')
  })
})
