import type { MarginParameters } from '../../core/parameters.ts'
import type { JointRow, Scenario } from '../../core/scenario.ts'
import { wad } from '../../core/units.ts'

/** The part of a parameter set that does not depend on a chain. */
export type Calibration = Omit<
  MarginParameters,
  'name' | 'chainId' | 'modelId' | 'underlyings' | 'assets' | 'prices' | 'volatilities' | 'venues'
>

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

/** The default constants of `plimsoll-1`: SPAN's 14 scan points and two extremes, Derive's tails and volatility shocks. */
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
    scan: { initial: wad, maintenance: percent(80) },
    shortOptionMinimum: { initial: percent(0.5), maintenance: percent(0.3) },
    hedgedDeltaMinimum: { initial: percent(0.5), maintenance: percent(0.3) },
    liquidity: { impact: { initial: wad, maintenance: percent(50) } },
    oracleConfidence: { threshold: percent(55) },
    settlementGap: { initial: percent(10), maintenance: percent(5) },
    venueFailure: { recovery: percent(50) },
    arithmetic: { epsilon: 10n ** 6n },
  },
}

/** Default entries of the underlyings that come with a calibration. */
export const defaultUnderlyings: Readonly<Record<string, MarginParameters['underlyings'][string]>> = {
  BTC: volatileUnderlying({
    range: percent(15),
    dailyVolatility: percent(3),
    averageDailyVolume: 5_000_000_000n * wad,
  }),
  ETH: volatileUnderlying({
    range: percent(18),
    dailyVolatility: percent(4),
    averageDailyVolume: 3_000_000_000n * wad,
  }),
  SUSD: stableUnderlying(5_000_000n * wad),
  USDC: stableUnderlying(2_000_000_000n * wad),
}

function volatileUnderlying(entry: { range: bigint; dailyVolatility: bigint; averageDailyVolume: bigint }) {
  const { range, ...liquidity } = entry
  return {
    class: 'volatile',
    range,
    multiplier: { floor: wad, clamp: 2n * wad },
    liquidity: { halfSpread: { initial: percent(0.05), maintenance: percent(0.03) }, ...liquidity },
  }
}

function stableUnderlying(averageDailyVolume: bigint) {
  return {
    class: 'stable',
    range: wad,
    multiplier: { floor: wad, clamp: wad },
    liquidity: {
      halfSpread: { initial: percent(0.02), maintenance: percent(0.01) },
      dailyVolatility: percent(0.2),
      averageDailyVolume,
    },
  }
}
