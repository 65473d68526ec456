import type { Book, BookMarket, BookPortfolio } from './core/book.ts'
import { BaseError, InvalidInputError } from './core/errors.ts'
import type { MarginResult } from './core/margin.ts'
import type { Market } from './core/market.ts'
import { type MarginParameters, parseParameters } from './core/parameters.ts'
import type { Portfolio } from './core/portfolio.ts'
import { findReferenceModel, parseModelParameters } from './risk/models/all.ts'
import { bookOf } from './risk/models/bookOf.ts'
import type { ModelId, ModelMargin, ModelParameters } from './risk/models/model.ts'
import { snapshotOf } from './risk/models/snapshotOf.ts'
import { calculateMargin as calculatePlimsoll } from './risk/plimsoll/calculateMargin.ts'

/** What is held and what can move it, as read from a chain. */
export type ChainHoldings = { readonly portfolio: Portfolio; readonly market: Market }

/** What is held and what can move it: as read from a chain, or as a book in doubles. */
export type MarginHoldings = ChainHoldings | { readonly portfolio: BookPortfolio; readonly market: BookMarket }

/** Parameters of `plimsoll-1` or of a reference model; their field `model` says which. */
export type AnyParameters = MarginParameters | ModelParameters

/** Holdings with the parameters of the model to apply. */
export type CalculateMarginOptions<Parameters extends AnyParameters = AnyParameters> = MarginHoldings & {
  readonly parameters: Parameters
  /**
   * What a reference model needs to read a portfolio from a chain: the parameter set that names its assets. A book needs none.
   */
  readonly assets?: MarginParameters
}

/**
 * Calculates a margin by any model: `plimsoll-1` in integers, the reference models in doubles. Holdings of either form go with
 * either kind of model; what one of them cannot say is refused.
 *
 * @returns For `plimsoll-1` what is signed, in quote units; for a reference model its answer in the book's quote currency.
 * @throws {UnmodeledPositionError} for a position that the model does not cover.
 * @throws {UnpricedLiabilityError} for a liability that cannot be valued.
 * @throws {MissingMarketDataError} for a price, rate or volatility that is not there.
 * @throws {InvalidInputError} for a chain portfolio without the parameter set of its assets.
 * @example
 * const { initialMargin } = calculateMargin({ portfolio, market, parameters })
 * const span = calculateMargin({ portfolio, market, parameters: defaultParameters('span'), assets: parameters })
 */
export function calculateMargin(options: CalculateMarginOptions<MarginParameters>): MarginResult
export function calculateMargin(options: CalculateMarginOptions<ModelParameters>): ModelMargin
export function calculateMargin(options: CalculateMarginOptions): MarginResult | ModelMargin
export function calculateMargin({
  parameters,
  assets,
  ...holdings
}: CalculateMarginOptions): MarginResult | ModelMargin {
  if (isPlimsoll(parameters)) return calculatePlimsoll({ ...toChain(holdings, parameters), parameters })
  const { book, omitted } = toBook(holdings, assets)
  const margin = findReferenceModel(parameters.model).calculate({ book, parameters })
  return { ...margin, assumptions: [...margin.assumptions, ...omitted] }
}

/** Published parameters of a reference model. @throws {InvalidInputError} for a name that is none. */
export function defaultParameters(model: ModelId): ModelParameters {
  return findReferenceModel(model).defaults
}

/**
 * Reads the parameters of any model from plain JSON; the field `model` says which.
 *
 * @throws {InvalidInputError} naming path and value of every problem, an unknown field among them.
 */
export function parseAnyParameters(value: unknown): AnyParameters {
  const isSet =
    typeof value === 'object' && value !== null && 'schema' in value && value.schema === 'plimsoll-parameters/1'
  return isSet ? parseParameters(value) : parseModelParameters(value)
}

/** One model's answer beside the others, or why it gives none. */
export type ComparedMargin = { readonly model: string; readonly name: string } & (
  | { readonly status: 'calculated'; readonly margin: MarginResult | ModelMargin }
  | { readonly status: 'refused'; readonly error: string; readonly reason: string }
)

/** The holdings by every parameter set given, in their order; a model that refuses says why and stops no other. */
export function compareMargins(
  holdings: MarginHoldings,
  { parameters, assets }: { readonly parameters: readonly AnyParameters[]; readonly assets?: MarginParameters },
): readonly ComparedMargin[] {
  return parameters.map((set): ComparedMargin => {
    const { model, name } = set
    try {
      const margin = calculateMargin({ ...holdings, parameters: set, ...(assets && { assets }) })
      return { model, name, status: 'calculated', margin }
    } catch (error) {
      if (!(error instanceof BaseError)) throw error
      return { model, name, status: 'refused', error: error.name, reason: error.shortMessage }
    }
  })
}

function isPlimsoll(parameters: AnyParameters): parameters is MarginParameters {
  return parameters.model === 'plimsoll-1'
}

function toChain(holdings: MarginHoldings, parameters: MarginParameters): ChainHoldings {
  if (isChain(holdings)) return holdings
  const { portfolio, market } = snapshotOf({ schema: 'plimsoll-book/1', ...holdings }, parameters)
  return { portfolio, market }
}

function toBook(
  holdings: MarginHoldings,
  assets: MarginParameters | undefined,
): { readonly book: Book; readonly omitted: readonly string[] } {
  if (!isChain(holdings)) return { book: { schema: 'plimsoll-book/1', ...holdings }, omitted: [] }
  if (assets === undefined) {
    throw new InvalidInputError('A portfolio from a chain names tokens, which no parameter set given here knows.', {
      metaMessages: ['Give the parameter set of plimsoll-1 as `assets`; it says what each token is.'],
    })
  }
  const { book, omitted } = bookOf(holdings, assets)
  return {
    book,
    omitted: omitted.map(({ venue, asset, reason }) => `Counted as zero: ${asset} at ${venue} (${reason}).`),
  }
}

function isChain(holdings: MarginHoldings): holdings is ChainHoldings {
  return 'block' in holdings.portfolio
}
