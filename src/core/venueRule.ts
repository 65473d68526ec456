import type { Address } from 'viem'
import type { AssetKey, Underlying } from './asset.ts'
import type { VenueAccount } from './position.ts'
import type { Wad } from './units.ts'

/** Tokens at a venue with the venue's own price of one whole token, in the venue's unit of account. */
export type QuotedTokens = {
  readonly asset: AssetKey
  /** Smallest units, not negative. */
  readonly amount: bigint
  readonly decimals: number
  readonly quote: bigint
}

/**
 * A pooled lending account: liquidatable when Σ collateral · threshold no longer covers the debt.
 * `averaging` is how the venue rounds: Aave truncates the average threshold to basis points up to 3.4, and from 3.5 on does not.
 * Quotes in USD with 8 decimals; `liquidationThreshold` and `bonus` in basis points, the bonus beyond 100 %.
 */
export type LendingPoolRule = {
  readonly kind: 'lendingPool'
  readonly venueAccount: VenueAccount
  readonly averaging: 'truncated' | 'exact'
  readonly collaterals: readonly (QuotedTokens & { readonly liquidationThreshold: number; readonly bonus: number })[]
  readonly debts: readonly QuotedTokens[]
  /** Share of the debt that one liquidation repays, WAD. */
  readonly closeFactor: Wad
}

/** One collateral against one debt with a maximum loan-to-value (Morpho Blue). `quote` in loan tokens, 36 decimals as the venue scales it. */
export type IsolatedLoanRule = {
  readonly kind: 'isolatedLoan'
  readonly venueAccount: VenueAccount
  readonly collateral: { readonly asset: AssetKey; readonly amount: bigint }
  readonly debt: { readonly asset: AssetKey; readonly amount: bigint; readonly decimals: number }
  /** Oracle price: debt smallest units per collateral smallest unit, scaled by 1e36. */
  readonly quote: bigint
  readonly liquidationLtv: Wad
}

/** One base debt against several collaterals (Compound III). Quotes in USD with 8 decimals; factors in WAD. */
export type BaseDebtRule = {
  readonly kind: 'baseDebt'
  readonly venueAccount: VenueAccount
  readonly collaterals: readonly (QuotedTokens & {
    readonly liquidateCollateralFactor: Wad
    readonly liquidationFactor: Wad
  })[]
  readonly debt: QuotedTokens
}

/**
 * An account of Compound v2 or of a fork: liquidatable when its debts exceed what its shares carry. Quotes in USD per smallest
 * unit, scaled by 1e36 as the venue scales them; factors, exchange rates and the incentive are mantissas of 1e18.
 */
export type MoneyMarketRule = {
  readonly kind: 'moneyMarket'
  readonly venueAccount: VenueAccount
  /** Which product the venue truncates first: Compound v2 factor × exchange rate, Venus exchange rate × price. */
  readonly truncation: 'factorFirst' | 'priceFirst'
  readonly collaterals: readonly {
    readonly asset: AssetKey
    /** The contract of the shares. */
    readonly market: Address
    /** Shares in their smallest unit, not negative. */
    readonly shares: bigint
    /** Smallest units of the asset per share. */
    readonly exchangeRate: Wad
    /** Of the asset. */
    readonly decimals: number
    readonly quote: bigint
    /** Share of the value that carries debt until a liquidation. */
    readonly factor: Wad
  }[]
  readonly debts: readonly (QuotedTokens & {
    readonly market: Address
    /** Whether anyone may repay all of it at any time, whatever the account is worth. */
    readonly isForced: boolean
  })[]
  /** Share of a debt that one liquidation repays. */
  readonly closeFactor: Wad
  /** Collateral that a liquidator gets for what it repays, at least 1. */
  readonly liquidationIncentive: Wad
}

/** Orders that make a market in a perpetual: liquidity of one pool of virtual tokens of 18 decimals, base for quote. */
export type MakerOrders = {
  /** √(quote per base) at which the pool stands, Q96. */
  readonly sqrtPrice: bigint
  readonly orders: readonly {
    /** Claim id of the order. */
    readonly id: string
    readonly liquidity: bigint
    readonly tickLower: number
    readonly tickUpper: number
    /** Borrowed to provide the liquidity, WAD. */
    readonly baseDebt: Wad
    readonly quoteDebt: Wad
  }[]
}

/** A perpetual margin account: liquidatable when its value falls below a share of its notional (Perpetual v2). WAD amounts of the quote asset. */
export type PerpetualAccountRule = {
  readonly kind: 'perpetualAccount'
  readonly venueAccount: VenueAccount
  readonly quoteAsset: AssetKey
  /** The venue rounds the account value down to this many decimals. */
  readonly quoteDecimals: number
  /** Settlement balance with realized results, signed. */
  readonly cash: Wad
  /** Other collateral at the venue's price, counted with `ratio`; a forced sale costs the share `discount` of it. */
  readonly collaterals: readonly {
    readonly asset: AssetKey
    readonly value: Wad
    readonly ratio: Wad
    readonly discount: Wad
  }[]
  readonly markets: readonly {
    readonly underlying: Underlying
    readonly size: Wad
    readonly cost: Wad
    readonly funding: Wad
    /** The venue's price, quote asset per unit. */
    readonly quote: Wad
    /** What the account holds through orders, besides `size`. */
    readonly maker?: MakerOrders | undefined
  }[]
  readonly maintenanceRatio: Wad
  /** Fee of a liquidation as a share of the notional. */
  readonly penaltyRatio: Wad
  /**
   * How far cash and unrealized results may be negative before the venue sells other collateral, if there is any: a share of
   * what that collateral counts for, and an amount.
   */
  readonly settlementDebt?: { readonly ratio: Wad; readonly limit: Wad } | undefined
}

/**
 * A perpetual with margin of its own (Synthetix Perps v2): liquidatable when what remains of the margin, less the premium
 * `size² / skewScale · premiumMultiplier · price`, is at most `bufferRatio · notional + fee + keeperFee` with the fee
 * `feeRatio · notional` between its bounds. WAD amounts of the quote asset.
 */
export type IsolatedPerpetualRule = {
  readonly kind: 'isolatedPerpetual'
  readonly venueAccount: VenueAccount
  readonly underlying: Underlying
  readonly quoteAsset: AssetKey
  /** The venue's price, quote asset per unit. */
  readonly quote: Wad
  readonly margin: Wad
  readonly size: Wad
  readonly cost: Wad
  readonly funding: Wad
  readonly bufferRatio: Wad
  readonly feeRatio: Wad
  readonly minimumFee: Wad
  readonly maximumFee: Wad
  readonly keeperFee: Wad
  /** In units of the underlying. */
  readonly skewScale: Wad
  readonly premiumMultiplier: Wad
}

/**
 * A perpetual with collateral of its own in one token (GMX v2). What remains is the collateral at the venue's price, with
 * `size · quote − cost + funding` and the impact of closing, less `closingFee`. Liquidatable when that is not above zero or
 * below `minimum`. The impact is `closingImpact + pendingImpact · quote`; it counts against the account only, and at most
 * `impactLimit` of it. WAD US dollars.
 */
export type CollateralizedPerpetualRule = {
  readonly kind: 'collateralizedPerpetual'
  readonly venueAccount: VenueAccount
  readonly underlying: Underlying
  /** The venue's price of one unit of the underlying. */
  readonly quote: Wad
  /** `quote` of one whole token in WAD US dollars. */
  readonly collateral: QuotedTokens
  readonly size: Wad
  readonly cost: Wad
  readonly funding: Wad
  /** Units of the underlying that opening is still to gain, or to pay where negative. */
  readonly pendingImpact: Wad
  readonly closingImpact: Wad
  readonly impactLimit: Wad
  readonly closingFee: Wad
  readonly liquidationFee: Wad
  readonly minimum: Wad
}

/** Short options each with collateral of their own: liquidatable when any holds less than the venue's minimum (Lyra Avalon). WAD. */
export type OptionCollateralRule = {
  readonly kind: 'optionCollateral'
  readonly venueAccount: VenueAccount
  readonly underlying: Underlying
  readonly quoteAsset: AssetKey
  /** The venue's spot price. */
  readonly quote: Wad
  readonly shorts: readonly {
    /** Claim id of the short and of its collateral. */
    readonly id: string
    readonly right: 'call' | 'put'
    readonly collateralIn: 'base' | 'quote'
    readonly strike: Wad
    readonly expiry: number
    readonly amount: Wad
    readonly collateral: Wad
  }[]
  readonly minimum: {
    readonly quoteCollateral: Wad
    readonly baseCollateral: Wad
    readonly shockVolA: Wad
    readonly shockVolPointA: number
    readonly shockVolB: Wad
    readonly shockVolPointB: number
    readonly callSpotShock: Wad
    readonly putSpotShock: Wad
    readonly rate: Wad
  }
  /** Share of the collateral left after closing that a liquidation takes on top, and its floor in quote units, WAD. */
  readonly penaltyRatio: Wad
  readonly minimumPenalty: Wad
}

/** A venue's own liquidation rule for one venue account, with its parameters and prices as read from the chain. */
export type VenueRule =
  | LendingPoolRule
  | IsolatedLoanRule
  | BaseDebtRule
  | MoneyMarketRule
  | PerpetualAccountRule
  | IsolatedPerpetualRule
  | CollateralizedPerpetualRule
  | OptionCollateralRule
