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
  | 'oracleConfidence'
  | 'venueFailure'
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

/** One scenario of one underlying; `pnl` is unweighted, `pnlByPosition` in the order of the result's positions. WAD USD. */
export type ScenarioOutcome = {
  readonly id: string
  readonly price: Wad
  readonly vol: 'up' | 'down' | 'none'
  readonly weight: Wad
  readonly pnl: Wad
  readonly loss: Wad
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

/** One joint row. WAD USD. */
export type JointOutcome = {
  readonly id: string
  readonly weight: Wad
  readonly pnl: Wad
  readonly loss: Wad
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
    readonly venueOwn: Requirement
  }[]
  readonly model: Requirement
  readonly venueOwn: Requirement
  readonly savingAgainstModel: Requirement
  readonly savingAgainstVenues: Requirement
}

/** A margin with everything that explains it. Requirements are rounded up, equity down, to quote units. */
export type MarginResult = {
  readonly model: 'plimsoll-1'
  readonly modelId: number
  readonly parametersHash: Hash
  readonly account: Address
  readonly scope: 'observed' | 'enforceable'
  readonly block: PinnedBlock
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
  /** Earliest option expiry in the book, Unix seconds: no record may be valid past it. */
  readonly nextExpiry: number | null
  readonly assumptions: readonly string[]
}
