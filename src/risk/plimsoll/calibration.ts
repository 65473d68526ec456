import type { HistoryMultiplierRule, MarginParameters } from '../../core/parameters.ts'
import type { JointRow, Scenario } from '../../core/scenario.ts'
import { wad } from '../../core/units.ts'

/** The part of a parameter set that does not depend on a chain. */
export type Calibration = Omit<
  MarginParameters,
  'name' | 'chainId' | 'modelId' | 'underlyings' | 'assets' | 'prices' | 'volatilities' | 'venues'
>

type UnderlyingParameters = MarginParameters['underlyings'][string]
type RatePair = MarginParameters['lines']['scan']

const multiplierClamp = 2n * wad

const percent = (value: number): bigint => (BigInt(Math.round(value * 1e6)) * wad) / 100_000_000n
const third = 333333333333333333n
const twoThirds = 666666666666666667n

const scanMoves: readonly (readonly [string, bigint])[] = [
  ['0', 0n],
  ['+1/3', third],
  ['-1/3', -third],
  ['+2/3', twoThirds],
  ['-2/3', -twoThirds],
  ['+1', wad],
  ['-1', -wad],
]

/** Move and weight in percent, after Derive's PMRM_2 tails. */
const tails: readonly (readonly [number, number])[] = [
  [-66, 21],
  [-33, 42],
  [50, 27.72],
  [100, 13.86],
  [200, 6.93],
  [300, 4.62],
  [400, 3.465],
  [500, 2.772],
]

const volatileScenarios: readonly Scenario[] = [
  ...scanMoves.flatMap(([id, move]) =>
    (['up', 'down'] as const).map((vol) => ({ id: `${id} ${vol}`, kind: 'range' as const, move, vol, weight: wad })),
  ),
  ...[2n, -2n].map((sign) => ({
    id: sign > 0n ? '+2' : '-2',
    kind: 'range' as const,
    move: sign * wad,
    vol: 'none' as const,
    weight: percent(35),
  })),
  ...tails.map(([move, weight]) => ({
    id: `${move > 0 ? '+' : ''}${move}% up`,
    kind: 'absolute' as const,
    move: percent(move),
    vol: 'up' as const,
    weight: percent(weight),
  })),
]

const stableMoves: readonly (readonly [number, number])[] = [
  [1, 100],
  [-1, 100],
  [3, 100],
  [-3, 100],
  [-10, 50],
  [-50, 15],
]

const stableScenarios: readonly Scenario[] = stableMoves.map(([move, weight]) => ({
  id: `${move > 0 ? '+' : ''}${move}%`,
  kind: 'absolute',
  move: percent(move),
  vol: 'none',
  weight: percent(weight),
}))

/** Every volatile scenario taken by all volatile underlyings at once: stables still, then stables at −3 %. */
const jointRows: readonly JointRow[] = ['still', '-3%'].flatMap((stable) =>
  volatileScenarios.map(({ id, weight }) => ({
    id: `${id}, stables ${stable}`,
    regime: stable === 'still' ? 'market' : 'depeg',
    take: { volatile: id, stable },
    weight,
  })),
)

/** A rate whose maintenance share is that of the scan, 0.8, as Derive's mmFactor: the rule wherever no source gives a pair. */
const rates = (initial: bigint): RatePair => ({ initial, maintenance: (initial * 4n) / 5n })

/**
 * The default constants of `plimsoll-1`: SPAN's 14 scan points and two extremes, Derive's tails and volatility shocks.
 * docs/parameters.md gives the reason and the source of every figure.
 */
export const defaultCalibration: Calibration = {
  schema: 'plimsoll-parameters/1',
  model: 'plimsoll-1',
  classes: { volatile: { scenarios: [...volatileScenarios] }, stable: { scenarios: [...stableScenarios] } },
  jointRows: jointRows.map((row) => ({ ...row, take: { ...row.take } })),
  volatilityShock: {
    up: percent(50),
    down: percent(30),
    minimumUp: percent(40),
    shortTermPower: percent(30),
    longTermPower: percent(13),
    referenceTerm: 30 * 86_400,
    shortestTerm: 86_400,
  },
  decorrelation: wad,
  decorrelationMinimum: percent(75),
  credit: { free: 0n, venue: wad, enforceable: wad },
  paperHaircut: percent(10),
  expiredHaircut: percent(10),
  venuePhysics: 'on',
  criticalDistance: percent(5),
  maximumClaims: 470,
  lines: {
    scan: rates(wad),
    shortOptionMinimum: { initial: percent(0.5), maintenance: percent(0.3) },
    hedgedDeltaMinimum: rates(percent(1)),
    liquidity: { impact: rates(wad) },
    oracleConfidence: { threshold: percent(55) },
    settlementGap: rates(percent(5)),
    venueFailure: { recovery: percent(50) },
    arithmetic: { epsilon: 10n ** 6n },
  },
}

/** Default entries of the underlyings that come with a calibration; their range multipliers are fixed. */
export const defaultUnderlyings: Readonly<Record<string, UnderlyingParameters>> = {
  BTC: volatileUnderlying({
    range: percent(16),
    dailyVolatility: percent(3),
    averageDailyVolume: 1_000_000_000n * wad,
  }),
  ETH: volatileUnderlying({
    range: percent(18),
    dailyVolatility: percent(4),
    averageDailyVolume: 1_000_000_000n * wad,
  }),
  DAI: stableUnderlying({ averageDailyVolume: 100_000_000n * wad }),
  SUSD: stableUnderlying({
    averageDailyVolume: 1_000_000n * wad,
    halfSpread: percent(0.5),
    dailyVolatility: percent(1),
  }),
  USDC: stableUnderlying({ averageDailyVolume: 1_000_000_000n * wad }),
  USDT: stableUnderlying({ averageDailyVolume: 1_000_000_000n * wad }),
}

/**
 * The default rule of a range multiplier that follows the volatility of a price history: all but the history itself, which
 * depends on the chain. The long-run volatility is the daily one that the default range of the underlying goes with.
 *
 * @example
 * const multiplier = { ...historyMultipliers.ETH, history: { source: 'chainlink', feed, maximumRounds: 5_000 } }
 */
export const historyMultipliers = {
  BTC: historyMultiplier(percent(3)),
  ETH: historyMultiplier(percent(4)),
} as const

/** Default basis shocks of assets that are not their underlying but follow it. */
export const wrappedBasis = {
  /** The underlying itself, redeemable at once and without a third party, such as WETH. */
  none: rates(0n),
  /** Bitcoin in custody, such as WBTC or cbBTC. */
  custodialBitcoin: rates(percent(3)),
  /** Staked ether with a queue, such as wstETH, rETH or cbETH, at the rate of its own contract. */
  stakedEther: rates(percent(5)),
  /** Restaked ether: thinner pools, longer queues. */
  restakedEther: rates(percent(15)),
  /** A synthetic asset whose backing is another, such as sETH. */
  synthetic: rates(percent(10)),
} as const

function volatileUnderlying(entry: {
  range: bigint
  dailyVolatility: bigint
  averageDailyVolume: bigint
}): UnderlyingParameters {
  const { range, ...liquidity } = entry
  return {
    class: 'volatile',
    range,
    multiplier: { rule: 'fixed', floor: wad, clamp: multiplierClamp },
    liquidity: { halfSpread: rates(percent(0.1)), ...liquidity },
  }
}

/** Its scenarios are absolute, so range and multiplier have no effect. */
function stableUnderlying(entry: {
  averageDailyVolume: bigint
  halfSpread?: bigint
  dailyVolatility?: bigint
}): UnderlyingParameters {
  const { averageDailyVolume, halfSpread = percent(0.05), dailyVolatility = percent(0.2) } = entry
  return {
    class: 'stable',
    range: wad,
    multiplier: { rule: 'fixed', floor: wad, clamp: wad },
    liquidity: { halfSpread: rates(halfSpread), dailyVolatility, averageDailyVolume },
  }
}

function historyMultiplier(longRunVolatility: bigint): Omit<HistoryMultiplierRule, 'history'> {
  return {
    rule: 'history',
    floor: wad,
    clamp: multiplierClamp,
    longRunVolatility,
    halfLife: 86_400,
    releasePerDay: percent(10),
    lookback: 15 * 86_400,
    maximumGap: 90_000,
  }
}
