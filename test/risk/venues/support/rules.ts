import { type AssetKey, toAssetKey, type Underlying } from '../../../../src/core/asset.ts'
import type { VenueAccount } from '../../../../src/core/position.ts'
import type {
  BaseDebtRule,
  CollateralizedPerpetualRule,
  IsolatedLoanRule,
  IsolatedPerpetualRule,
  LendingPoolRule,
  MakerOrders,
  MoneyMarketRule,
  OptionCollateralRule,
  PerpetualAccountRule,
} from '../../../../src/core/venueRule.ts'
import { amountsForLiquidity, virtualSqrtPriceOf } from '../../../../src/kernel/concentratedLiquidity.ts'
import type { VenueShift } from '../../../../src/risk/venues/shift.ts'

export const wad = 10n ** 18n

const assetOf = (digits: string): AssetKey => toAssetKey(1, `0x${digits.repeat(20)}`)
export const weth = assetOf('01')
export const usdc = assetOf('02')
export const susd = assetOf('03')
/** A token that the parameter set does not know. */
export const unknownToken = assetOf('0f')

export const now = 1_000_000
export const venueAccount: VenueAccount = {
  chainId: 1,
  venue: 'venue',
  instance: `0x${'0a'.repeat(20)}`,
  holder: `0x${'0b'.repeat(20)}`,
  subAccount: '',
}

const basePrices: Readonly<Record<Underlying, bigint>> = { ETH: 2_000n * wad, USDC: wad, SUSD: wad }
const underlyings: Readonly<Record<AssetKey, Underlying>> = { [weth]: 'ETH', [usdc]: 'USDC', [susd]: 'SUSD' }

/** Ether at 2,000 and stablecoins at 1 USD before the move; prices after it in WAD, unmoved when not named. */
export function shiftTo(
  prices: Readonly<Record<Underlying, bigint>> = {},
  rates: Readonly<Record<AssetKey, bigint>> = {},
): VenueShift {
  const base = (underlying: Underlying) => {
    const price = basePrices[underlying]
    if (price === undefined) throw new Error(`no price of ${underlying}`)
    return price
  }
  return {
    price: (underlying) => prices[underlying] ?? base(underlying),
    base,
    underlyingOf: (asset) => underlyings[asset],
    rate: (asset) => rates[asset] ?? wad,
    timestamp: now,
  }
}

/** 10 WETH at 2,000 USD, threshold 82.5 %, bonus 5 %, against 5,000 USDC. */
export function lendingPool(changes: Partial<LendingPoolRule> = {}): LendingPoolRule {
  return {
    kind: 'lendingPool',
    venueAccount,
    averaging: 'truncated',
    collaterals: [wethCollateral(10n * wad)],
    debts: [usdcDebt(5_000n * 10n ** 6n)],
    closeFactor: wad,
    ...changes,
  }
}

export function wethCollateral(amount: bigint) {
  return { asset: weth, amount, decimals: 18, quote: 2_000n * 10n ** 8n, liquidationThreshold: 8_250, bonus: 500 }
}

export function usdcDebt(amount: bigint) {
  return { asset: usdc, amount, decimals: 6, quote: 10n ** 8n }
}

/** 10 WETH against `amount` USDC (smallest units) at 2,000 USDC and at most 86 % loan to value. */
export function isolatedLoan(amount: bigint): IsolatedLoanRule {
  return {
    kind: 'isolatedLoan',
    venueAccount,
    collateral: { asset: weth, amount: 10n * wad },
    debt: { asset: usdc, amount, decimals: 6 },
    quote: 2_000n * 10n ** 24n,
    liquidationLtv: (86n * wad) / 100n,
  }
}

/** 10 WETH at 2,000 USD, counted with 89.5 % and seized at 95 %, against `amount` USDC (smallest units). */
export function baseDebt(amount: bigint): BaseDebtRule {
  return {
    kind: 'baseDebt',
    venueAccount,
    collaterals: [
      {
        asset: weth,
        amount: 10n * wad,
        decimals: 18,
        quote: 2_000n * 10n ** 8n,
        liquidateCollateralFactor: (895n * wad) / 1_000n,
        liquidationFactor: (95n * wad) / 100n,
      },
    ],
    debt: usdcDebt(amount),
  }
}

/** The contracts of the markets of {@link moneyMarket}. */
export const [wethMarket, usdcMarket] = [`0x${'c1'.repeat(20)}`, `0x${'c2'.repeat(20)}`] as const

/** 10 WETH (500 shares of 8 decimals) at 2,000 USD and 82.5 % against `amount` USDC (smallest units); incentive 8 %. */
export function moneyMarket(amount: bigint, changes: Partial<MoneyMarketRule> = {}): MoneyMarketRule {
  return {
    kind: 'moneyMarket',
    venueAccount,
    truncation: 'factorFirst',
    collaterals: [wethShares(500n * 10n ** 8n)],
    debts: [marketDebt(amount)],
    closeFactor: wad,
    liquidationIncentive: (108n * wad) / 100n,
    ...changes,
  }
}

export function wethShares(shares: bigint) {
  return {
    asset: weth,
    market: wethMarket,
    shares,
    exchangeRate: 2n * 10n ** 26n,
    decimals: 18,
    quote: 2_000n * wad,
    factor: (825n * wad) / 1_000n,
  }
}

export function marketDebt(amount: bigint) {
  return { asset: usdc, market: usdcMarket, amount, decimals: 6, quote: 10n ** 30n, isForced: false }
}

/** Short 14 ETH from 2,000 on 16,000 USDC; maintenance 6.25 %, penalty 2.5 %. */
export function perpetualAccount(changes: Partial<PerpetualAccountRule> = {}): PerpetualAccountRule {
  return {
    kind: 'perpetualAccount',
    venueAccount,
    quoteAsset: usdc,
    quoteDecimals: 6,
    cash: 16_000n * wad,
    collaterals: [],
    markets: [ethMarket(-14n * wad, 2_000n * wad)],
    maintenanceRatio: (625n * wad) / 10_000n,
    penaltyRatio: (25n * wad) / 1_000n,
    ...changes,
  }
}

/** A position in ETH entered and quoted at `price`. */
export function ethMarket(size: bigint, price: bigint) {
  return { underlying: 'ETH', size, cost: (size * price) / wad, funding: 0n, quote: price }
}

/** Long 10 ETH from 2,000 on 4,000 sUSD, with the parameters of the devnet's market at Synthetix. */
export function isolatedPerpetual(changes: Partial<IsolatedPerpetualRule> = {}): IsolatedPerpetualRule {
  return {
    kind: 'isolatedPerpetual',
    venueAccount,
    underlying: 'ETH',
    quoteAsset: susd,
    quote: 2_000n * wad,
    margin: 4_000n * wad,
    size: 10n * wad,
    cost: 20_000n * wad,
    funding: 0n,
    bufferRatio: (75n * wad) / 10_000n,
    feeRatio: (35n * wad) / 10_000n,
    minimumFee: 2n * wad,
    maximumFee: 1_000n * wad,
    keeperFee: 2n * wad,
    skewScale: 1_000_000n * wad,
    premiumMultiplier: wad,
    ...changes,
  }
}

/** Long 10 ETH from 2,000 on 2,000 USDC at a dollar, with no impact to come: 12 of fee to close, 40 to liquidate, at least 100. */
export function collateralizedPerpetual(
  changes: Partial<CollateralizedPerpetualRule> = {},
): CollateralizedPerpetualRule {
  return {
    kind: 'collateralizedPerpetual',
    venueAccount,
    underlying: 'ETH',
    quote: 2_000n * wad,
    collateral: { asset: usdc, amount: 2_000n * 10n ** 6n, decimals: 6, quote: wad },
    size: 10n * wad,
    cost: 20_000n * wad,
    funding: 0n,
    pendingImpact: 0n,
    closingImpact: 0n,
    impactLimit: 100n * wad,
    closingFee: 12n * wad,
    liquidationFee: 40n * wad,
    minimum: 100n * wad,
    ...changes,
  }
}

/** The orders of a pool at 2,000: 1,000 units of liquidity around it and as many above it, borrowed there. */
export function makerOrders(): MakerOrders {
  const sqrtPrice = virtualSqrtPriceOf(2_000n * wad)
  const orders = [
    [70_000, 80_000],
    [78_000, 84_000],
  ].map(([tickLower = 0, tickUpper = 0], index) => {
    const range = { liquidity: 1_000n * wad, tickLower, tickUpper }
    const { amount0, amount1 } = amountsForLiquidity({ ...range, sqrtPrice })
    return { id: `${index}`, ...range, baseDebt: amount0 + 1n, quoteDebt: amount1 + 1n }
  })
  return { sqrtPrice, orders }
}

const weeks = (count: number) => count * 604_800

/** Shorts on ETH at a spot of 2,000 with the parameters of Lyra's own tests. */
export function optionCollateral(
  shorts: OptionCollateralRule['shorts'],
  changes: Partial<OptionCollateralRule> = {},
): OptionCollateralRule {
  return {
    kind: 'optionCollateral',
    venueAccount,
    underlying: 'ETH',
    quoteAsset: susd,
    quote: 2_000n * wad,
    shorts,
    minimum: {
      quoteCollateral: 200n * wad,
      baseCollateral: wad / 5n,
      shockVolA: (5n * wad) / 2n,
      shockVolPointA: weeks(2),
      shockVolB: (9n * wad) / 5n,
      shockVolPointB: weeks(8),
      callSpotShock: (6n * wad) / 5n,
      putSpotShock: (4n * wad) / 5n,
      rate: wad / 20n,
    },
    penaltyRatio: wad / 5n,
    minimumPenalty: 15n * wad,
    ...changes,
  }
}

/** One short at strike 2,000, four weeks before its expiry. */
export function short(
  right: 'call' | 'put',
  collateralIn: 'base' | 'quote',
  {
    amount = wad,
    collateral,
    expiry = now + weeks(4),
    id = '',
  }: { amount?: bigint; collateral: bigint; expiry?: number; id?: string },
): OptionCollateralRule['shorts'][number] {
  return { id, right, collateralIn, strike: 2_000n * wad, expiry, amount, collateral }
}
