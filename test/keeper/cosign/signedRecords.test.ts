import { expect } from 'chai'
import { type Address, type Hex, keccak256 } from 'viem'
import type { Draft } from '../../../src/attest/batch.ts'
import { openSignedRecords } from '../../../src/keeper/cosign/signedRecords.ts'
import { temporaryDirectory } from '../../support/commandLine.ts'

const signer: Address = `0x${'51'.repeat(20)}`
const [one, two] = [`0x${'01'.repeat(20)}`, `0x${'02'.repeat(20)}`] as const
const portfolioRoot = keccak256('0x01')
const blockAt = (number: bigint, hash: Hex = keccak256('0x02'), chainId = 1) => ({
  ...{ chainId, registry: `0x${'aa'.repeat(20)}` as Address, number, hash },
})
const draftOf = (account: Address, changes: Partial<Draft['record']> = {}): Draft => ({
  record: {
    ...{ account, observedAt: 1_800_000_000, modelId: 1, flags: 6, lienSeq: 0 },
    ...{ initialMargin: 200_000_000n, maintenanceMargin: 100_000_000n, equity: 300_000_000n, ...changes },
  },
  blockNumber: 7n,
  portfolioRoot,
})

describe('signed records', () => {
  it('take one set of numbers for an account, block and signer, also after a restart, and all of a claim or none', async () => {
    const directory = await temporaryDirectory()
    const file = directory.file('signed.db')
    const signed = openSignedRecords(file)
    expect(signed.claim(signer, blockAt(7n), [draftOf(one)])).to.equal(undefined)
    signed.close()
    const again = openSignedRecords(file)
    const better = draftOf(one, { equity: 300_000_001n })
    expect(again.claim(signer, blockAt(7n), [better])).to.equal(one)
    expect(again.claim(signer, blockAt(7n), [{ ...draftOf(one), portfolioRoot: keccak256('0x03') }])).to.equal(one)
    expect(again.claim(signer, blockAt(7n), [draftOf(two), better])).to.equal(one)
    // Nothing of the refused claim was kept.
    expect(again.claim(signer, blockAt(7n), [draftOf(two, { equity: 1n })])).to.equal(undefined)
    expect(again.claim(signer, blockAt(7n, keccak256('0x04')), [better])).to.equal(undefined)
    again.close()
    await directory.remove()
  })

  it('let the same numbers pass under other flags, which no proposer can use up for the others', () => {
    const signed = openSignedRecords(':memory:')
    for (const flags of [0, 6, 0x26]) {
      expect(signed.claim(signer, blockAt(7n), [draftOf(one, { flags })])).to.equal(undefined)
    }
    signed.close()
  })

  it('forget by the time of the own chain, not of another that is ahead', () => {
    const signed = openSignedRecords(':memory:')
    signed.claim(signer, blockAt(7n), [draftOf(one)])
    signed.claim(signer, blockAt(7n, keccak256('0x02'), 31337), [draftOf(one, { observedAt: 1_900_000_000 })])
    expect(signed.claim(signer, blockAt(7n), [draftOf(one, { equity: 1n })])).to.equal(one)
    signed.claim(signer, blockAt(8n), [draftOf(one, { observedAt: 1_800_000_000 + 8 * 86_400 })])
    expect(signed.claim(signer, blockAt(7n), [draftOf(one, { equity: 1n })])).to.equal(undefined)
    signed.close()
  })
})
