import { expect } from 'chai'
import { network } from 'hardhat'
import {
  type Address,
  type Client,
  createPublicClient,
  createTestClient,
  custom,
  type Hex,
  HttpRequestError,
  pad,
  parseAbi,
  publicActions,
} from 'viem'
import { CallFailedError, ChainMismatchError, ReorgedError, RpcError } from '../../src/chain/errors.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans, settlePlans } from '../../src/chain/runPlans.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type ReadPlan, readAll } from '../../src/core/readPlan.ts'
import { rejection } from '../support/rejection.ts'

const abi = parseAbi([
  'function number(uint256 salt) view returns (uint256)',
  'function text(uint256 salt) view returns (bytes)',
])
const at = (index: number): Address => pad(`0x${(0xc0de + index).toString(16)}` as Hex, { size: 20 })
const word = (value: number, bytes: number): string => value.toString(16).padStart(bytes * 2, '0')

/** Answers the number 7. */
const answersSeven = '0x600760005260206000f3'
const reverts = '0x60006000fd'
/** Answers `length` bytes of zero. */
const answersBytes = (length: number): Hex =>
  `0x60206000526200${word(length, 2)}6020526200${word(length + 64, 2)}6000f3`
/** Burns 5.5 million gas by touching memory at 1.6 MB, then answers zero. */
const burnsGas = '0x6218f000515060206000f3'

/** Answers the gas that it finds. */
const answersGas = '0x5a60005260206000f3'

/** What a node makes of the third parameter of an `eth_call`: takes it, acts as if it were not there, or says that it is too many. */
type Overrides = 'taken' | 'ignored' | 'refused'

/** A chain of its own; `beforeCall` runs before every `eth_call`, with how many there have been. */
async function createChain(beforeCall: (count: number) => Promise<void> = async () => {}) {
  const { provider } = await network.create({
    network: 'default',
    override: { initialDate: new Date('2025-06-01T00:00:00Z') },
  })
  const state = { ethCalls: 0 }
  const connect = (overrides: Overrides) => {
    const transport = custom(
      {
        async request({ method, params }: { method: string; params?: unknown }) {
          if (method !== 'eth_call') return provider.request({ method, params: params as [] })
          state.ethCalls += 1
          await beforeCall(state.ethCalls)
          const [asked, block, override] = params as unknown[]
          if (override === undefined || overrides === 'taken') return provider.request({ method, params: params as [] })
          if (overrides === 'ignored') return provider.request({ method, params: [asked, block] })
          throw Object.assign(new Error('too many arguments, want at most 2'), { code: -32602 })
        },
      },
      { retryCount: 0 },
    )
    return createPublicClient({ transport, cacheTime: 0 })
  }
  const test = createTestClient({ mode: 'hardhat', transport: custom(provider) }).extend(publicActions)
  await test.mine({ blocks: 2 })
  return { client: connect('taken'), connect, test, state }
}

const call = (functionName: 'number' | 'text', index: number, salt = 0n) =>
  ({ address: at(index), abi, functionName, args: [salt] }) as const

function* askNumbers(indices: readonly number[]): ReadPlan<unknown> {
  return yield indices.map((index) => call('number', index))
}

function* askTwice(first: number, second: number): ReadPlan<readonly unknown[]> {
  const [a] = yield* readAll([call('number', first)])
  const [b] = yield* readAll([call('number', second)])
  return [a, b]
}

describe('runPlans', () => {
  it('asks all plans of a round together, and no call twice', async () => {
    const { client, test, state } = await createChain()
    for (const index of [0, 1, 2]) await test.setCode({ address: at(index), bytecode: answersSeven })
    const block = await pinBlock(client, { chainId: 31337 })
    const { results, rounds, ethCalls } = await runPlans<unknown>(client, block, [
      { name: 'a', plan: askTwice(0, 1) },
      { name: 'b', plan: askTwice(1, 0) },
      { name: 'c', plan: askNumbers([2, 2, 0]) },
      { name: 'd', plan: askNumbers([]) },
    ])
    expect(results).to.deep.equal([[7n, 7n], [7n, 7n], [7n, 7n, 7n], []])
    expect({ rounds, ethCalls, sent: state.ethCalls }).to.deep.equal({ rounds: 1, ethCalls: 1, sent: 1 })
  })

  it('names the plan, the contract and the call that fails', async () => {
    const { client, test } = await createChain()
    await test.setCode({ address: at(0), bytecode: answersSeven })
    await test.setCode({ address: at(1), bytecode: reverts })
    await test.setCode({ address: at(2), bytecode: answersBytes(3) })
    const block = await pinBlock(client, { chainId: 31337 })
    const run = (index: number) => runPlans(client, block, [{ name: 'some-venue', plan: askNumbers([0, index]) }])
    for (const [index, reason] of [
      [1, /reverted/],
      [9, /answered nothing/],
    ] as const) {
      const error = await rejection(run(index), CallFailedError)
      expect(error.message)
        .to.match(reason)
        .and.contain(`some-venue: number(0) on ${at(index)}`)
      expect(error).to.include({ plan: 'some-venue', contract: at(index), functionName: 'number', retryable: false })
    }
    const unknownFunction = function* (): ReadPlan<unknown> {
      return yield [{ address: at(0), abi, functionName: 'missing' }]
    }
    const plans = [{ name: 'p', plan: unknownFunction() }]
    await rejection(
      Promise.resolve().then(() => runPlans(client, block, plans)),
      InvalidInputError,
    )
  })

  it('needs one call for what a node without overrides answers in several: many calls, and answers of unknown size', async () => {
    const { client, test, connect } = await createChain()
    await test.setCode({ address: at(0), bytecode: answersSeven })
    await test.setCode({ address: at(1), bytecode: answersBytes(8_000) })
    const block = await pinBlock(client, { chainId: 31337 })
    const many = function* (): ReadPlan<readonly unknown[]> {
      return yield Array.from({ length: 500 }, (_, salt) => call('number', 0, BigInt(salt)))
    }
    const large = function* (): ReadPlan<readonly unknown[]> {
      return yield Array.from({ length: 7 }, (_, salt) => call('text', 1, BigInt(salt)))
    }
    const sevens = Array.from({ length: 500 }, () => 7n)
    const zeros = Array.from({ length: 7 }, () => `0x${'00'.repeat(8_000)}`)
    const read = async (from: Client) => {
      const numbers = await runPlans(from, block, [{ name: 'many', plan: many() }])
      const texts = await runPlans(from, block, [{ name: 'large', plan: large() }])
      expect([numbers.results[0], texts.results[0]]).to.deep.equal([sevens, zeros])
      return [numbers.ethCalls, texts.ethCalls]
    }
    expect(await read(client)).to.deep.equal([1, 1])
    for (const overrides of ['ignored', 'refused'] as const) {
      const [numbers, texts] = await read(connect(overrides))
      // The override is tried once. 46,000 bytes hold 793 calls of 58 bytes, 24,576 bytes of code three texts.
      expect(numbers).to.equal(2)
      expect(texts).to.be.within(3, 7)
    }
  })

  it('asks again alone what runs out of gas in company', async () => {
    const { client, test, connect } = await createChain()
    for (const index of [0, 1, 2, 3]) await test.setCode({ address: at(index), bytecode: burnsGas })
    const block = await pinBlock(client, { chainId: 31337 })
    for (const from of [client, connect('ignored')]) {
      const { results } = await runPlans(from, block, [{ name: 'burns', plan: askNumbers([0, 1, 2, 3]) }])
      expect(results[0]).to.deep.equal([0n, 0n, 0n, 0n])
    }
  })

  it('gives every call at least a quarter of the gas, whatever came before it', async () => {
    const { client, test } = await createChain()
    await test.setCode({ address: at(0), bytecode: burnsGas })
    await test.setCode({ address: at(1), bytecode: answersGas })
    const block = await pinBlock(client, { chainId: 31337 })
    const plan = function* (): ReadPlan<readonly unknown[]> {
      return yield Array.from({ length: 8 }, (_, salt) => call('number', salt % 2, BigInt(salt)))
    }
    const { results, ethCalls } = await runPlans(client, block, [{ name: 'gas', plan: plan() }])
    const gas = (results[0] as bigint[]).filter((_, index) => index % 2 === 1)
    expect(gas.every((left) => left > 2n ** 24n / 4n)).to.equal(true)
    expect(ethCalls).to.be.within(2, 8)
  })

  it('refuses an answer that fits no call of a node without overrides', async () => {
    const { client, test, connect } = await createChain()
    await test.setCode({ address: at(4), bytecode: answersBytes(30_000) })
    const block = await pinBlock(client, { chainId: 31337 })
    const tooLarge = function* (): ReadPlan<unknown> {
      return yield [call('text', 4)]
    }
    const { results } = await runPlans(client, block, [{ name: 'big', plan: tooLarge() }])
    expect(results[0]).to.deep.equal([`0x${'00'.repeat(30_000)}`])
    const other = connect('ignored')
    const error = await rejection(runPlans(other, block, [{ name: 'big', plan: tooLarge() }]), CallFailedError)
    expect(error.message).to.contain('more gas or space than one eth_call has')
  })

  it('settles every plan by itself: a call that fails and a refusal stop their own plan only', async () => {
    const { client, test } = await createChain()
    await test.setCode({ address: at(0), bytecode: answersSeven })
    await test.setCode({ address: at(1), bytecode: reverts })
    const block = await pinBlock(client, { chainId: 31337 })
    const refuses = function* (): ReadPlan<unknown> {
      yield* askNumbers([0])
      throw new InvalidInputError('no')
    }
    const breaks = function* (): ReadPlan<unknown> {
      yield* askNumbers([0])
      throw new TypeError('a fault of the program')
    }
    const plans = () => [
      { name: 'a', plan: askTwice(0, 1) },
      { name: 'b', plan: askTwice(0, 0) },
      { name: 'c', plan: refuses() },
      { name: 'd', plan: askNumbers([1]) },
    ]
    const { outcomes } = await settlePlans<unknown>(client, block, plans())
    expect(outcomes.map((outcome) => ('result' in outcome ? outcome.result : outcome.refusal.name))).to.deep.equal([
      'CallFailedError',
      [7n, 7n],
      'InvalidInputError',
      'CallFailedError',
    ])
    const named = outcomes.flatMap((outcome) =>
      'refusal' in outcome && outcome.refusal instanceof CallFailedError ? [outcome.refusal.plan] : [],
    )
    expect(named).to.deep.equal(['a', 'd'])
    await rejection(settlePlans(client, block, [...plans(), { name: 'e', plan: breaks() }]), TypeError)
    await rejection(runPlans(client, block, plans().slice(2)), InvalidInputError)
  })

  it('reports a reorganization between rounds and after the last one', async () => {
    for (const roundsBefore of [1, 2]) {
      let reorganize = async (): Promise<void> => {}
      const { client, test } = await createChain(async (count) => {
        if (count === roundsBefore + 1) await reorganize()
      })
      for (const index of [0, 1]) await test.setCode({ address: at(index), bytecode: answersSeven })
      const snapshot = await test.snapshot()
      await test.mine({ blocks: 1 })
      const block = await pinBlock(client, { chainId: 31337 })
      reorganize = async () => {
        await test.revert({ id: snapshot })
        await test.setNextBlockTimestamp({ timestamp: BigInt(block.timestamp) + 100n })
        await test.mine({ blocks: 1 })
      }
      const reading = function* (): ReadPlan<unknown> {
        const answers = yield* askTwice(0, 1)
        if (roundsBefore === 2) pendingReorganization = reorganize()
        return answers
      }
      let pendingReorganization = Promise.resolve()
      const error = await rejection(runPlans(client, block, [{ name: 'p', plan: reading() }]), ReorgedError)
      await pendingReorganization
      expect(error.message).to.contain(block.hash)
      expect(error.retryable).to.equal(true)
    }
  })

  it('reports a failure of the node in the middle of a read as retryable and without its URL', async () => {
    const url = 'https://node.example.io/v3/a1b2c3d4e5f60718293a4b5c6d7e8f90'
    const { client, test, state } = await createChain(async (count) => {
      if (count === 2) throw new HttpRequestError({ url, status: 502, details: `bad gateway at ${url}` })
    })
    for (const index of [0, 1]) await test.setCode({ address: at(index), bytecode: answersSeven })
    const block = await pinBlock(client, { chainId: 31337 })
    const error = await rejection(runPlans(client, block, [{ name: 'p', plan: askTwice(0, 1) }]), RpcError)
    expect(error.retryable).to.equal(true)
    expect(error.message).to.contain('502')
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.to.contain('example.io')
    expect(state.ethCalls).to.equal(2)
  })
})

describe('pinBlock', () => {
  it('pins the newest block or a given one, with its hash and time', async () => {
    const { client } = await createChain()
    const [latest, first] = await Promise.all([client.getBlock(), client.getBlock({ blockNumber: 1n })])
    const pinned = ({ number, hash, timestamp }: typeof latest) => ({
      chainId: 31337,
      number,
      hash,
      timestamp: Number(timestamp),
    })
    expect(await pinBlock(client, { chainId: 31337 })).to.deep.equal(pinned(latest))
    expect(await pinBlock(client, { chainId: 31337, blockNumber: 1n })).to.deep.equal(pinned(first))
  })

  it('refuses another chain and a block that the node does not have', async () => {
    const { client } = await createChain()
    const mismatch = await rejection(pinBlock(client, { chainId: 1 }), ChainMismatchError)
    expect(mismatch.message).to.contain('31337').and.contain('chain 1')
    const missing = await rejection(pinBlock(client, { chainId: 31337, blockNumber: 99n }), RpcError)
    expect(missing.message).to.contain('99')
  })
})
