import { expect } from 'chai'
import { network } from 'hardhat'
import { type Address, encodeFunctionData, type Hex, hexToBytes } from 'viem'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { wad } from '../../src/core/units.ts'
import {
  borrower,
  type Chain,
  createChain,
  errorOf,
  keys,
  post,
  sign,
  signBatchOf,
  tryPost,
} from '../support/attestations.ts'
import { createProbe, runThenRead, verifyCall } from '../support/readAfter.ts'

const other: Address = '0x2222222222222222222222222222222222222222'
const [unknown, fresh] = [0, 1]

/** Opcodes of a transaction, in order. */
async function opcodesOf(chain: Chain, data: Hex): Promise<readonly { op: string; stack: readonly string[] }[]> {
  const hash = await chain.walletClient.sendTransaction({ chain: null, to: chain.registry, data })
  const trace = await chain.publicClient.request({ method: 'debug_traceTransaction', params: [hash, {}] } as never)
  return (trace as { structLogs: readonly { op: string; stack: readonly string[] }[] }).structLogs
}

describe('threats', () => {
  it('threat 12: a record cannot bind the block that it is used in, so nothing borrowed for one transaction is in it', async () => {
    const chain = await createChain()
    const { number } = await chain.publicClient.getBlock()
    const { wire } = await sign(chain, chain.signerSet, { signed: { blockNumber: number + 1n } })
    expect(await tryPost(chain, wire)).to.equal('FutureBlock')
  })

  it('threat 16: the time of a record is not after the time of the block that takes it', async () => {
    const chain = await createChain()
    const { timestamp } = await chain.publicClient.getBlock()
    const attempt = async (observedAt: number) =>
      tryPost(chain, (await sign(chain, chain.signerSet, { record: { observedAt } })).wire)
    // A pending call runs one second after the head.
    expect(await attempt(Number(timestamp) + 1)).to.equal('stored')
    expect(await attempt(Number(timestamp) + 2)).to.equal('FutureObservation')
  })

  it('threat 17: fewer keys than the threshold move nothing', async () => {
    const chain = await createChain()
    for (const count of [0, 1, 2]) {
      const { wire } = await sign(chain, chain.signerSet, { signers: keys.slice(0, count) })
      expect(await tryPost(chain, wire)).to.equal('WrongLength')
    }
    const repeated = [keys[0], keys[1], keys[1]].flatMap((key) => key ?? [])
    expect(await tryPost(chain, (await sign(chain, chain.signerSet, { signers: repeated })).wire)).to.equal(
      'InvalidSignature',
    )
  })

  it('threat 17: a pause by the guardian stops new risk and leaves solvency and records readable', async () => {
    const { chain, probe } = await createProbe()
    await post(chain, (await sign(chain, chain.signerSet)).wire)
    await chain.contract.write.pause([1])
    expect(await errorOf(probe.simulate.act([borrower, 0n, '0x']))).to.equal('RiskIncreasePaused')
    expect(await chain.contract.read.isSolvent([borrower, 3600n])).to.equal(true)
    const bad = await sign(chain, chain.signerSet, { record: { equity: -1n } })
    await post(chain, bad.wire)
    expect(await chain.contract.read.isSolvent([borrower, 3600n])).to.equal(false)
  })

  it('threat 19: the state does not depend on who posts, nor on a post before or after', async () => {
    const chain = await createChain()
    const first = await sign(chain, chain.signerSet, { record: { equity: 1_000_000_000n } })
    await chain.networkHelpers.mine()
    const second = await sign(chain, chain.signerSet)
    const states: unknown[] = []
    for (const [i, order] of [[second], [first, second], [second, first], [first, second, first]].entries()) {
      const snapshot = await chain.networkHelpers.takeSnapshot()
      const walletClient = chain.wallets[i + 1] ?? chain.walletClient
      for (const { wire } of order) await post({ ...chain, walletClient }, wire)
      states.push(await chain.contract.read.marginOf([borrower, 3600n]))
      await snapshot.restore()
    }
    expect(
      new Set(states.map((state) => JSON.stringify(state, (_, v) => (typeof v === 'bigint' ? `${v}` : v)))).size,
    ).to.equal(1)
  })

  it('threat 25: posting and verifying call nobody but the precompile that recovers signers', async () => {
    const chain = await createChain()
    const single = await sign(chain, chain.signerSet)
    const batch = await signBatchOf(chain, chain.signerSet, [{ account: other }])
    for (const data of [single.wire, verifyCall(single.wire), batch.wire]) {
      const logs = await opcodesOf(chain, data)
      const calls = logs.filter(({ op }) => /CALL$|CALLCODE|CREATE/.test(op))
      expect(calls.map(({ op }) => op)).to.deep.equal(['STATICCALL', 'STATICCALL', 'STATICCALL'])
      for (const { stack } of calls) expect(BigInt(`0x${(stack.at(-2) ?? '').replace(/^0x/, '')}`)).to.equal(1n)
    }
  })

  it('threat 26: what one user pulls is a verified fact for the next of the same transaction, and no more', async () => {
    const setting = await createProbe()
    const { chain } = setting
    const mine = await sign(chain, chain.signerSet)
    const theirs = await sign(chain, chain.signerSet, { record: { account: other, equity: -3n } })
    const calls = [verifyCall(theirs.wire), verifyCall(mine.wire)]
    expect((await runThenRead(setting, calls, other)).margin.equity).to.equal(-3n)
    expect((await runThenRead(setting, calls, borrower)).margin.equity).to.equal(2_000_000_000n)
    expect((await runThenRead(setting, calls.slice(0, 1), borrower)).status).to.equal(unknown)
    expect((await runThenRead(setting, calls.slice(0, 1), other)).status).to.equal(fresh)
    expect((await runThenRead(setting, [], other)).status).to.equal(unknown)
  })

  it('threat 27: the largest batch over old records fits half of the gas that a transaction may have', async () => {
    const chain = await createChain()
    const accounts = Array.from({ length: 1024 }, (_, i): { account: Address } => ({
      account: `0x${(i + 1).toString(16).padStart(40, '0')}`,
    }))
    const fill = async (from: number, to: number) =>
      post(chain, (await signBatchOf(chain, chain.signerSet, accounts.slice(from, to))).wire)
    await fill(0, 512)
    await fill(512, 1024)
    await chain.networkHelpers.mine()
    const { gasUsed } = await fill(0, 1024)
    expect(gasUsed < 8_388_608n).to.equal(true)
  })

  it('threat 27: a read that nothing was pulled before stays out of the pulled records', async () => {
    const chain = await createChain()
    await post(chain, (await sign(chain, chain.signerSet)).wire)
    const gasOf = (functionName: 'marginOf' | 'tryMarginOf') =>
      chain.publicClient.estimateGas({
        to: chain.registry,
        data: encodeFunctionData({ abi: marginRegistryAbi, functionName, args: [borrower, 3600n] }),
      })
    // A read with what is pulled would ask for two more transient words and weigh one record against the other.
    expect([await gasOf('marginOf'), await gasOf('tryMarginOf')].map(Number)).to.deep.equal([27_179, 27_724])
  })

  it('threat 28: a hundred kilobytes cost their sender the calldata and little more', async () => {
    const chain = await createChain()
    const { wire } = await sign(chain, chain.signerSet)
    const data: Hex = `${wire}${'5a'.repeat(100_000)}`
    const hash = await chain.walletClient
      .sendTransaction({ chain: null, to: chain.registry, data, gas: 5_000_000n })
      .catch(async () => {
        const { transactions } = await chain.publicClient.getBlock()
        return transactions[0] as Hex
      })
    const { status, gasUsed } = await chain.publicClient.getTransactionReceipt({ hash })
    expect(status).to.equal('reverted')
    expect(gasUsed < 21_000n + 40n * 100_400n + 10_000n).to.equal(true)
  })

  it('threat 32: thirty-two options in twenty-four scenarios, calls and puts, are priced on chain in one transaction', async () => {
    // Nothing disputes a record on chain yet. That it can be done rests on this: what is costly of a recomputation fits.
    const { viem } = await network.create()
    const harness = await viem.deployContract('KernelHarness')
    const spot = 2_000n * wad
    const scenarios = Array.from({ length: 24 }, (_, index) => (spot * (40n + 5n * BigInt(index))) / 100n)
    const options = scenarios.flatMap((forward) =>
      Array.from({ length: 32 }, (_, index) => ({
        forward,
        strike: (spot * (50n + 3n * BigInt(index))) / 100n,
        volatility: (wad * (5n + BigInt(index))) / 100n,
      })),
    )
    const publicClient = await viem.getPublicClient()
    const call = { address: harness.address, abi: harness.abi, functionName: 'prices', args: [options] } as const
    const gas = await publicClient.estimateContractGas(call)
    expect(gas < 2n ** 24n, `${gas}`).to.equal(true)
  })

  it('threat 33: the code of a registry cannot be replaced: it holds no delegatecall and no selfdestruct', async () => {
    const chain = await createChain()
    const code = hexToBytes((await chain.publicClient.getCode({ address: chain.registry })) ?? '0x')
    const metadata = (code[code.length - 2] ?? 0) * 256 + (code[code.length - 1] ?? 0) + 2
    const body = code.subarray(0, code.length - metadata)
    const found: number[] = []
    for (let at = 0; at < body.length; at++) {
      const op = body[at] ?? 0
      if (op >= 0x60 && op <= 0x7f) at += op - 0x5f
      else if (op === 0xf4 || op === 0xf2 || op === 0xff) found.push(op)
    }
    expect(body.length).to.be.greaterThan(10_000)
    expect(found).to.deep.equal([])
  })
})
