import type { Address } from 'viem'
import type { AssetKey, Underlying } from './asset.ts'
import type { Wad } from './units.ts'

/** What is owned or owed, and by whom. No two positions of a portfolio may carry the same claim. */
export type Claim = {
  readonly chainId: number
  /** The contract that keeps the claim (a token, a position manager, a vault). */
  readonly contract: Address
  readonly holder: Address
  /** Distinguishes claims of one holder at one contract; empty for a fungible token. */
  readonly id: string
}

/** The account at a venue within which positions net, are liquidated together and fail together. */
export type VenueAccount = {
  readonly chainId: number
  /** Venue of the parameter set, such as `aave-v3`. */
  readonly venue: string
  readonly instance: Address
  readonly holder: Address
  readonly subAccount: string
}

/**
 * Who can take the position away.
 * `free`: the holder at any time. `venue`: the holder within the venue's rule. `enforceable`: nobody past a `MarginAccount`.
 * `consumer`: a debt to one of our own consumers.
 */
export type Control = 'free' | 'venue' | 'enforceable' | 'consumer'

type Held = {
  readonly claim: Claim
  readonly venueAccount: VenueAccount
  readonly control: Control
  /** What the venue itself says the claim is worth, WAD USD; for comparison only. */
  readonly venueValue?: Wad | undefined
}

/** Tokens held. `amount` in the token's smallest unit, not negative. */
export type Balance = Held & { readonly kind: 'balance'; readonly asset: AssetKey; readonly amount: bigint }

/** Tokens owed. `amount` in the token's smallest unit, not negative. */
export type Debt = Held & { readonly kind: 'debt'; readonly asset: AssetKey; readonly amount: bigint }

/**
 * A linear perpetual. Profit in the quote asset is `size · price − cost + funding`.
 * `size` in units of the underlying, long positive; `cost`, `funding` in USD; all WAD.
 */
export type Perpetual = Held & {
  readonly kind: 'perpetual'
  readonly underlying: Underlying
  /** Null where the venue counts in US dollars, and pays and takes them in tokens at the price of the day (GMX v2). */
  readonly quoteAsset: AssetKey | null
  readonly size: Wad
  readonly cost: Wad
  readonly funding: Wad
}

/** A European option, cash settled in the quote asset. `size` long positive and `strike` in USD, WAD; `expiry` in Unix seconds. */
export type Option = Held & {
  readonly kind: 'option'
  readonly underlying: Underlying
  readonly quoteAsset: AssetKey
  readonly right: 'call' | 'put'
  readonly strike: Wad
  readonly expiry: number
  readonly size: Wad
  /** Names the volatility surface that prices it. */
  readonly surface: string
  /**
   * How it settles, near and past its expiry. `averaging`: the share of the settlement window already observed and the average
   * so far. `final`: the price it settles at. WAD.
   */
  readonly settlement?:
    | { readonly kind: 'averaging'; readonly observed: Wad; readonly average: Wad }
    | { readonly kind: 'final'; readonly price: Wad }
    | undefined
}

/** Liquidity between two ticks of a Uniswap pool; `fees0`, `fees1` are the uncollected fees in smallest units. */
export type ConcentratedLiquidity = Held & {
  readonly kind: 'concentratedLiquidity'
  /** Why it counts as zero whatever its tokens are worth, such as a hook that decides over withdrawals; else absent. */
  readonly uncounted?: string | undefined
  readonly token0: AssetKey
  readonly token1: AssetKey
  readonly liquidity: bigint
  readonly tickLower: number
  readonly tickUpper: number
  readonly fees0: bigint
  readonly fees1: bigint
}

/**
 * An order that makes a market in a perpetual (Perpetual v2): liquidity between two ticks of a pool in which virtual tokens of
 * 18 decimals trade, base for quote, less what was borrowed to provide it. Profit in the quote asset is
 * `(base − baseDebt) · price + quote − quoteDebt` with the amounts of the range at that price. Debts in WAD.
 */
export type PerpetualLiquidity = Held & {
  readonly kind: 'perpetualLiquidity'
  readonly underlying: Underlying
  readonly quoteAsset: AssetKey
  readonly liquidity: bigint
  readonly tickLower: number
  readonly tickUpper: number
  readonly baseDebt: Wad
  readonly quoteDebt: Wad
}

/** A debt to a consumer of our own records, in WAD USD, rounded up; not shocked. */
export type ConsumerDebt = Held & { readonly kind: 'consumerDebt'; readonly amount: Wad }

/** One normalized holding. */
export type Position = Balance | Debt | Perpetual | Option | ConcentratedLiquidity | PerpetualLiquidity | ConsumerDebt

/** The claim as text; also the order in which positions are listed. */
export function claimKey({ chainId, contract, holder, id }: Claim): string {
  return [chainId, contract.toLowerCase(), holder.toLowerCase(), id].join(':')
}

/** The venue account as text. */
export function venueAccountKey({ chainId, venue, instance, holder, subAccount }: VenueAccount): string {
  return [chainId, venue, instance.toLowerCase(), holder.toLowerCase(), subAccount].join(':')
}
