import { expect } from 'chai'
import { type Address, bytesToHex, concat, type Hex, hexToBytes, numberToHex, size, slice } from 'viem'
import { deployRegistry } from '../../scripts/deploy.ts'
import { buildBatch, decodeBatch, rootsLeaf } from '../../src/attest/batch.ts'
import { foldProof } from '../../src/attest/merkle.ts'
import {
  borrower,
  type Chain,
  createChain,
  type GroupOptions,
  paramsHash,
  post,
  sign,
  signBatchOf,
  tryPost,
} from '../support/attestations.ts'
import { signRawBatch } from '../support/rawBatch.ts'

const [a, b, c]: readonly Address[] = ['11', '22', '33'].map((byte): Address => `0x${byte.repeat(20)}`)
if (!a || !b || !c) throw new Error('no accounts')
const accounts = [{ account: a }, { account: b }, { account: c }]
const unknown = 0

/** What a post would store, or the name of the error. */
async function tryBatch(chain: Chain, wire: Hex): Promise<bigint | string> {
  try {
    const { data } = await chain.publicClient.call({ to: chain.registry, data: wire, blockTag: 'pending' })
    return BigInt(data ?? '0x0')
  } catch {
    return tryPost(chain, wire)
  }
}

const equityOf = async (chain: Chain, account: Address) => (await chain.contract.read.marginOf([account, 3600n])).equity

describe('batches', () => {
  let chain: Chain

  beforeEach(async () => {
    chain = await createChain()
  })

  it('store every item under one set of signatures and one event', async () => {
    const { wire, batch } = await signBatchOf(chain, chain.signerSet, [
      { account: a, equity: 1n },
      { account: b, equity: -2n, initialMargin: 7n, maintenanceMargin: 7n },
      { account: c },
    ])
    expect(await post(chain, wire)).to.have.property('logs', 1)
    const stored = await chain.contract.read.marginOf([b, 3600n])
    expect(stored).to.deep.equal({ ...stored, equity: -2n, initialMargin: 7n, maintenanceMargin: 7n })
    expect([stored.observedAt, stored.modelId, stored.flags]).to.deep.equal([batch.observedAt, 0, batch.flags])
    expect([await equityOf(chain, a), await equityOf(chain, c)]).to.deep.equal([1n, 2_000_000_000n])
  })

  it('say in their event how many were stored, under which commitments', async () => {
    const { wire, batch } = await signBatchOf(chain, chain.signerSet, accounts)
    await post(chain, wire)
    const [event] = await chain.contract.getEvents.MarginBatchAttested()
    expect(event?.args.stored).to.equal(3n)
    expect(event?.args.rootsRoot).to.equal(batch.rootsRoot)
    expect(numberToHex(event?.args.header ?? 0n, { size: 11 })).to.equal(slice(wire, 4, 15))
  })

  it('threat 20: one bad item does not stop the others', async () => {
    const now = await sign(chain, chain.signerSet, { record: { account: a, equity: 5n } })
    await chain.networkHelpers.mine()
    const newer = await sign(chain, chain.signerSet, { record: { account: a, equity: 6n } })
    await post(chain, newer.wire)
    const old = await signBatchOf(chain, chain.signerSet, accounts, { blockNumber: now.unsigned.blockNumber })
    expect(await tryBatch(chain, old.wire)).to.equal(2n)
    // One item rises too far, one is of an account that lives under another model, one lands.
    await chain.contract.write.setModel([
      {
        id: 1,
        paramsHash,
        from: 0,
        until: 0xffffffff,
        improvementBase: 2n ** 63n,
        improvementRate: 0n,
        improvementCap: 0,
      },
    ])
    await post(chain, (await sign(chain, chain.signerSet, { record: { account: b, modelId: 1 } })).wire)
    await chain.networkHelpers.mine()
    const mixed = await signBatchOf(chain, chain.signerSet, [
      { account: a, equity: 2n ** 62n },
      { account: b },
      { account: c, equity: 3n },
    ])
    expect(await tryBatch(chain, mixed.wire)).to.equal(1n)
    await post(chain, mixed.wire)
    expect(await equityOf(chain, a)).to.equal(6n)
    expect((await chain.contract.read.marginOf([b, 3600n])).modelId).to.equal(1)
    expect(await equityOf(chain, c)).to.equal(3n)
  })

  it('threat 20: an older item does not cover bad news with worse', async () => {
    const { number } = await chain.publicClient.getBlock()
    await chain.networkHelpers.mine()
    await post(chain, (await sign(chain, chain.signerSet, { record: { account: a, equity: -5n } })).wire)
    const old = await signBatchOf(chain, chain.signerSet, [{ account: a, equity: -6n }], { blockNumber: number })
    expect(await tryBatch(chain, old.wire)).to.equal(0n)
  })

  it('skip items that are no records: zero account, maintenance above initial, a lien', async () => {
    // Our own encoder refuses them, so their bytes are put in and signed as they are.
    const { signed, itemsAt } = await forged(chain, (items) => {
      items.fill(0, 0, 20)
      items[46 + 20 + 8] = 0xff
      items[2 * 46 + 45] = 1
    })
    expect(await tryBatch(chain, signed)).to.equal(0n)
    const { signed: untouched } = await forged(chain, () => {})
    expect(await tryBatch(chain, untouched)).to.equal(3n)
    expect(itemsAt).to.equal(241)
  })

  it('keep the lower of two items of one account', async () => {
    const { signed } = await forged(chain, (items) => {
      items.set(items.subarray(0, 20), 46)
      items.set(hexToBytes(numberToHex(1n, { size: 8 })), 46 + 36)
    })
    await post(chain, signed)
    expect(await equityOf(chain, a)).to.equal(1n)
  })

  it('are refused whole when what they share is wrong', async () => {
    const attempt = async (options: GroupOptions) =>
      tryBatch(chain, (await signBatchOf(chain, chain.signerSet, accounts, options)).wire)
    const foreign: Hex = `0x${'11'.repeat(32)}`
    expect(await attempt({ chainId: 1 })).to.equal('InvalidSignature')
    expect(await attempt({ registry: borrower })).to.equal('InvalidSignature')
    expect(await attempt({ signed: { blockHash: foreign } })).to.equal('InvalidSignature')
    expect(await attempt({ signed: { paramsHash: foreign } })).to.equal('InvalidSignature')
    expect(await attempt({ signed: { setId: 2n } })).to.equal('InvalidSignature')
    expect(await attempt({ modelId: 5 })).to.equal('UndefinedModel')
    const { wire } = await signBatchOf(chain, chain.signerSet, accounts)
    const replace = (from: number, bytes: Hex) =>
      tryBatch(chain, concat([slice(wire, 0, from), bytes, slice(wire, from + size(bytes))]))
    expect(await replace(4, '0xffffffff')).to.equal('FutureObservation')
    expect(await replace(4, '0x00000001')).to.equal('ExpiredMargin')
    expect(await replace(9, '0x88')).to.equal('UnsupportedFlags')
    expect(await replace(10, '0xffffffffff')).to.equal('FutureBlock')
    expect(await replace(15, `0x${'00'.repeat(32)}`)).to.equal('ZeroRoot')
    expect(await replace(47, '0xffff')).to.equal('UnknownSignerBit')
    expect(await replace(47, '0x0003')).to.equal('WrongSignerCount')
    expect(await tryBatch(chain, slice(wire, 0, 241))).to.equal('ItemCountOutOfRange')
    for (let length = 4; length < 241; length++) {
      expect(await tryBatch(chain, slice(wire, 0, length)), `${length} bytes`).to.equal('WrongLength')
    }
    expect(await tryBatch(chain, concat([wire, '0x00']))).to.equal('WrongLength')
    const many = concat([slice(wire, 0, 241), ...Array.from({ length: 1025 }, () => slice(wire, 241, 287))])
    expect(await tryBatch(chain, many)).to.equal('ItemCountOutOfRange')
    await chain.contract.write.pause([2])
    expect(await tryBatch(chain, wire)).to.equal('PostingPaused')
  })

  it('threat 03: refuse every single-bit mutation', async () => {
    const { wire } = await signBatchOf(chain, chain.signerSet, accounts.slice(0, 1))
    const bytes = hexToBytes(wire)
    const accepted: number[] = []
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const mutated = bytes.slice()
      mutated[bit >> 3] = (mutated[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (typeof (await tryBatch(chain, bytesToHex(mutated))) === 'bigint') accepted.push(bit)
    }
    expect(bytes.length).to.equal(287)
    expect(accepted).to.deep.equal([])
  })

  it('do not land on a second registry', async () => {
    const { registry } = await deployRegistry({
      ...chain,
      signers: chain.signerSet.signers,
      threshold: 3,
      models: [{ id: 0, paramsHash }],
    })
    await chain.networkHelpers.mine()
    const { wire } = await signBatchOf(chain, chain.signerSet, accounts)
    expect(await tryPost(chain, wire, registry)).to.equal('InvalidSignature')
    expect(await tryBatch(chain, wire)).to.equal(3n)
    expect((await chain.contract.read.tryMarginOf([a, 1n]))[0]).to.equal(unknown)
  })

  it('prove the portfolio root of every item', async () => {
    const { unsigned } = await signBatchOf(chain, chain.signerSet, accounts)
    const portfolioRoot: Hex = `0x${'77'.repeat(32)}`
    const { blockNumber, observedAt, modelId, flags } = unsigned.batch
    const drafts = unsigned.batch.items.map((item) => ({
      record: { ...item, observedAt, modelId, flags },
      blockNumber,
      portfolioRoot,
    }))
    const { batch, proofs } = buildBatch(drafts)
    for (const [i, { account }] of batch.items.entries()) {
      expect(foldProof(rootsLeaf(account, portfolioRoot), proofs[i] ?? [])).to.equal(batch.rootsRoot)
    }
  })
})

/** A batch whose item bytes were changed before they were signed. */
async function forged(chain: Chain, change: (items: Uint8Array) => void) {
  const { wire, unsigned } = await signBatchOf(chain, chain.signerSet, accounts)
  const itemsAt = 241
  const items = hexToBytes(slice(wire, itemsAt))
  change(items)
  const head = await signRawBatch(chain, unsigned, bytesToHex(items))
  expect(decodeBatch(wire).items).to.have.lengthOf(3)
  return { signed: concat([slice(wire, 0, 49), ...head, bytesToHex(items)]), itemsAt }
}
