import { expect } from 'chai'
import {
  bytesToHex,
  concat,
  type Hex,
  hexToBigInt,
  hexToBytes,
  numberToHex,
  size,
  slice,
  toFunctionSelector,
} from 'viem'
import { deployRegistry } from '../../scripts/deploy.ts'
import { toModel } from '../../scripts/deployment/plan.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { encodeWord } from '../../src/attest/record.ts'
import { borrower, type Chain, createChain, keys, paramsHash, post, sign, tryPost } from '../support/attestations.ts'

const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const topBit = 1n << 255n

/** The same signature with the other `s`. */
function malleate(signature: Hex): Hex {
  const vs = hexToBigInt(slice(signature, 32))
  const s = curveOrder - (vs & (topBit - 1n))
  // The upper `s` needs 256 bits, so the parity bit is lost unless it is the one that is set anyway.
  return concat([slice(signature, 0, 32), numberToHex(s | (vs & topBit ? 0n : topBit), { size: 32 })])
}

describe('attacks on a 3-of-9 registry', () => {
  let chain: Chain
  const attempt = async (options: Parameters<typeof sign>[2]) =>
    tryPost(chain, (await sign(chain, chain.signerSet, options)).wire)

  before(async () => {
    chain = await createChain()
  })

  it('accepts the valid record that the attacks start from', async () => {
    expect(await attempt({})).to.equal('stored')
  })

  it('threat 01: refuses the same bytes on a second deployment', async () => {
    const { registry } = await deployRegistry({
      ...chain,
      signers: chain.signerSet.signers,
      threshold: 3,
      models: [{ id: 0, paramsHash }],
    })
    await chain.networkHelpers.mine()
    const { wire } = await sign(chain, chain.signerSet)
    expect(await tryPost(chain, wire, registry)).to.equal('InvalidSignature')
    expect(await attempt({ registry })).to.equal('InvalidSignature')
  })

  it('threat 29: refuses another chain id, other parameters, another signer set, another block hash', async () => {
    const foreign: Hex = `0x${'11'.repeat(32)}`
    expect(await attempt({ chainId: 1 })).to.equal('InvalidSignature')
    expect(await attempt({ signed: { paramsHash: foreign } })).to.equal('InvalidSignature')
    expect(await attempt({ signed: { setId: 0n } })).to.equal('InvalidSignature')
    expect(await attempt({ signed: { setId: 2n } })).to.equal('InvalidSignature')
    expect(await attempt({ signed: { blockHash: foreign } })).to.equal('InvalidSignature')
  })

  it('threat 03: refuses malleated signatures', async () => {
    const good = await sign(chain, chain.signerSet)
    const body = slice(good.wire, 0, 95)
    const [first, ...rest] = good.signatures
    if (!first) throw new Error('no signature')
    expect(await tryPost(chain, concat([body, malleate(first), ...rest]))).to.equal('InvalidSignature')
    // An `s` just above the half of the order, which still fits 255 bits.
    const high = numberToHex(curveOrder / 2n + 1n, { size: 32 })
    expect(await tryPost(chain, concat([body, slice(first, 0, 32), high, ...rest]))).to.equal('InvalidSignature')
  })

  it('threat 06: refuses fewer, repeated and foreign signers', async () => {
    const [a, b, c] = keys
    const stranger = keys[10]
    if (!a || !b || !c || !stranger) throw new Error('no keys')
    expect(await attempt({ signers: [a, a, a] })).to.equal('InvalidSignature')
    expect(await attempt({ signers: [a, b] })).to.equal('WrongLength')
    expect(await attempt({ signers: [a, b], bitmap: 7 })).to.equal('WrongLength')
    expect(await attempt({ signers: keys.slice(9, 12) })).to.equal('InvalidSignature')
    expect(await attempt({ signers: [a, b, stranger], bitmap: 3 | (1 << 10) })).to.equal('UnknownSignerBit')
    expect(await attempt({ bitmap: 3 })).to.equal('WrongSignerCount')
    expect(await attempt({ bitmap: 0 })).to.equal('WrongSignerCount')
    expect(await attempt({ bitmap: 15 })).to.equal('WrongSignerCount')
    expect(await attempt({ bitmap: 7 << 1 })).to.equal('InvalidSignature')
    expect(await attempt({ signers: [c, b, a] })).to.equal('InvalidSignature')
  })

  it('accepts one bitmap for given signatures, of all 512 that name members and a sample of the others', async () => {
    const good = await sign(chain, chain.signerSet)
    const probe = async (bitmap: number) =>
      tryPost(chain, concat([slice(good.wire, 0, 93), numberToHex(bitmap, { size: 2 }), ...good.signatures]))
    const accepted: number[] = []
    for (let bitmap = 0; bitmap < 2 ** 16; bitmap += bitmap < 512 ? 1 : 509) {
      if ((await probe(bitmap)) === 'stored') accepted.push(bitmap)
    }
    expect(accepted).to.deep.equal([7])
  })

  it('threat 04: refuses all-zero signatures', async () => {
    const { wire } = await sign(chain, chain.signerSet)
    const forged = concat([slice(wire, 0, 95), `0x${'00'.repeat(192)}`])
    expect(await tryPost(chain, forged)).to.equal('InvalidSignature')
  })

  it('threats 23, 24: asks no code that a signer may have', async () => {
    const snapshot = await chain.networkHelpers.takeSnapshot()
    // Answers every call with the magic value of ERC-1271.
    const alwaysValid = '0x631626ba7e60e01b5f5260205ff3'
    for (const signer of chain.signerSet.signers) await chain.networkHelpers.setCode(signer, alwaysValid)
    await chain.networkHelpers.mine()
    const { wire } = await sign(chain, chain.signerSet)
    expect(await tryPost(chain, wire)).to.equal('stored')
    const forged = concat([slice(wire, 0, 95), `0x${'11'.repeat(192)}`])
    expect(await tryPost(chain, forged)).to.equal('InvalidSignature')
    await snapshot.restore()
  })

  it('threat 29: a model that is not there is undefined, between others, behind them and whatever lies in memory', async () => {
    const gapped = await createChain({ models: [0, 2].map((id) => ({ id, paramsHash, improvementBase: 2n ** 63n })) })
    await gapped.networkHelpers.mine()
    const between = await sign(gapped, gapped.signerSet, { record: { modelId: 1 } })
    expect(await tryPost(gapped, between.wire)).to.equal('UndefinedModel')
    const models = [toModel({ id: 0, paramsHash })]
    const dirty = await chain.viem.deployContract('RegistryHarness', [
      ...([chain.accessManager, chain.signerSet.signers, chain.signerSet.threshold, models] as const),
    ])
    for (const modelId of [1, 23]) {
      const behind = await sign(chain, chain.signerSet, { record: { modelId } })
      expect(await tryPost(chain, behind.wire, dirty.address)).to.equal('UndefinedModel')
    }
  })

  it('threat 28: refuses every other length, and a hundred kilobytes', async () => {
    const { wire } = await sign(chain, chain.signerSet)
    expect(await tryPost(chain, slice(wire, 0, size(wire) - 1))).to.equal('WrongLength')
    expect(await tryPost(chain, concat([wire, '0x00']))).to.equal('WrongLength')
    expect(await tryPost(chain, concat([wire, slice(wire, size(wire) - 64)]))).to.equal('WrongLength')
    expect(await tryPost(chain, slice(wire, 0, 94))).to.equal('WrongLength')
    expect(await tryPost(chain, slice(wire, 0, 4))).to.equal('WrongLength')
    expect(await tryPost(chain, concat([wire, `0x${'5a'.repeat(100_000)}`]))).to.equal('WrongLength')
  })

  it('refuses a wrong tag', async () => {
    const { wire } = await sign(chain, chain.signerSet)
    const error = await tryPost(chain, concat(['0xdeadbeef', slice(wire, 4)]))
    expect(error).to.match(/not recognized|fallback|revert/i)
    const { read } = chain.contract
    expect(await read.tryMarginOf([borrower, 3600n])).to.have.nested.property('[0]', 0)
  })

  it('refuses zero account, zero root, flags and liens of modes that are not there, and margins the wrong way round', async () => {
    expect(await attempt({ portfolioRoot: `0x${'00'.repeat(32)}` }).catch(String)).to.contain('portfolio root is zero')
    const good = await sign(chain, chain.signerSet)
    const replace = (from: number, bytes: Hex) =>
      tryPost(chain, concat([slice(good.wire, 0, from), bytes, slice(good.wire, from + size(bytes))]))
    expect(await replace(4, `0x${'00'.repeat(20)}`)).to.equal('ZeroAccount')
    expect(await replace(61, `0x${'00'.repeat(32)}`)).to.equal('ZeroPortfolioRoot')
    expect(await attempt({ record: { flags: 0x88 } })).to.equal('NotMarginAccount')
    expect(await attempt({ record: { lienSeq: 1 } })).to.equal('UnsupportedLienSequence')
    expect(await attempt({ record: { modelId: 1 } })).to.equal('UndefinedModel')
    expect(await attempt({ record: { modelId: 23 } })).to.equal('UndefinedModel')
    expect(await replace(54, '0xff')).to.equal('UndefinedModel')
    const word = BigInt(encodeWord(good.record))
    const swapped = numberToHex(word + (1n << 128n) * 200_000_000n, { size: 32 })
    expect(await replace(24, swapped)).to.equal('MaintenanceAboveInitial')
  })

  it('accepts the flags that mean something here: confirmed and venue critical', async () => {
    expect(await attempt({ record: { flags: 0x58 } })).to.equal('stored')
  })

  it('refuses the future and blocks that are not behind us', async () => {
    const { timestamp, number } = await chain.publicClient.getBlock()
    expect(await attempt({ record: { observedAt: Number(timestamp) + 3600 } })).to.equal('FutureObservation')
    expect(await attempt({ signed: { blockNumber: number + 1n } })).to.equal('FutureBlock')
    expect(await attempt({ signed: { blockNumber: 2n ** 40n - 1n } })).to.equal('FutureBlock')
  })

  it('threat 03: refuses every single-bit mutation of a valid record', async () => {
    const { wire } = await sign(chain, chain.signerSet)
    const bytes = hexToBytes(wire)
    const accepted: number[] = []
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const mutated = bytes.slice()
      mutated[bit >> 3] = (mutated[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      if (['stored', 'skipped'].includes(await tryPost(chain, bytesToHex(mutated)))) accepted.push(bit)
    }
    expect(bytes.length).to.equal(287)
    expect(accepted).to.deep.equal([])
  })

  it('posts an account whose first bytes are any selector of the registry', async () => {
    const selectors = marginRegistryAbi
      .filter((item) => item.type === 'function')
      .map((item) => toFunctionSelector(item))
    expect(selectors).to.include('0x05c1f502')
    for (const selector of selectors) {
      const account = concat([selector, `0x${'22'.repeat(16)}`])
      const { wire, record } = await sign(chain, chain.signerSet, { record: { account } })
      await post(chain, wire)
      expect((await chain.contract.read.marginOf([account, 3600n])).equity).to.equal(record.equity)
    }
  })
})

describe('attacks on the order of records', () => {
  it('threat 02: skips replay and older records in silence', async () => {
    const chain = await createChain()
    const older = await sign(chain, chain.signerSet)
    await chain.networkHelpers.mine(3)
    const newer = await sign(chain, chain.signerSet, { record: { equity: -7n } })
    expect((await post(chain, newer.wire)).logs).to.equal(1)
    expect(await tryPost(chain, newer.wire)).to.equal('skipped')
    expect(await tryPost(chain, older.wire)).to.equal('skipped')
    expect((await post(chain, older.wire)).logs).to.equal(0)
    expect((await chain.contract.read.marginOf([borrower, 60n])).equity).to.equal(-7n)
  })

  it('keeps the lower free equity at equal times, in either order', async () => {
    const chain = await createChain()
    const { number } = await chain.publicClient.getBlock()
    const good = await sign(chain, chain.signerSet, { blockNumber: number })
    const bad = await sign(chain, chain.signerSet, { blockNumber: number, record: { equity: 1_999_999_999n } })
    const safer = await sign(chain, chain.signerSet, {
      blockNumber: number,
      record: { equity: 2_500_000_000n, initialMargin: 2_000_000_000n },
    })
    await post(chain, good.wire)
    await post(chain, bad.wire)
    expect((await chain.contract.read.marginOf([borrower, 60n])).equity).to.equal(1_999_999_999n)
    expect(await tryPost(chain, good.wire)).to.equal('skipped')
    await post(chain, safer.wire)
    expect((await chain.contract.read.marginOf([borrower, 60n])).initialMargin).to.equal(2_000_000_000n)
  })

  it('threat 14: accepts a record on its own branch and refuses it after a reorganization', async () => {
    const chain = await createChain()
    const snapshot = await chain.networkHelpers.takeSnapshot()
    await chain.networkHelpers.mine(3)
    const { wire } = await sign(chain, chain.signerSet)
    expect(await tryPost(chain, wire)).to.equal('stored')
    await snapshot.restore()
    await chain.walletClient.sendTransaction({ chain: null, to: borrower, value: 1n })
    await chain.networkHelpers.mine(3)
    expect(await tryPost(chain, wire)).to.equal('InvalidSignature')
  })
})
