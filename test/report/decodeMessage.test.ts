import { expect } from 'chai'
import { encodeErrorResult, encodeFunctionData, type Hex, keccak256, stringToHex } from 'viem'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { buildBatch, type Draft, encodeBatch } from '../../src/attest/batch.ts'
import { encodeAttestation, encodeWord } from '../../src/attest/record.ts'
import { buildRoot, encodeLeaf, encodeRoot } from '../../src/attest/root.ts'
import { InvalidAttestationError } from '../../src/attest/wire.ts'
import { OutOfRangeError } from '../../src/core/errors.ts'
import { decodeMessage, UnknownDataError } from '../../src/report/decodeMessage.ts'
import { messageReport } from '../../src/report/messageReport.ts'
import { thrown } from '../support/rejection.ts'

const accounts = ['0x1111111111111111111111111111111111111111', '0x2222222222222222222222222222222222222222'] as const
const portfolioRoot = keccak256(stringToHex('portfolio'))
/** Not valid, but of the only form that there is. */
const signed = { signerBitmap: 0b101, signatures: [`0x${'01'.repeat(64)}`, `0x${'02'.repeat(64)}`] as Hex[] }
const drafts = (flags: number): Draft[] =>
  accounts.map((account, i) => ({
    record: {
      account,
      initialMargin: 39_063_074_999n,
      maintenanceMargin: 31_250_460_000n,
      equity: -192_863_415_001n - BigInt(i),
      observedAt: 1_700_000_000,
      lienSeq: 0,
      modelId: 1,
      flags,
    },
    blockNumber: 23_841_207n,
    portfolioRoot,
  }))
const first = (list: readonly Draft[]) => list[0] ?? expect.fail('no draft')
const say = (data: Hex) => messageReport(decodeMessage(data))

describe('decodeMessage', () => {
  it('says a record in units that people read, rounded against the account', () => {
    const draft = first(drafts(0x46))
    const message = decodeMessage(encodeAttestation({ ...draft, ...signed }))
    expect(message).to.deep.equal({ kind: 'record', attestation: { ...draft, ...signed } })
    const text = messageReport(message)
    expect(text).to.include(`record of ${accounts[0]}`)
    expect(text).to.match(/equity +-192,863\.42 USD/)
    expect(text).to.match(/initial margin +39,063\.08 USD/)
    expect(text).to.match(/free equity +-231,926\.49 USD/)
    expect(text).to.include('2023-11-14T22:13:20Z (1700000000)').and.include('2023-11-14T22:29:20Z (1700000960)')
    expect(text).to.include('a venue account is close to liquidation').and.include('2 of the set: 0, 2')
    expect(text)
      .to.match(/block +23841207/)
      .and.to.include(portfolioRoot)
  })

  it('reads the bytes of a pull as what is pulled', () => {
    const wire = encodeAttestation({ ...first(drafts(6)), ...signed })
    const data = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'verify', args: [wire] })
    expect(decodeMessage(data)).to.deep.equal({ kind: 'pull', message: decodeMessage(wire) })
    expect(say(data)).to.equal(`pulled with verify(bytes): ${say(wire)}`)
  })

  it('says batches, roots and leaves with everything in them', () => {
    const { batch } = buildBatch(drafts(6))
    expect(decodeMessage(encodeBatch({ ...batch, ...signed }))).to.deep.equal({
      kind: 'batch',
      batch: { ...batch, ...signed },
    })
    const text = say(encodeBatch({ ...batch, ...signed }))
    for (const account of accounts) expect(text).to.include(account)
    expect(text).to.include('batch of 2 records').and.include(batch.rootsRoot)

    const { root, leaves } = buildRoot(drafts(0x26))
    expect(decodeMessage(encodeRoot({ ...root, ...signed }))).to.deep.equal({
      kind: 'root',
      root: { ...root, ...signed },
    })
    expect(say(encodeRoot({ ...root, ...signed })))
      .to.include(root.root)
      .and.include('under a root')
    const leaf = leaves[0] ?? expect.fail('no leaf')
    expect(decodeMessage(encodeLeaf(leaf))).to.deep.equal({ kind: 'leaf', leaf })
    expect(say(encodeLeaf(leaf)))
      .to.include('proof of 1')
      .and.include(leaf.proof[0])
  })

  it('says packed records, flags, functions and calls', () => {
    const { record } = first(drafts(6))
    const { account: _, ...fields } = record
    expect(decodeMessage(encodeWord(record))).to.deep.equal({ kind: 'word', record: fields })
    expect(say('0xb8')).to.equal(
      'flags: valid for 3840 s, read from a confirmed block, under a root, scope enforceable',
    )
    expect(say('0x05c1f502')).to.equal('function post() of the registry')
    const pause = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'pause', args: [2] })
    expect(say(pause)).to.match(/^call of pause\(uint8\)\n {2}argument 0 {2}2$/)
  })

  it('says errors with values, cause, fix and where to read on', () => {
    const args = [accounts[0], 1_700_000_000n, 900n] as const
    const data = encodeErrorResult({ abi: marginRegistryAbi, errorName: 'StaleMargin', args })
    expect(say(data).split('\n')).to.deep.equal([
      'StaleMargin(address account, uint256 observedAt, uint256 maxAge)',
      `  account     ${accounts[0]}`,
      '  observedAt  2023-11-14T22:13:20Z (1700000000)',
      '  maxAge      900 s',
      '  cause       The newest record is older than the reader accepts.',
      '  fix         Post a newer record, which anyone may, or let the reader accept a greater age.',
      '  docs        docs/errors.md#stalemargin',
    ])
    expect(say(data.slice(0, 10) as Hex))
      .to.include('maxAge')
      .and.not.to.include('900')
    const poor = encodeErrorResult({
      abi: marginRegistryAbi,
      errorName: 'InsufficientMargin',
      args: [accounts[0], -1n, 2n ** 256n - 1n],
    })
    expect(say(poor)).to.match(/free +-0\.01 USD/)
    const far = encodeErrorResult({ abi: marginRegistryAbi, errorName: 'InvalidationOutOfRange', args: [2n ** 255n] })
    expect(say(far)).to.include(String(2 ** 255))
  })

  it('refuses what is not ours, and what is cut off', async () => {
    const wire = encodeAttestation({ ...first(drafts(6)), ...signed })
    for (const data of ['0x', '0x123', '0x12345678', '0x1234', 'hello', `0x12345678${'00'.repeat(64)}`] as Hex[]) {
      await thrown(() => decodeMessage(data), UnknownDataError)
    }
    for (const data of [wire.slice(0, -2), `${wire}00`, `0x44c31c1300`] as Hex[]) {
      if (data.startsWith('0x05c1')) await thrown(() => decodeMessage(data), InvalidAttestationError)
      else await thrown(() => decodeMessage(data), UnknownDataError)
    }
    const stale = encodeErrorResult({ abi: marginRegistryAbi, errorName: 'UnknownAccount', args: [accounts[0]] })
    await thrown(() => decodeMessage(`${stale}00`), InvalidAttestationError)
    await thrown(() => decodeMessage(`0x${'ff'.repeat(32)}`), OutOfRangeError)
    const verify = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'verify', args: ['0x1234'] })
    await thrown(() => decodeMessage(verify), UnknownDataError)
    await thrown(() => decodeMessage(verify.slice(0, -64) as Hex), UnknownDataError)
  })
})
