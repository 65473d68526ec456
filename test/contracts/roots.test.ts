import { expect } from 'chai'
import { type Address, bytesToHex, concat, encodeFunctionData, type Hex, hexToBytes, slice, zeroHash } from 'viem'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { encodeLeaf, marginLeaf } from '../../src/attest/root.ts'
import { anHour, borrower, errorOf, portfolioRoot, post, sign, signRootOf, tryPost } from '../support/attestations.ts'
import { createProbe, type ProbeSetting, runThenRead, verifyCall } from '../support/readAfter.ts'

const other: Address = '0x2222222222222222222222222222222222222222'
const third: Address = '0x3333333333333333333333333333333333333333'
const trio = [{ account: borrower }, { account: other, equity: -5n }, { account: third }]
const [fresh, superseded] = [1, 7]
const rootMode = anHour | 0x20

describe('roots', () => {
  let setting: ProbeSetting
  let chain: ProbeSetting['chain']
  const tryVerify = (wire: Hex) => tryPost(chain, verifyCall(wire))

  beforeEach(async () => {
    setting = await createProbe()
    chain = setting.chain
  })

  /** Posts a root over the accounts and gives back the bytes of their leaves. */
  async function postTree(parts = trio): Promise<readonly Hex[]> {
    const { wire, leafWires } = await signRootOf(chain, chain.signerSet, parts)
    expect(await post(chain, wire)).to.have.property('logs', 1)
    return leafWires
  }

  it('serve every leaf with its proof, and nothing without', async () => {
    const leaves = await postTree()
    for (const [i, { account, equity = 2_000_000_000n }] of trio.entries()) {
      const { status, margin, root } = await runThenRead(setting, [verifyCall(leaves[i] ?? '0x')], account)
      expect([status, margin.equity, root]).to.deep.equal([fresh, equity, portfolioRoot])
      expect(await errorOf(chain.contract.read.marginOf([account, 3600n]))).to.equal('UnknownAccount')
    }
    const { timestamp } = await chain.publicClient.getBlock({
      blockNumber: (await chain.publicClient.getBlockNumber()) - 1n,
    })
    expect((await chain.contract.read.controls())[3]).to.equal(timestamp)
  })

  it('store a leaf that is posted', async () => {
    const [, leaf = '0x'] = await postTree()
    await post(chain, leaf)
    const { equity, flags } = await chain.contract.read.marginOf([other, 3600n])
    expect([equity, flags]).to.deep.equal([-5n, rootMode])
    expect(await tryPost(chain, leaf)).to.equal('skipped')
  })

  it('hold one leaf alone, without siblings', async () => {
    const [leaf = '0x'] = await postTree([{ account: borrower }])
    expect(hexToBytes(leaf)).to.have.lengthOf(88)
    expect((await runThenRead(setting, [verifyCall(leaf)])).status).to.equal(fresh)
  })

  it('let leaves have a validity of their own, which ends', async () => {
    const { wire, leafWires, root } = await signRootOf(chain, chain.signerSet, [
      { account: borrower, flags: 0x21 },
      { account: other, flags: 0x62 },
    ])
    expect(root.flags).to.equal(0x22)
    await post(chain, wire)
    expect(await tryVerify(leafWires[0] ?? '0x')).to.equal('skipped')
    await chain.networkHelpers.time.increaseTo(root.observedAt + 31)
    expect(await tryVerify(leafWires[0] ?? '0x')).to.equal('ExpiredMargin')
    expect(await tryVerify(leafWires[1] ?? '0x')).to.equal('skipped')
  })

  it('are taken up to the longest validity that a record can have', async () => {
    const { wire } = await signRootOf(chain, chain.signerSet, [{ account: borrower, flags: 0x2f }])
    expect(await tryPost(chain, wire)).to.equal('stored')
  })

  it('threat 05: zero root, zero account, zero commitment and a proof against no root at all are refused', async () => {
    const { wire, leaves, leafWires } = await signRootOf(chain, chain.signerSet, [{ account: borrower }])
    expect(await tryVerify(leafWires[0] ?? '0x')).to.equal('NotUnderNewestRoot')
    expect(await tryPost(chain, concat([slice(wire, 0, 15), zeroHash, slice(wire, 47)]))).to.equal('ZeroRoot')
    await post(chain, wire)
    const leaf = leaves[0] ?? expect.fail('no leaf')
    const bytes = encodeLeaf(leaf)
    expect(await tryVerify(concat([slice(bytes, 0, 4), `0x${'00'.repeat(20)}`, slice(bytes, 24)]))).to.equal(
      'ZeroAccount',
    )
    expect(await tryVerify(concat([slice(bytes, 0, 56), zeroHash]))).to.equal('ZeroPortfolioRoot')
  })

  it('threat 05: a node of the tree is no leaf', async () => {
    // Account, word and commitment that begin like the two children of a node would have to hash to it once, not twice.
    const { wire, leaves } = await signRootOf(chain, chain.signerSet, trio)
    await post(chain, wire)
    const [first, , last] = leaves
    if (!first || !last) throw new Error('no leaf')
    const inner = encodeLeaf({ ...first, proof: [marginLeaf(last)] })
    expect(await tryVerify(inner)).to.equal('NotUnderNewestRoot')
    expect(await tryVerify(encodeLeaf({ ...first, proof: [...first.proof, marginLeaf(first)] }))).to.equal(
      'NotUnderNewestRoot',
    )
  })

  it('threat 31: prove nothing of another account', async () => {
    const { wire, leaves } = await signRootOf(chain, chain.signerSet, trio)
    await post(chain, wire)
    const [first, second] = leaves
    if (!first || !second) throw new Error('no leaf')
    const stolen = { ...first, record: { ...first.record, account: other } }
    expect(await tryVerify(encodeLeaf(stolen))).to.equal('NotUnderNewestRoot')
    expect(await tryVerify(encodeLeaf({ ...second, proof: first.proof }))).to.equal('NotUnderNewestRoot')
  })

  it('threat 03: refuse every single-bit mutation of root and leaf', async () => {
    const { wire, leafWires } = await signRootOf(chain, chain.signerSet, trio.slice(0, 2))
    const accepted: string[] = []
    const mutate = async (name: string, message: Hex, accepts: (bytes: Hex) => Promise<string>) => {
      const bytes = hexToBytes(message)
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const mutated = bytes.slice()
        mutated[bit >> 3] = (mutated[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        if (['stored', 'skipped'].includes(await accepts(bytesToHex(mutated)))) accepted.push(`${name} ${bit}`)
      }
    }
    await mutate('root', wire, (bytes) => tryPost(chain, bytes))
    await post(chain, wire)
    await mutate('leaf', leafWires[0] ?? '0x', tryVerify)
    expect(accepted).to.deep.equal([])
  })

  it('threat 27: refuse proofs of other lengths and more siblings than any tree is high', async () => {
    const [leaf = '0x'] = await postTree()
    expect(await tryVerify(concat([leaf, '0x00']))).to.equal('WrongLength')
    expect(await tryVerify(slice(leaf, 0, 87))).to.equal('WrongLength')
    // A whole sibling short of a leaf, so that what is missing looks like a length.
    expect(await tryVerify(slice(leaf, 0, 56))).to.equal('WrongLength')
    const siblings = Array.from({ length: 33 }, () => `0x${'01'.repeat(32)}` as const)
    expect(await tryVerify(concat([slice(leaf, 0, 88), ...siblings]))).to.equal('ProofTooLong')
    expect(await tryVerify(concat([slice(leaf, 0, 88), ...siblings.slice(1)]))).to.equal('NotUnderNewestRoot')
  })

  it('threat 08: end records under the roots that are older, stored, cached or signed', async () => {
    const stored = await sign(chain, chain.signerSet, { record: { flags: rootMode } })
    await post(chain, stored.wire)
    expect((await chain.contract.read.marginOf([borrower, 3600n])).equity).to.equal(2_000_000_000n)
    const signed = await sign(chain, chain.signerSet, { record: { flags: rootMode, account: third } })
    const [old = '0x'] = await postTree()
    const read = () => errorOf(chain.contract.read.marginOf([borrower, 3600n]))
    expect(await read()).to.equal('SupersededMargin')
    expect((await chain.contract.read.tryMarginOf([borrower, 3600n]))[0]).to.equal(superseded)
    const { status } = await runThenRead(setting, [verifyCall(old)])
    expect(status).to.equal(fresh)

    const { wire: newer, leafWires } = await signRootOf(chain, chain.signerSet, [{ account: borrower, equity: -9n }])
    // Pulled under the old root, then the new root lands in the same transaction.
    expect((await runThenRead(setting, [verifyCall(old), newer])).status).to.equal(superseded)
    await post(chain, newer)
    expect(await tryVerify(old)).to.equal('SupersededMargin')
    expect(await tryPost(chain, old)).to.equal('SupersededMargin')
    expect(await tryPost(chain, signed.wire)).to.equal('SupersededMargin')
    expect((await runThenRead(setting, [verifyCall(leafWires[0] ?? '0x')])).margin.equity).to.equal(-9n)
  })

  it('leave direct records alone, and records of their own time', async () => {
    await post(chain, (await sign(chain, chain.signerSet)).wire)
    const { wire, root } = await signRootOf(chain, chain.signerSet, trio)
    const same = await sign(chain, chain.signerSet, {
      record: { account: third, flags: rootMode },
      blockNumber: root.blockNumber,
    })
    await post(chain, wire)
    expect(await errorOf(chain.contract.read.marginOf([borrower, 3600n]))).to.equal(undefined)
    expect(await tryPost(chain, same.wire)).to.equal('stored')
  })

  it('skip a root that is there and refuse an older one', async () => {
    const old = await signRootOf(chain, chain.signerSet, trio)
    await chain.networkHelpers.mine()
    const newer = await signRootOf(chain, chain.signerSet, trio)
    await post(chain, newer.wire)
    expect(await tryPost(chain, newer.wire)).to.equal('skipped')
    expect(await tryPost(chain, old.wire)).to.equal('SupersededMargin')
  })

  it('refuse headers and leaves that are not in root mode, of another time or another model', async () => {
    const { wire, leaves } = await signRootOf(chain, chain.signerSet, trio)
    expect(await tryPost(chain, concat([slice(wire, 0, 9), '0x08', slice(wire, 10)]))).to.equal('UnsupportedFlags')
    expect(await tryPost(chain, concat([slice(wire, 0, 9), '0xa8', slice(wire, 10)]))).to.equal('UnsupportedFlags')
    await post(chain, wire)
    const [first] = leaves
    if (!first) throw new Error('no leaf')
    const bytes = encodeLeaf(first)
    const withByte = (at: number, byte: Hex) => tryVerify(concat([slice(bytes, 0, at), byte, slice(bytes, at + 1)]))
    expect(await withByte(55, '0x08')).to.equal('UnsupportedFlags')
    expect(await withByte(55, '0xa8')).to.equal('NotMarginAccount')
    expect(await withByte(53, '0x01')).to.equal('UnsupportedLienSequence')
    expect(await withByte(54, '0x01')).to.equal('NotUnderNewestRoot')
  })

  it('fall with their model, their time and a pause', async () => {
    const [leaf = '0x'] = await postTree()
    const call = (functionName: 'pause' | 'retireModel' | 'invalidateBefore', args: readonly number[]) =>
      chain.walletClient.sendTransaction({
        chain: null,
        to: chain.registry,
        data: encodeFunctionData({ abi: marginRegistryAbi, functionName, args } as never),
      })
    await call('pause', [2])
    expect(await tryVerify(leaf)).to.equal('PostingPaused')
    await chain.contract.write.unpause([2])
    const now = Number((await chain.publicClient.getBlock()).timestamp)
    await call('invalidateBefore', [now])
    expect(await tryVerify(leaf)).to.equal('InvalidatedMargin')
    await call('retireModel', [0, 0])
    expect(await tryPost(chain, (await signRootOf(chain, chain.signerSet, trio)).wire)).to.equal('RetiredModel')
  })
})
