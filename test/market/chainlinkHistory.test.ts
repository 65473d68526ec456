import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { expect } from 'chai'
import { type Abi, type Address, type Hex, parseAbi, zeroAddress } from 'viem'
import type { Artifact } from '../../scripts/devnet/artifacts.ts'
import { advanceTime, type Contract, sendAs } from '../../scripts/devnet/chain.ts'
import { loadAggregator } from '../../scripts/devnet/tokens.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import { InconsistentReadError, MissingMarketDataError } from '../../src/core/errors.ts'
import { type MarginParameters, parseParameters } from '../../src/core/parameters.ts'
import type { PinnedBlock } from '../../src/core/portfolio.ts'
import type { PlannedCall, ReadPlan } from '../../src/core/readPlan.ts'
import { wad } from '../../src/core/units.ts'
import { chainlinkHistory } from '../../src/market/chainlinkHistory.ts'
import { InsufficientHistoryError } from '../../src/market/rangeMultiplier.ts'
import { readMarket } from '../../src/market/readMarket.ts'
import type { PriceSample } from '../../src/market/source.ts'
import { historyMultipliers } from '../../src/risk/plimsoll/calibration.ts'
import { parametersOf } from '../adapters/support/devnetVenue.ts'
import { devnetFixture } from '../support/devnet.ts'
import { rejection, thrown } from '../support/rejection.ts'

const feed: Address = '0x00000000000000000000000000000000000000fE'
const block: PinnedBlock = { chainId: 1, number: 5n, hash: `0x${'11'.repeat(32)}`, timestamp: 1_000_000 }

type Round = readonly [answer: bigint, updatedAt: number]
/** Rounds of each phase, from number 1 on. */
type Phases = Readonly<Record<number, readonly Round[]>>

/** Answers a plan as a proxy with these phases does, and counts what was asked. */
function readFrom(phases: Phases, options: { from: number; maximumRounds?: number; decimals?: number }) {
  const { from, maximumRounds = 10_000, decimals } = options
  const newest = Math.max(...Object.keys(phases).map(Number))
  const answerOf = (id: bigint) => {
    const [answer, updatedAt] = phases[Number(id >> 64n)]?.[Number(id & (2n ** 64n - 1n)) - 1] ?? [0n, 0]
    return [id, answer, BigInt(updatedAt), BigInt(updatedAt), id]
  }
  const reply = ({ functionName, args }: PlannedCall): unknown => {
    if (functionName === 'decimals') return 8
    if (functionName === 'getRoundData') return answerOf((args as readonly [bigint])[0])
    return answerOf((BigInt(newest) << 64n) + BigInt(phases[newest]?.length ?? 0))
  }
  const configuration = {
    source: 'chainlink' as const,
    feed,
    maximumRounds,
    ...(decimals === undefined ? {} : { decimals }),
  }
  const plan: ReadPlan<readonly PriceSample[]> = chainlinkHistory.read(configuration, 'ETH', { from, block })
  const asked: number[] = []
  let step = plan.next()
  while (step.done !== true) {
    asked.push(step.value.length)
    step = plan.next(step.value.map(reply))
  }
  return { samples: step.value, asked }
}

/** `count` rounds ten seconds apart, the last at `end`; answers are the round numbers plus `base`. */
const rounds = (count: number, end: number, base = 0): Round[] =>
  Array.from({ length: count }, (_, index) => [BigInt(base + index + 1) * 10n ** 8n, end - (count - 1 - index) * 10])

/** Chainlink's own proxy, in the format of the compiler that its package was published with. */
async function loadProxy(): Promise<Artifact> {
  const path = createRequire(import.meta.url).resolve('@chainlink/contracts-0.0.10/abi/v0.6/EACAggregatorProxy.json')
  const { contractName, compilerOutput } = JSON.parse(await readFile(path, 'utf8')) as {
    contractName: string
    compilerOutput: { abi: Abi; evm: { bytecode: { object: Hex } } }
  }
  return {
    name: contractName,
    abi: compilerOutput.abi,
    bytecode: compilerOutput.evm.bytecode.object,
    linkReferences: {},
    immutables: [],
  }
}

describe('chainlinkHistory', () => {
  it('walks back in pages that double until the window is covered', () => {
    const { samples, asked } = readFrom({ 0: rounds(1_000, 999_995) }, { from: 997_000 })
    expect(asked).to.deep.equal([2, 64, 128, 256])
    expect(samples[0]).to.deep.equal({ time: 996_995, price: 700n * wad })
    expect(samples.at(-1)).to.deep.equal({ time: 999_995, price: 1_000n * wad })
    expect(samples).to.have.lengthOf(301)
  })
  it('asks for no more than 1,024 rounds at once', () => {
    const { samples, asked } = readFrom({ 1: rounds(5_000, 999_995) }, { from: 0 })
    expect(asked).to.deep.equal([2, 64, 128, 256, 512, 1_024, 1_024, 1_024, 968])
    expect(samples).to.have.lengthOf(5_000)
  })
  it('ends at the first round of the first phase', () => {
    for (const phase of [0, 1]) {
      const { samples, asked } = readFrom({ [phase]: rounds(70, 999_995) }, { from: 0 })
      expect(samples).to.have.lengthOf(70)
      expect(asked).to.deep.equal([2, 64, 6])
    }
  })
  for (const last of [1, 31, 1_000, 123_457]) {
    it(`goes on in the phase before, whose last round is number ${last}`, () => {
      const phases = { 3: rounds(3, 999_990, 500_000), 2: rounds(last, 999_965) }
      const { samples, asked } = readFrom(phases, { from: 999_965 })
      expect(samples.map(({ price }) => price / wad)).to.deep.equal([...[BigInt(last), 500_001n, 500_002n, 500_003n]])
      expect(asked.length).to.equal(10)
    })
  }
  it('leaves out what a retired aggregator reports after its successor has started', () => {
    const { samples } = readFrom({ 2: rounds(2, 999_990, 100), 1: rounds(10, 999_999) }, { from: 0 })
    expect(samples.map(({ time }) => time)).to.deep.equal([
      ...[999_909, 999_919, 999_929, 999_939, 999_949, 999_959, 999_969, 999_979, 999_980, 999_990],
    ])
  })
  it('leaves out rounds that were never completed and all but the newest of one second', () => {
    const phases: Phases = {
      1: [
        [100n, 900_000],
        [0n, 0],
        [110n, 900_010],
        [120n, 900_010],
      ],
    }
    const { samples } = readFrom(phases, { from: 0 })
    expect(samples).to.deep.equal([
      { time: 900_000, price: 10n ** 12n },
      { time: 900_010, price: 12n * 10n ** 11n },
    ])
  })
  it('error: more rounds than allowed', async () => {
    const error = await thrown(
      () => readFrom({ 1: rounds(500, 999_995) }, { from: 0, maximumRounds: 100 }),
      InsufficientHistoryError,
    )
    expect(error.message).to.contain('more than 100 rounds').and.contain(feed)
    expect(readFrom({ 1: rounds(500, 999_995) }, { from: 999_005, maximumRounds: 100 }).samples).to.have.lengthOf(100)
  })
  it('error: an answer that is no price, rounds out of order, other decimals', async () => {
    for (const answer of [0n, -1n]) {
      const phases = { 1: [[answer, 900_000] as const, ...rounds(1, 999_990)] }
      const error = await thrown(() => readFrom(phases, { from: 0 }), MissingMarketDataError)
      expect(error.message).to.contain('round 1 of phase 1')
    }
    const disordered = { 1: [...rounds(1, 999_990), ...rounds(1, 900_000)] }
    await thrown(() => readFrom(disordered, { from: 0 }), InconsistentReadError)
    await thrown(() => readFrom({ 1: rounds(1, 1) }, { from: 0, decimals: 18 }), InconsistentReadError)
  })

  it('goes through the phases of a real proxy, at a block before and one after it changed', async function () {
    this.timeout(240_000)
    const { chain, client, deployment } = await devnetFixture()
    const deployer = sendAs(chain, deployment.operators.deployer)
    const artifact = await loadAggregator()
    const old = await deployer.deploy(artifact, [8, 1n])
    const proxy = await deployer.deploy(await loadProxy(), [old.address, zeroAddress])
    const pushed: PriceSample[] = []
    const note = async (dollars: number) =>
      pushed.push({ time: Number((await client.getBlock()).timestamp), price: BigInt(dollars) * wad })
    const push = async (aggregator: Contract, dollars: number) => {
      await advanceTime(chain, 3_600)
      await deployer.send(aggregator, 'updateAnswer', [BigInt(dollars) * 10n ** 8n])
      await note(dollars)
    }
    const read = async (maximumRounds: number, blockNumber?: bigint) => {
      const block = await pinBlock(client, {
        chainId: deployment.chainId,
        ...(blockNumber === undefined ? {} : { blockNumber }),
      })
      const configuration = { source: 'chainlink' as const, feed: proxy.address, maximumRounds, decimals: 8 }
      const from = pushed[4]?.time ?? expect.fail()
      const plan = chainlinkHistory.read(configuration, 'ETH', { from, block })
      return (await runPlans(client, block, [{ name: 'history', plan }])).results[0]
    }

    for (let round = 0; round < 90; round++) await push(old, 2_000 + round)
    const before = await client.getBlockNumber()
    const next = await deployer.deploy(artifact, [8, 2_500n * 10n ** 8n])
    await note(2_500)
    await deployer.send(proxy, 'proposeAggregator', [next.address])
    await deployer.send(proxy, 'confirmAggregator', [next.address])
    for (let round = 0; round < 3; round++) await push(next, 3_000 + round)
    // The retired one goes on; the proxy no longer tells.
    await push(old, 1)
    pushed.pop()

    expect(await read(100)).to.deep.equal(pushed.slice(4))
    expect(await read(100, before)).to.deep.equal(pushed.slice(4, 90))
    await rejection(read(80), InsufficientHistoryError)
  })

  it('reads the rounds of a devnet and multiplies the range by them', async function () {
    this.timeout(120_000)
    const { chain, client, deployment } = await devnetFixture()
    const aggregator = {
      name: 'MockV3Aggregator',
      address: deployment.feeds.ethUsd,
      abi: parseAbi(['function updateAnswer(int256 answer)']),
    }
    const deployer = sendAs(chain, deployment.operators.deployer)
    for (let day = 0; day < 15; day++) {
      await advanceTime(chain, 86_400)
      await deployer.send(aggregator, 'updateAnswer', [2_000n * 10n ** 8n])
    }
    const base = parametersOf({ deployment })
    const withRule = (changes: object): MarginParameters =>
      parseParameters({
        ...base,
        underlyings: {
          ...base.underlyings,
          ETH: {
            ...base.underlyings.ETH,
            multiplier: {
              ...historyMultipliers.ETH,
              history: { source: 'chainlink', feed: deployment.feeds.ethUsd, maximumRounds: 100 },
              ...changes,
            },
          },
        },
      })
    const read = async (parameters: MarginParameters) => {
      const pinned = await pinBlock(client, { chainId: deployment.chainId })
      const request = { underlyings: ['ETH'], held: [], owed: [], options: [] }
      const plan = readMarket({ parameters, request, block: pinned })
      return runPlans(client, pinned, [{ name: 'market', plan }])
    }

    const calm = await read(withRule({}))
    expect(calm.results[0]?.rangeMultipliers).to.deep.equal({ ETH: wad })
    expect(calm.ethCalls).to.equal(2)

    await advanceTime(chain, 3_600)
    await deployer.send(aggregator, 'updateAnswer', [2_300n * 10n ** 8n])
    const [jumped] = (await read(withRule({}))).results
    // One hour of ln 1.15 = 14 % at λ = 2^(−1/24): √(0.0285 · 24 · 0.01953) / 0.04 = 2.89, clamped.
    expect(jumped?.rangeMultipliers.ETH).to.equal(2n * wad)

    const longer = withRule({ lookback: 30 * 86_400 })
    expect((await rejection(read(longer), InsufficientHistoryError)).message).to.contain('must start by')
    await advanceTime(chain, 86_400 - 3_600)
    expect((await read(withRule({}))).results[0]?.rangeMultipliers.ETH).to.equal(
      2n * wad - ((wad / 10n) * 82_800n) / 86_400n,
    )
  })
})
