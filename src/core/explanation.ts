import type { Underlying } from './asset.ts'
import type { MarginLine, MarginResult, Requirement } from './margin.ts'
import type { Wad } from './units.ts'

/** A requirement that may be negative: what a position adds or, as a hedge, takes away. */
export type SignedRequirement = Requirement

/**
 * What one position contributes. `lines` are those of the result in their order; over all positions each line, and the
 * total, sums to the result's to the unit. Quote units.
 */
export type Contribution = {
  readonly key: string
  readonly lines: readonly MarginLine[]
  /** The part of `scan` that is due to venues liquidating, in the scenarios that bind, the account of the position. */
  readonly liquidation: SignedRequirement
  readonly total: SignedRequirement
}

/** One row on which the scan rests: its share of the charge and the venue accounts that are liquidated in it. */
export type BindingRow = {
  /** Null for a joint row. */
  readonly underlying: Underlying | null
  readonly id: string
  /** Factor of the row's weighted loss in the charge, WAD. */
  readonly share: Wad
  readonly weight: Wad
  readonly liquidated: readonly string[]
}

/** The requirement without one position, with its venue's rule less that claim, and how much less it is. Quote units. */
export type IncrementalMargin = {
  readonly key: string
  readonly without: Requirement
  readonly difference: SignedRequirement
}

/** P&L of every venue account, venues' liquidations included, in the order of the result's scenarios. WAD USD, unweighted. */
export type AccountPnlTable = {
  readonly venueAccounts: readonly { readonly venueAccount: string; readonly venue: string }[]
  readonly underlyings: readonly {
    readonly underlying: Underlying
    readonly scenarios: readonly { readonly id: string; readonly pnl: readonly Wad[] }[]
  }[]
  readonly joint: readonly { readonly id: string; readonly pnl: readonly Wad[] }[]
}

/**
 * Sensitivities of the full, uncredited value in one underlying and expiry, `expiry` null for what has none; forwards equal
 * spot and rates are zero. All WAD.
 */
export type GreekBucket = {
  readonly underlying: Underlying
  /** Unix seconds. */
  readonly expiry: number | null
  /** USD per USD of the underlying, so units of it. */
  readonly delta: Wad
  /** Delta per USD of the underlying. */
  readonly gamma: Wad
  /** USD per 1.00 of annual volatility, all volatilities of the bucket moving alike. */
  readonly vega: Wad
  /** USD per day of 86,400 s that passes, prices and volatilities standing still. */
  readonly theta: Wad
}

/** What this model and what the venue say a position is worth. WAD USD; `relative` to the venue's, null when that is zero. */
export type MarkGap = {
  readonly key: string
  readonly model: Wad
  readonly venue: Wad
  readonly gap: Wad
  readonly relative: Wad | null
}

/**
 * Where netting saves: requirements of ever larger books, each summed, and what each step takes away. A step may cost
 * instead, when a venue liquidates or fails with more. Quote units.
 */
export type NettingSteps = {
  /** Every claim alone, outside any venue account. */
  readonly positions: Requirement
  /** Every venue account alone, as `standalone.model`. */
  readonly accounts: Requirement
  /** Every venue alone, all its accounts together. */
  readonly venues: Requirement
  readonly book: Requirement
  /** `positions − accounts`. */
  readonly withinAccounts: SignedRequirement
  /** `accounts − venues`. */
  readonly withinVenues: SignedRequirement
  /** `venues − book`: what no venue can see. */
  readonly acrossVenues: SignedRequirement
}

/** Why a margin is what it is (model section 7). Lists by position follow the result's positions. */
export type MarginExplanation = {
  readonly binding: readonly BindingRow[]
  readonly contributions: readonly Contribution[]
  readonly incremental: readonly IncrementalMargin[]
  readonly pnlByVenueAccount: AccountPnlTable
  readonly greeks: readonly GreekBucket[]
  /** Positions of which the venue gives a value. */
  readonly markGaps: readonly MarkGap[]
  readonly netting: NettingSteps
}

/** A margin with its explanation. */
export type ExplainedMargin = MarginResult & { readonly explanation: MarginExplanation }
