import type { Address } from 'viem'
import { type AssetKey, toAssetKey } from '../../src/core/asset.ts'
import { type Market, volatilityKey } from '../../src/core/market.ts'
import { type MarginParameters, parseParameters } from '../../src/core/parameters.ts'
import type { Portfolio } from '../../src/core/portfolio.ts'
import type {
  Balance,
  ConcentratedLiquidity,
  ConsumerDebt,
  Control,
  Debt,
  Option,
  Perpetual,
  Position,
  VenueAccount,
} from '../../src/core/position.ts'
import { wad } from '../../src/core/units.ts'
import type { LendingPoolRule, PerpetualAccountRule } from '../../src/core/venueRule.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'

const chainId = 31337
const now = 1_800_000_000
const account: Address = '0x00000000000000000000000000000000000000AA'
const token = (last: string): Address => `0x${'0'.repeat(38)}${last}` as Address
const asset = (last: string): AssetKey => toAssetKey(chainId, token(last))

/** Tokens of the test parameter set. */
export const assets = { weth: asset('01'), usdc: asset('02'), wbtc: asset('03'), seth: asset('04'), susd: asset('05') }

/** 30 days after the block of every test portfolio. */
export const expiry = now + 30 * 86_400

const none = { initial: '0', maintenance: '0' }
const token18 = (symbol: string, underlying: string) => ({
  symbol,
  decimals: 18,
  underlying,
  rate: { source: 'fixed', value: `${wad}` },
  basis: none,
})

/** A parameter set before it is parsed. */
export type PlainParameters = ReturnType<typeof plainParameters>

/** The default calibration with every line switched on, around the test assets. */
export function fullParameters(
  change: (plain: ReturnType<typeof plainParameters>) => void = () => {},
): MarginParameters {
  const plain = plainParameters()
  change(plain)
  return parseParameters(plain)
}

/**
 * As {@link fullParameters} but without charges for size and for hedged delta, so that the other lines can be computed by hand.
 */
export function testParameters(
  change: (plain: ReturnType<typeof plainParameters>) => void = () => {},
): MarginParameters {
  return fullParameters((plain) => {
    const free = { initial: 0n, maintenance: 0n }
    plain.lines.hedgedDeltaMinimum = free
    plain.lines.liquidity.impact = free
    for (const entry of Object.values(plain.underlyings)) entry.liquidity.halfSpread = free
    change(plain)
  })
}

/** WETH, USDC, WBTC, sETH (5 % / 3 % basis) and sUSD around the default calibration, as plain JSON. */
function plainParameters() {
  const { lines, classes, ...calibration } = structuredClone(defaultCalibration)
  return {
    ...calibration,
    classes,
    lines,
    modelId: 1,
    name: 'test',
    chainId,
    underlyings: structuredClone({ ...defaultUnderlyings }),
    assets: {
      [assets.weth]: token18('WETH', 'ETH'),
      [assets.usdc]: { ...token18('USDC', 'USDC'), decimals: 6 },
      [assets.wbtc]: { ...token18('WBTC', 'BTC'), decimals: 8 },
      [assets.seth]: {
        ...token18('sETH', 'ETH'),
        basis: { initial: `${wad / 20n}`, maintenance: `${(wad * 3n) / 100n}` },
      },
      [assets.susd]: token18('sUSD', 'SUSD'),
    },
    prices: Object.fromEntries(Object.keys(defaultUnderlyings).map((name) => [name, { source: 'file' }])),
    volatilities: { test: { source: 'file' } },
    venues: [],
  }
}

/** ETH 2,000, BTC 60,000, stablecoins 1; volatility 80 % for the strikes given in whole dollars. */
export function testMarket({
  eth = 2000n * wad,
  strikes = [1500, 2000, 2500],
  volatility = { low: (8n * wad) / 10n, high: (8n * wad) / 10n },
  confidence = wad,
  expiries = [expiry],
}: {
  eth?: bigint
  strikes?: readonly number[]
  volatility?: { low: bigint; high: bigint }
  confidence?: bigint
  expiries?: readonly number[]
} = {}): Market {
  const spot = (price: bigint) => ({ price, confidence, updatedAt: now, source: 'test' })
  return {
    prices: { ETH: spot(eth), BTC: spot(60_000n * wad), USDC: spot(wad), SUSD: spot(wad) },
    rates: Object.fromEntries(Object.values(assets).map((key) => [key, wad])),
    volatilities: Object.fromEntries(
      expiries.flatMap((at) =>
        strikes.map((strike) => [
          volatilityKey({ surface: 'test', expiry: at, strike: BigInt(strike) * wad }),
          { ...volatility, confidence: wad, source: 'test' },
        ]),
      ),
    ),
    rangeMultipliers: { ETH: wad, BTC: wad, USDC: wad, SUSD: wad },
  }
}

/** In scope enforceable when it holds anything that only a `MarginAccount` can. */
export function portfolioOf(...positions: readonly Position[]): Portfolio {
  const block = { chainId, number: 100n, hash: `0x${'11'.repeat(32)}` as const, timestamp: now }
  const scope = positions.some(({ control }) => control === 'enforceable') ? 'enforceable' : 'observed'
  return { account, scope, block, positions, venues: [], requirements: [], rules: [] }
}

/** The venue account of every test position at a venue. */
export const venueAccountOf = (venue: string): VenueAccount => ({
  chainId,
  venue,
  instance: token('98'),
  holder: account,
  subAccount: '',
})

/** A lending pool's rule: WETH (and WBTC) against USDC at 82.5 % with a 5 % bonus, quotes as in {@link testMarket}. */
export const lendingRule = (
  venue: string,
  { weth = 0n, wbtc = 0n, usdc }: { weth?: bigint; wbtc?: bigint; usdc: bigint },
): LendingPoolRule => ({
  kind: 'lendingPool',
  venueAccount: venueAccountOf(venue),
  averaging: 'truncated',
  collaterals: [
    {
      asset: assets.weth,
      amount: weth,
      decimals: 18,
      quote: 2000n * 10n ** 8n,
      liquidationThreshold: 8250,
      bonus: 500,
    },
    {
      asset: assets.wbtc,
      amount: wbtc,
      decimals: 8,
      quote: 60_000n * 10n ** 8n,
      liquidationThreshold: 8250,
      bonus: 500,
    },
  ].filter(({ amount }) => amount > 0n),
  debts: [{ asset: assets.usdc, amount: usdc, decimals: 6, quote: 10n ** 8n }],
  closeFactor: wad,
})

/** A perpetual account's rule: maintenance 6.25 %, penalty 2.5 %. */
export const perpetualRule = (
  venue: string,
  { cash, size, entry = 2000n * wad }: { cash: bigint; size: bigint; entry?: bigint },
): PerpetualAccountRule => ({
  kind: 'perpetualAccount',
  venueAccount: venueAccountOf(venue),
  quoteAsset: assets.usdc,
  quoteDecimals: 6,
  cash,
  collaterals: [],
  markets: [{ underlying: 'ETH', size, cost: (size * entry) / wad, funding: 0n, quote: 2000n * wad }],
  maintenanceRatio: (625n * wad) / 10_000n,
  penaltyRatio: (25n * wad) / 1000n,
})

type Place = { venue?: string; control?: Control; id?: string; contract?: Address }

let unique = 0
function held({ venue = 'venue-a', control = 'venue', id, contract = token('99') }: Place) {
  unique += 1
  return {
    claim: { chainId, contract, holder: account, id: id ?? `test-${String(unique).padStart(6, '0')}` },
    venueAccount: venueAccountOf(venue),
    control,
  }
}

export const balance = (key: AssetKey, amount: bigint, place: Place = {}): Balance => ({
  ...held(place),
  kind: 'balance',
  asset: key,
  amount,
})

export const debt = (key: AssetKey, amount: bigint, place: Place = {}): Debt => ({
  ...held(place),
  kind: 'debt',
  asset: key,
  amount,
})

/** A perpetual entered at `entry`, both in WAD. */
export const perpetual = (
  size: bigint,
  entry: bigint = 2000n * wad,
  { funding = 0n, underlying = 'ETH', ...place }: Place & { funding?: bigint; underlying?: string } = {},
): Perpetual => ({
  ...held(place),
  kind: 'perpetual',
  underlying,
  quoteAsset: assets.usdc,
  size,
  cost: (size * entry) / wad,
  funding,
})

/** An option on ETH; strike in whole dollars, size in WAD. */
export const option = (
  right: 'call' | 'put',
  strike: number,
  size: bigint,
  { at = expiry, quoteAsset = assets.usdc, ...place }: Place & { at?: number; quoteAsset?: AssetKey } = {},
): Option => ({
  ...held(place),
  kind: 'option',
  underlying: 'ETH',
  quoteAsset,
  right,
  strike: BigInt(strike) * wad,
  expiry: at,
  size,
  surface: 'test',
})

/** Liquidity in a WETH/USDC pool. */
export const liquidity = (
  tickLower: number,
  tickUpper: number,
  amount: bigint,
  { fees0 = 0n, fees1 = 0n, ...place }: Place & { fees0?: bigint; fees1?: bigint } = {},
): ConcentratedLiquidity => ({
  ...held(place),
  kind: 'concentratedLiquidity',
  token0: assets.weth,
  token1: assets.usdc,
  liquidity: amount,
  tickLower,
  tickUpper,
  fees0,
  fees1,
})

export const consumerDebt = (amount: bigint, place: Place = {}): ConsumerDebt => ({
  ...held({ control: 'consumer', venue: 'credit-line', ...place }),
  kind: 'consumerDebt',
  amount,
})
