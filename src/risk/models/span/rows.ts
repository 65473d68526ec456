import { type Book, type BookPosition, positionId, secondsTo } from '../../../core/book.ts'
import { UnmodeledPositionError } from '../errors.ts'
import { exerciseValuerOf, withImpliedVolatility } from '../exercise.ts'
import { underlyingMarket } from '../forward.ts'
import { type Commodity, contains } from './commodity.ts'
import type { Contract, SpanParameters } from './parameters.ts'
import { type ComputedArray, computeArray, referencePrice, scanRangePoints } from './riskArray.ts'
import { roundTo } from './rounding.ts'

/** A position as SPAN sees it: contracts of one combined commodity, with 16 losses. */
export type Row = {
  readonly index: number
  readonly id: string
  readonly commodity: string
  readonly underlying: string
  readonly kind: 'linear' | 'call' | 'put'
  readonly period: number
  /** Contracts, long positive. */
  readonly amount: number
  /** Loss of one long contract in each scenario. */
  readonly array: readonly number[]
  readonly compositeDelta: number
  /** `amount · compositeDelta · deltaScaling`, in standard contracts. */
  readonly delta: number
  /** Money that one delta moves in the price scan range. */
  readonly scanRange: number
  /** Market value: of an option what it is worth, of another position its result or holding. */
  readonly value: number
  /** True when the premium is paid up front, so that the value counts as net option value. */
  readonly premium: boolean
  /** Change of the value per unit of the underlying's price, by the composite delta. */
  readonly slope: number
  /** Price of the underlying times the units of the position, as a positive number. */
  readonly notional: number
}

type Scanned = Exclude<BookPosition, { kind: 'cash' }>

/**
 * Every position but cash as a row, in the order of the book.
 *
 * @throws {UnmodeledPositionError} for an underlying without a commodity, an instrument that the file does not have, and
 * liquidity against another underlying.
 * @throws {MissingMarketDataError} for a price or volatility that is needed and not there.
 */
export function rowsOf(book: Book, parameters: SpanParameters): readonly Row[] {
  return book.portfolio.positions.flatMap((position, index) =>
    position.kind === 'cash' ? [] : [rowOf(book, parameters, position, index)],
  )
}

/**
 * Parameters of a commodity by name.
 *
 * @throws {UnmodeledPositionError} when the file has neither it nor `otherCommodities`.
 */
export function commodityOf(parameters: SpanParameters, commodity: string): Commodity {
  const found = Object.hasOwn(parameters.commodities, commodity)
    ? parameters.commodities[commodity]
    : parameters.otherCommodities
  if (found === undefined) {
    throw new UnmodeledPositionError(`The parameter set has no combined commodity ${commodity}.`, {
      metaMessages: ['Add it to commodities, map the underlying in underlyings, or set otherCommodities.'],
    })
  }
  return found
}

function rowOf(book: Book, parameters: SpanParameters, given: Scanned, index: number): Row {
  const { market, portfolio } = book
  const id = positionId(given, index)
  const position = withImpliedVolatility(given, market, portfolio.asOf)
  const contract = contractOf(parameters, position, id)
  const commodity = contract?.commodity ?? mappedCommodity(parameters, position.underlying)
  const settings = commodityOf(parameters, commodity)
  refuseForeignLiquidity(parameters, position, id, commodity)
  const multiplier = position.kind === 'option' || position.kind === 'future' ? (position.multiplier ?? 1) : 1
  const amount = position.kind === 'liquidity' ? 1 : position.amount
  const deltaScaling = contract ? (contract.deltaScaling ?? 1) : multiplier / (settings.contractSize ?? 1)
  const days = secondsTo('expiry' in position || 'years' in position ? position : {}, portfolio.asOf) / 86_400
  const period = contract?.period ?? days
  const ranges = rangesAt(settings, period)
  const computed = contract?.array === undefined ? compute(book, parameters, position, settings, ranges) : undefined
  const array = contract?.array ?? (computed as ComputedArray).array
  const compositeDelta = contract?.delta ?? (computed as ComputedArray).compositeDelta
  const delta = roundTo(amount * compositeDelta * deltaScaling, parameters.rounding?.delta)
  const scanRange =
    contract?.priceScanRange === undefined
      ? scanRangePoints(book, position, settings, ranges) * (settings.contractSize ?? 1)
      : contract.priceScanRange / deltaScaling
  return {
    index,
    id,
    commodity,
    underlying: position.underlying,
    kind: position.kind === 'option' ? position.right : 'linear',
    period,
    amount,
    array,
    compositeDelta,
    delta,
    scanRange,
    slope: amount * compositeDelta * multiplier,
    value: marketValue(book, position, contract),
    premium: position.kind === 'option' && position.premium !== 'futures',
    notional: Math.abs(amount) * multiplier * unitPrice(book, position),
  }
}

function compute(
  book: Book,
  parameters: SpanParameters,
  position: Scanned,
  settings: Commodity,
  ranges: ReturnType<typeof rangesAt>,
): ComputedArray {
  return computeArray({
    book,
    position,
    points: scanRangePoints(book, position, settings, ranges),
    volatility: ranges.volatilityScanRange,
    extremeMove: settings.extremeMove ?? parameters.extremeMove,
    lookAhead: parameters.lookAhead,
    compositeDelta: parameters.compositeDelta,
    ...(parameters.rounding?.array === undefined ? {} : { places: parameters.rounding.array }),
  })
}

/** What one unit is worth as exposure: a future at its own price, an inverse contract at its face. */
function unitPrice(book: Book, position: Scanned): number {
  if (position.kind === 'future' || position.kind === 'perpetual') {
    return position.payoff === 'inverse' ? 1 : referencePrice(book, position)
  }
  return underlyingMarket(book.market, position.underlying).price
}

/** Ranges of the scanning tier of a period, those of the commodity where the tier has none. */
function rangesAt(settings: Commodity, period: number): Pick<Commodity, 'priceScanRange' | 'volatilityScanRange'> {
  const tier = settings.tiers?.scan?.find((candidate) => contains(candidate, period))
  return {
    priceScanRange: tier?.priceScanRange ?? settings.priceScanRange,
    volatilityScanRange: tier?.volatilityScanRange ?? settings.volatilityScanRange,
  }
}

function mappedCommodity({ underlyings }: SpanParameters, underlying: string): string {
  return (
    (underlyings !== undefined && Object.hasOwn(underlyings, underlying) ? underlyings[underlying] : undefined) ??
    underlying
  )
}

function contractOf(parameters: SpanParameters, position: Scanned, id: string): Contract | undefined {
  if (position.kind === 'liquidity' || position.contract === undefined) return undefined
  const { contracts } = parameters
  const found =
    contracts !== undefined && Object.hasOwn(contracts, position.contract) ? contracts[position.contract] : undefined
  if (found === undefined) {
    throw new UnmodeledPositionError(`The parameter set has no instrument ${position.contract}, which ${id} names.`, {
      metaMessages: ['Add it to contracts, or drop the name so that its risk array is computed.'],
    })
  }
  return found
}

function refuseForeignLiquidity(parameters: SpanParameters, position: Scanned, id: string, commodity: string): void {
  if (position.kind !== 'liquidity') return
  const other = mappedCommodity(parameters, position.against)
  if (Object.hasOwn(parameters.commodities, other) && other !== commodity) {
    throw new UnmodeledPositionError(`${id} holds ${position.underlying} against ${position.against}.`, {
      metaMessages: ['SPAN scans one commodity at a time: use plimsoll-1, or map both underlyings to one commodity.'],
    })
  }
}

/** Value in the quote: the price of the file, else the mark, else the model's own. */
function marketValue(book: Book, position: Scanned, contract: Contract | undefined): number {
  if (position.kind === 'option') {
    const unit =
      contract?.value ?? (position.mark === undefined ? undefined : position.mark * (position.multiplier ?? 1))
    if (unit !== undefined && position.payoff !== 'inverse') return position.amount * unit
    return exerciseValuerOf({ ...position, premium: 'equity' }, book.market, book.portfolio.asOf)()
  }
  if (contract?.value !== undefined && position.kind === 'spot') return position.amount * contract.value
  return exerciseValuerOf(position, book.market, book.portfolio.asOf)()
}
