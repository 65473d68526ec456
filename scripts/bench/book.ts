import type { Address } from 'viem'
import { type AssetKey, toAssetKey } from '../../src/core/asset.ts'
import { type Market, volatilityKey } from '../../src/core/market.ts'
import { type MarginParameters, parseParameters } from '../../src/core/parameters.ts'
import type { Portfolio } from '../../src/core/portfolio.ts'
import type { Position } from '../../src/core/position.ts'
import { wad } from '../../src/core/units.ts'
import type { VenueRule } from '../../src/core/venueRule.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'

const chainId = 31337
const timestamp = 1_800_000_000
const account: Address = `0x${'aa'.repeat(20)}`
const token = (index: number): AssetKey => toAssetKey(chainId, `0x${index.toString(16).padStart(40, '0')}`)
const [weth, usdc, wbtc, susd] = [token(1), token(2), token(3), token(4)]
const strikes = [1400n, 1600n, 1800n, 2000n, 2200n, 2400n, 2600n, 2800n]
const expiries = [7, 30, 60, 90, 120, 150, 180, 270].map((days) => timestamp + days * 86_400)

/** The default calibration with as many of its volatile scenarios as asked for. */
export function benchParameters(scenarios = 24): MarginParameters {
  const { classes, jointRows, ...calibration } = structuredClone(defaultCalibration)
  const volatile = (classes.volatile?.scenarios ?? []).slice(0, scenarios)
  const kept = new Set(volatile.map(({ id }) => id))
  const asset = (symbol: string, underlying: string, decimals = 18) => ({
    symbol,
    decimals,
    underlying,
    rate: { source: 'fixed', value: `${wad}` },
    basis: { initial: '0', maintenance: '0' },
  })
  return parseParameters({
    ...calibration,
    classes: { ...classes, volatile: { scenarios: volatile } },
    jointRows: jointRows.filter(({ take }) => kept.has(take.volatile ?? '')),
    modelId: 1,
    name: 'bench',
    chainId,
    underlyings: structuredClone({ ...defaultUnderlyings }),
    assets: {
      [weth]: asset('WETH', 'ETH'),
      [usdc]: asset('USDC', 'USDC', 6),
      [wbtc]: asset('WBTC', 'BTC', 8),
      [susd]: asset('sUSD', 'SUSD'),
    },
    prices: Object.fromEntries(Object.keys(defaultUnderlyings).map((name) => [name, { source: 'file' }])),
    volatilities: { bench: { source: 'file' } },
    venues: [],
  })
}

/** ETH 2,000, BTC 60,000, stablecoins 1; a smile over 64 strikes and expiries. */
export function benchMarket(): Market {
  const spot = (price: bigint) => ({ price, confidence: wad, updatedAt: timestamp, source: 'bench' })
  const smile = expiries.flatMap((expiry, term) =>
    strikes.map((strike, index) => {
      const low = ((60n + BigInt(Math.abs(index - 3) * 3 - term)) * wad) / 100n
      const key = volatilityKey({ surface: 'bench', expiry, strike: strike * wad })
      return [key, { low, high: low + wad / 100n, confidence: wad, source: 'bench' }] as const
    }),
  )
  return {
    prices: { ETH: spot(2000n * wad), BTC: spot(60_000n * wad), USDC: spot(wad), SUSD: spot(wad) },
    rates: Object.fromEntries([weth, usdc, wbtc, susd].map((key) => [key, wad])),
    volatilities: Object.fromEntries(smile),
    rangeMultipliers: { ETH: wad, BTC: wad, USDC: wad, SUSD: wad },
  }
}

/**
 * A book of `size` claims over four venues with their liquidation rules. Every eight: four options, no two of one contract,
 * one short's collateral, a token at the lending pool, a perpetual or its cash, and liquidity or a debt at the pool.
 */
export function benchPortfolio(size: number): Portfolio {
  const positions = Array.from({ length: size }, (_, index) => positionAt(index))
  const block = { chainId, number: 1n, hash: `0x${'11'.repeat(32)}` as const, timestamp }
  return { account, scope: 'observed', block, positions, venues: [], requirements: [], rules: rulesOf(positions) }
}

/** A book of `size` options, no two of one contract. */
export function benchOptions(size: number): Portfolio {
  const portfolio = benchPortfolio(0)
  return { ...portfolio, positions: Array.from({ length: size }, (_, index) => optionAt(index, index)) }
}

const venueAccount = (venue: string) => ({ chainId, venue, instance: account, holder: account, subAccount: '' })
const heldAt = (venue: string, index: number) => ({
  claim: { chainId, contract: account, holder: account, id: `${venue}-${index.toString().padStart(4, '0')}` },
  venueAccount: venueAccount(venue),
  control: 'venue' as const,
})

function positionAt(index: number): Position {
  const group = Math.floor(index / 8)
  const even = group % 2 === 0
  switch (index % 8) {
    case 0:
    case 1:
    case 2:
    case 3:
      return optionAt(group * 4 + (index % 8), index)
    case 4:
      return { ...heldAt('options', index), kind: 'balance', asset: susd, amount: 4_000n * wad }
    case 5:
      return {
        ...heldAt('lending', index),
        kind: 'balance',
        asset: even ? weth : wbtc,
        amount: even ? 5n * wad : 10n ** 7n,
      }
    case 6:
      return even
        ? { ...heldAt('perpetuals', index), kind: 'balance', asset: usdc, amount: 5_000_000_000n }
        : perpetualAt(group, index)
    default:
      return even
        ? { ...heldAt('lending', index), kind: 'debt', asset: usdc, amount: 2_500_000_000n }
        : liquidityAt(group, index)
  }
}

function optionAt(contract: number, index: number): Position {
  return {
    ...heldAt('options', index),
    kind: 'option',
    underlying: 'ETH',
    quoteAsset: susd,
    right: contract % 2 === 0 ? 'call' : 'put',
    strike: (strikes[contract % strikes.length] ?? 2000n) * wad,
    expiry: expiries[Math.floor(contract / strikes.length) % expiries.length] ?? timestamp,
    size: (contract % 3 === 0 ? -1n : 1n) * (wad + BigInt(contract) * 10n ** 15n),
    surface: 'bench',
  }
}

function perpetualAt(group: number, index: number): Position {
  const isEth = group % 4 === 1
  const size = isEth ? -3n * wad : wad / 20n
  return {
    ...heldAt('perpetuals', index),
    kind: 'perpetual',
    underlying: isEth ? 'ETH' : 'BTC',
    quoteAsset: usdc,
    size,
    cost: size * (isEth ? 2_050n : 59_000n),
    funding: 0n,
  }
}

function liquidityAt(group: number, index: number): Position {
  return {
    ...heldAt('pools', index),
    kind: 'concentratedLiquidity',
    token0: weth,
    token1: usdc,
    liquidity: 10n ** 14n,
    tickLower: -205_000 + 60 * group,
    tickUpper: -195_000 + 60 * group,
    fees0: 10n ** 15n,
    fees1: 10n ** 6n,
  }
}

function rulesOf(positions: readonly Position[]): readonly VenueRule[] {
  const at = (venue: string) => positions.filter((position) => position.venueAccount.venue === venue)
  const quoted = { [weth]: [18, 2_000n], [wbtc]: [8, 60_000n], [usdc]: [6, 1n], [susd]: [18, 1n] } as const
  const tokens = (kind: 'balance' | 'debt') =>
    at('lending').flatMap((position) => {
      if (position.kind !== kind) return []
      const [decimals, price] = quoted[position.asset] ?? [18, 0n]
      return [{ asset: position.asset, amount: position.amount, decimals, quote: price * 10n ** 8n }]
    })
  const cash = at('perpetuals').reduce((sum, held) => sum + (held.kind === 'balance' ? held.amount : 0n), 0n)
  return [
    {
      kind: 'lendingPool',
      venueAccount: venueAccount('lending'),
      averaging: 'truncated',
      collaterals: tokens('balance').map((held) => ({ ...held, liquidationThreshold: 8_250, bonus: 500 })),
      debts: tokens('debt'),
      closeFactor: wad,
    },
    {
      kind: 'perpetualAccount',
      venueAccount: venueAccount('perpetuals'),
      quoteAsset: usdc,
      quoteDecimals: 6,
      cash: cash * 10n ** 12n,
      collaterals: [],
      markets: at('perpetuals').flatMap((held) =>
        held.kind === 'perpetual'
          ? [
              {
                underlying: held.underlying,
                size: held.size,
                cost: held.cost,
                funding: held.funding,
                quote: held.underlying === 'ETH' ? 2_000n * wad : 60_000n * wad,
              },
            ]
          : [],
      ),
      maintenanceRatio: (625n * wad) / 10_000n,
      penaltyRatio: (25n * wad) / 1_000n,
    },
    {
      kind: 'optionCollateral',
      venueAccount: venueAccount('options'),
      underlying: 'ETH',
      quoteAsset: susd,
      quote: 2_000n * wad,
      shorts: at('options').flatMap((held) =>
        held.kind === 'option' && held.size < 0n
          ? [
              {
                id: held.claim.id,
                right: held.right,
                collateralIn: 'quote' as const,
                strike: held.strike,
                expiry: held.expiry,
                amount: -held.size,
                collateral: 3_000n * wad,
              },
            ]
          : [],
      ),
      minimum: {
        quoteCollateral: 200n * wad,
        baseCollateral: wad / 5n,
        shockVolA: (5n * wad) / 2n,
        shockVolPointA: 1_209_600,
        shockVolB: (9n * wad) / 5n,
        shockVolPointB: 4_838_400,
        callSpotShock: (6n * wad) / 5n,
        putSpotShock: (4n * wad) / 5n,
        rate: wad / 20n,
      },
      penaltyRatio: wad / 5n,
      minimumPenalty: 15n * wad,
    },
  ]
}
