import type { AssetKey, Underlying } from '../../core/asset.ts'
import { UnpricedLiabilityError } from '../../core/errors.ts'
import { type Wad, wad } from '../../core/units.ts'
import type { OptionCollateralRule } from '../../core/venueRule.ts'
import { ceilDiv, floorDiv } from '../../kernel/fixedPoint.ts'

/** A short option without its collateral. */
export type ShortContract = Omit<OptionCollateralRule['shorts'][number], 'collateral'>

/** How far our own prices have moved since a rule was read. */
export type VenueShift = {
  /** Our own price of an underlying after the move, WAD USD. */
  readonly price: (underlying: Underlying) => Wad
  /** The same before the move, positive. */
  readonly base: (underlying: Underlying) => Wad
  /** Undefined for a token that the parameter set does not know. */
  readonly underlyingOf: (asset: AssetKey) => Underlying | undefined
  /** Units of its underlying in one whole token that the parameter set knows, WAD. */
  readonly rate: (asset: AssetKey) => Wad
  /** Unix seconds of the block. */
  readonly timestamp: number
  /** Computes once what depends on one item of a rule and the price of one underlying alone; every time when absent. */
  readonly item?: <Value>(item: object, underlying: Underlying, compute: () => Value) => Value
  /** Computes once what a venue demands for a short at a spot price; every time when absent. */
  readonly once?: (rule: OptionCollateralRule, short: ShortContract, spot: Wad, compute: () => Wad) => Wad
}

/** What a venue does to one venue account. */
export type VenueState = {
  /** Whether the venue's own rule lets anyone liquidate the account. */
  readonly isLiquidatable: boolean
  /** WAD USD, rounded up: what a liquidation costs the account, whether or not it is due. */
  readonly penalty: Wad
  /** WAD USD, rounded down, negative when short: what could be withdrawn before the venue liquidates. */
  readonly slack: Wad
}

type Quoted = { readonly asset: AssetKey; readonly quote: bigint }

/** The value of one item of a rule at the moved price of its underlying. */
export function itemValue<Value>(
  item: object,
  underlying: Underlying | undefined,
  shift: VenueShift,
  compute: () => Value,
): Value {
  return underlying === undefined || !shift.item ? compute() : shift.item(item, underlying, compute)
}

/** A venue's quote of collateral times S_s/S, rounded down; an asset that we do not know counts nothing. */
export function collateralQuote({ asset, quote }: Quoted, shift: VenueShift): bigint {
  const underlying = shift.underlyingOf(asset)
  return underlying === undefined ? 0n : moveDown(quote, underlying, shift)
}

/** A venue's quote of a debt times S_s/S, rounded up; an asset that we do not know stands still. */
export function debtQuote({ asset, quote }: Quoted, shift: VenueShift): bigint {
  const underlying = shift.underlyingOf(asset)
  return underlying === undefined ? quote : moveUp(quote, underlying, shift)
}

export function moveDown(quote: bigint, underlying: Underlying, { price, base }: VenueShift): bigint {
  return floorDiv(quote * price(underlying), base(underlying))
}

export function moveUp(quote: bigint, underlying: Underlying, { price, base }: VenueShift): bigint {
  return ceilDiv(quote * price(underlying), base(underlying))
}

/**
 * WAD USD of whole tokens in WAD at our own moved price, rounded down.
 *
 * @throws {UnpricedLiabilityError} for a token that the parameter set does not know.
 */
export function dollarsDown(quantity: Wad, asset: AssetKey, shift: VenueShift): Wad {
  return floorDiv(quantity * ownPrice(asset, shift) * shift.rate(asset), wadSquared)
}

/** As {@link dollarsDown}, rounded up. */
export function dollarsUp(quantity: Wad, asset: AssetKey, shift: VenueShift): Wad {
  return ceilDiv(quantity * ownPrice(asset, shift) * shift.rate(asset), wadSquared)
}

const wadSquared = wad * wad

function ownPrice(asset: AssetKey, { price, underlyingOf }: VenueShift): Wad {
  const underlying = underlyingOf(asset)
  if (underlying !== undefined) return price(underlying)
  throw new UnpricedLiabilityError(`A venue settles in ${asset}, which is not in the parameter set.`, {
    metaMessages: ['Add the asset to the parameter set; what a liquidation costs cannot be told without its price.'],
  })
}
