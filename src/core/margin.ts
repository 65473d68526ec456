import type { Address, Hash } from 'viem'
import type { Underlying } from './asset.ts'
import type { PinnedBlock } from './portfolio.ts'
import type { Position } from './position.ts'
import type { QuoteUnits, Wad } from './units.ts'

/** An initial and a maintenance requirement. */
export type Requirement = { readonly initial: QuoteUnits; readonly maintenance: QuoteUnits }

/** One line of the requirement; a book's lines sum to its initial and maintenance margin exactly. */
export type MarginLine = Requirement & { readonly id: MarginLineId }

/** Lines of `plimsoll-1` in the order of their sum. */
export type MarginLineId =
  | 'scan'
  | 'wrappedBasis'
  | 'shortOptionMinimum'
  | 'hedgedDeltaMinimum'
  | 'liquidity'
  | 'oracleConfidence'
  | 'settlementGap'
  | 'venueFailure'
  | 'venueFloor'
  | 'arithmetic'
  | 'longOptionCap'

/** How far equity covers the maintenance requirement. A deficit is negative equity, whose ratio is zero. */
export type MarginRatio =
  | { readonly kind: 'finite'; readonly value: Wad }
  | { readonly kind: 'unbounded' }
  | { readonly kind: 'deficit'; readonly deficit: QuoteUnits }

/** A position as the model sees it, after netting. Values in WAD USD. */
export type ValuedPosition = {
  readonly key: string
  readonly venue: string
  readonly venueAccount: string
  readonly position: Position
  /** Full value at the marks. */
  readonly value: Wad
  /** What counts: credit on a positive value, the whole of a negative one, before the paper haircut. */
  readonly creditedValue: Wad
}

/**
 * One scenario of one underlying. `pnl` is unweighted and counts what venues do to the legs that they liquidate there;
 * `pnlByPosition`, in the order of the result's positions, does not. WAD USD.
 */
export type ScenarioOutcome = {
  readonly id: string
  readonly price: Wad
  readonly vol: 'up' | 'down' | 'none'
  readonly weight: Wad
  readonly pnl: Wad
  readonly loss: Wad
  /** Venue accounts whose venue liquidates them on the way here. */
  readonly liquidated: readonly string[]
  readonly pnlByPosition: readonly Wad[]
}

/** All scenarios of one underlying; `worst` is the lowest index attaining the largest loss, absent without a loss. */
export type UnderlyingOutcome = {
  readonly underlying: Underlying
  readonly spot: Wad
  readonly scenarios: readonly ScenarioOutcome[]
  readonly worst: string | null
  /** max(0, largest weighted loss), WAD USD. */
  readonly charge: Wad
}

/** One joint row, as {@link ScenarioOutcome}. WAD USD. */
export type JointOutcome = {
  readonly id: string
  readonly weight: Wad
  readonly pnl: Wad
  readonly loss: Wad
  readonly liquidated: readonly string[]
  readonly pnlByPosition: readonly Wad[]
}

/** The nearest scenario in which a venue liquidates an account by its own rule; null when none does. */
export type FirstLiquidation = {
  readonly venueAccount: string
  readonly underlying: Underlying
  readonly scenario: string
  readonly price: Wad
}

/** Scan risk: `A` sums underlyings, `J` is the worst joint row, `charge` interpolates (model section 5). WAD USD. */
export type ScanOutcome = {
  readonly underlyings: readonly UnderlyingOutcome[]
  readonly joint: readonly JointOutcome[]
  readonly worstJoint: string | null
  readonly sum: Wad
  readonly jointCharge: Wad
  readonly charge: Wad
}

/** An asset that is credited zero, with the reason. */
export type UnpricedAsset = {
  readonly key: string
  readonly venue: string
  readonly asset: string
  readonly reason: string
}

/** The requirement of each venue alone, by this model and by the venue itself, and what netting saves against their sums. */
export type Standalone = {
  readonly venues: readonly {
    readonly venueAccount: string
    readonly venue: string
    readonly model: Requirement
    /** The scan line of {@link model}: what the positions can lose, without the venue's own failure. */
    readonly scan: Requirement
    /** Null when the venue may demand something and the snapshot does not say what. */
    readonly venueOwn: Requirement | null
  }[]
  readonly model: Requirement
  readonly scan: Requirement
  /** Null when that of any venue is. */
  readonly venueOwn: Requirement | null
  readonly savingAgainstModel: Requirement
  /** What netting takes off the scan lines: the part of the saving that does not come from several venues failing apart. */
  readonly savingOnScan: Requirement
  /** Null when what the venues demand is not known. */
  readonly savingAgainstVenues: Requirement | null
}

/** Why an account in scope enforceable is refused for what it holds or owes. */
export type AccountRefusal = {
  /** Name of the error that an account in scope observed gets. */
  readonly error: string
  readonly reason: string
  readonly details: readonly string[]
}

/** A margin with everything that explains it. Requirements are rounded up, equity down, to quote units. */
export type MarginResult = {
  readonly model: 'plimsoll-1'
  readonly modelId: number
  readonly parametersHash: Hash
  readonly account: Address
  readonly scope: 'observed' | 'enforceable'
  readonly block: PinnedBlock
  /**
   * Null for a margin. With a refusal there is none: requirements are zero, equity is the least that a record holds, and
   * nothing else is calculated.
   */
  readonly refusal: AccountRefusal | null
  readonly equity: QuoteUnits
  readonly initialMargin: QuoteUnits
  readonly maintenanceMargin: QuoteUnits
  /** `equity − initialMargin`. */
  readonly freeEquity: QuoteUnits
  readonly ratio: MarginRatio
  readonly lines: readonly MarginLine[]
  readonly scan: ScanOutcome
  readonly positions: readonly ValuedPosition[]
  readonly standalone: Standalone
  readonly unpriced: readonly UnpricedAsset[]
  /** Per venue account with a rule and underlying, nearest first. */
  readonly firstLiquidations: readonly FirstLiquidation[]
  /** True when a venue account liquidates within the parameter set's critical distance of today's prices. */
  readonly venueCritical: boolean
  /** Venue accounts with debts or shorts of which the snapshot has no liquidation rule. */
  readonly withoutPhysics: readonly string[]
  /** Earliest option expiry in the book, Unix seconds: no record may be valid past it. */
  readonly nextExpiry: number | null
  readonly assumptions: readonly string[]
}
