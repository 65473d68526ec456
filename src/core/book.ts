import { z } from 'zod'
import { InvalidInputError } from './errors.ts'
import { name, parseJson, parseWith } from './schema.ts'

/** A real number, as a JSON number or as decimal text. */
export const real = z
  .string()
  .regex(/^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/, 'expected a decimal number')
  .transform(Number)
  .or(z.number())
  .refine(Number.isFinite, 'expected a finite number')

/** A real number that is not negative. */
export const amountNotNegative = real.refine((value) => value >= 0, 'expected a number that is not negative')

/** A real number above zero. */
export const amountPositive = real.refine((value) => value > 0, 'expected a positive number')

/** A confidence or another share, 0 to 1. */
export const share = real.refine((value) => value >= 0 && value <= 1, 'expected a number from 0 to 1')

/** Seconds since 1970; a book may count from any other moment as long as every time of it does. */
const seconds = real

const held = {
  /** Names the position in results; `p0`, `p1` … by default. */
  id: name.optional(),
  /** Where it is held, for what is summed venue by venue. */
  venue: name.optional(),
}

/** Either a moment or a term in years of 365 days. Source of the day count: Derive and Deribit. */
const term = { expiry: seconds.optional(), years: amountNotNegative.optional() }

const payoff = z.enum(['linear', 'inverse'])

/**
 * What a reference model knows of a holding. Amounts are long when positive; prices in the quote currency of the book.
 *
 * - `cash`: money of a currency; a stablecoin has a price in {@link bookMarketSchema}.
 * - `spot`: units of an underlying held (or owed, when negative), such as a base asset, a share or a token.
 * - `perpetual`, `future`: `amount` in units of the underlying. `linear` pays `amount · (price − entry)` in the quote, `inverse`
 *   pays `amount · (1 / entry − 1 / price)` in coin for an amount in quote currency.
 * - `option`: cash settled. `inverse` is an option on one coin paid in that coin (its price is in coin).
 * - `liquidity`: concentrated liquidity of `underlying` against `against`, between two prices of one in the other.
 */
export const bookPositionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...held, kind: z.literal('cash'), currency: name, amount: real }),
  z.strictObject({
    ...held,
    kind: z.literal('spot'),
    underlying: name,
    amount: real,
    /** Names the asset where several map to one underlying. */
    asset: name.optional(),
    /** Units of the underlying in one unit of the asset. */
    rate: amountPositive.optional(),
    /** Price of one unit of the asset, where it is not rate × price of the underlying. */
    price: amountPositive.optional(),
    /** Confidence of that price. */
    confidence: share.optional(),
    /** Instrument of a model's parameter file. */
    contract: name.optional(),
  }),
  z.strictObject({
    ...held,
    kind: z.literal('perpetual'),
    underlying: name,
    amount: real,
    payoff: payoff.optional(),
    /** Price of entry; without it the unrealized result is as given, or none. */
    entry: amountPositive.optional(),
    unrealizedPnl: real.optional(),
    /** Funding accrued and not yet paid out, a receivable when positive. */
    funding: real.optional(),
    settlement: name.optional(),
    contract: name.optional(),
  }),
  z.strictObject({
    ...held,
    ...term,
    kind: z.literal('future'),
    underlying: name,
    amount: real,
    payoff: payoff.optional(),
    entry: amountPositive.optional(),
    unrealizedPnl: real.optional(),
    settlement: name.optional(),
    /** Units of the underlying in one contract, 1 by default. */
    multiplier: amountPositive.optional(),
    contract: name.optional(),
  }),
  z.strictObject({
    ...held,
    ...term,
    kind: z.literal('option'),
    underlying: name,
    right: z.enum(['call', 'put']),
    strike: amountNotNegative,
    amount: real,
    style: z.enum(['european', 'american']).optional(),
    payoff: payoff.optional(),
    /** Volatility of this strike, before the smile of the market. */
    volatility: amountNotNegative.optional(),
    /** Price of one unit as quoted, where a model wants the mark and not its own value. */
    mark: amountNotNegative.optional(),
    settlement: name.optional(),
    /** Paid up front (`equity`, the default) or margined like a future. */
    premium: z.enum(['equity', 'futures']).optional(),
    multiplier: amountPositive.optional(),
    contract: name.optional(),
  }),
  z
    .strictObject({
      ...held,
      kind: z.literal('liquidity'),
      underlying: name,
      against: name,
      /** L in whole tokens: √(amount0 · amount1) per unit of √price. */
      liquidity: amountNotNegative,
      lowerPrice: amountNotNegative,
      upperPrice: amountPositive,
      /** Fees not yet collected, in whole tokens of each. */
      fees: amountNotNegative.optional(),
      feesAgainst: amountNotNegative.optional(),
    })
    .refine(({ lowerPrice, upperPrice }) => lowerPrice < upperPrice, 'lowerPrice must be below upperPrice'),
])

/** Raw SVI parameters of one expiry (Gatheral), total variance `a + b (ρ (k − m) + √((k − m)² + σ²))`. */
const svi = z.strictObject({
  ...term,
  kind: z.literal('svi'),
  a: real,
  b: real,
  rho: real,
  m: real,
  sigma: real,
  /** Forward that log-moneyness refers to, the market's own by default. */
  forward: amountPositive.optional(),
  /** Years that the total variance refers to, the term of the expiry by default. */
  referenceYears: amountPositive.optional(),
})

/** Volatilities of one expiry by strike: linear between strikes, flat beyond. */
const points = z.strictObject({
  ...term,
  kind: z.literal('points'),
  points: z.array(z.strictObject({ strike: amountPositive, volatility: amountNotNegative })).min(1),
})

/** One volatility for every strike of an expiry, or of all when it names none. */
const flat = z.strictObject({ ...term, kind: z.literal('flat'), volatility: amountNotNegative })

/** Forward of one expiry. `fixed` is the part that no spot shock moves (an average already observed), within `price`. */
const forward = z.strictObject({
  ...term,
  price: amountPositive,
  fixed: amountNotNegative.optional(),
  /** Continuous rate that discounts this expiry. */
  rate: real.optional(),
  confidence: share.optional(),
  rateConfidence: share.optional(),
  volatilityConfidence: share.optional(),
})

/** Closes at equal steps, oldest first. `synthetic` names a generator and is shown wherever a result rests on it. */
const history = z.strictObject({
  kind: z.enum(['prices', 'returns']),
  /** Seconds between values. */
  interval: amountPositive,
  values: z.array(real).min(1),
  synthetic: z.string().min(1).optional(),
})

/** What can move a book. Prices in the quote currency of the book. */
export const bookMarketSchema = z.strictObject({
  underlyings: z.record(
    name,
    z.strictObject({
      price: amountPositive,
      confidence: share.optional(),
      /** Mark of the perpetual, where it is not the price. */
      perpetual: z.strictObject({ price: amountPositive, confidence: share.optional() }).optional(),
      forwards: z.array(forward).optional(),
      /** Continuous rate and yield, used where an expiry gives no forward. */
      rate: real.optional(),
      dividendYield: real.optional(),
      smiles: z.array(z.discriminatedUnion('kind', [flat, points, svi])).optional(),
      history: history.optional(),
    }),
  ),
  /** Stable currencies; one that is not listed is worth its face. */
  currencies: z.record(name, z.strictObject({ price: amountPositive, confidence: share.optional() })).optional(),
})

/** The JSON form of a {@link Book}. */
export const bookSchema = z.strictObject({
  schema: z.literal('plimsoll-book/1'),
  portfolio: z.strictObject({
    account: name.optional(),
    /** Moment of valuation, on the clock of every expiry of the book. */
    asOf: seconds,
    /** Currency of prices and requirements. */
    quote: name,
    positions: z.array(bookPositionSchema),
    /** Accounts at venues as those venues' own rules see them, in the venues' integers; for the model `venue-rules`. */
    venueAccounts: z.array(z.looseObject({ rule: name })).optional(),
  }),
  market: bookMarketSchema,
})

/** One holding as a reference model sees it; see {@link bookPositionSchema}. */
export type BookPosition = z.output<typeof bookPositionSchema>

/** Everything that can move a book, in doubles. */
export type BookMarket = z.output<typeof bookMarketSchema>

/** A portfolio in doubles, for the reference models. */
export type BookPortfolio = z.output<typeof bookSchema>['portfolio']

/**
 * A portfolio with its market in doubles: what a person writes to hold a model against another, and what a snapshot becomes
 * for the reference models. Nothing that is signed rests on it.
 */
export type Book = z.output<typeof bookSchema>

/**
 * Reads a book from JSON text.
 *
 * @throws {InvalidInputError} naming path and value of every problem.
 */
export function parseBook(text: string): Book {
  const book = parseWith(bookSchema, parseJson(text, 'The book'), 'The book')
  const problems = [...termProblems(book)]
  if (problems.length > 0) throw new InvalidInputError('The book contradicts itself.', { metaMessages: problems })
  return book
}

/** The name of the position in results. */
export function positionId(position: BookPosition, index: number): string {
  return position.id ?? `p${index}`
}

/** Years of 365 days to the expiry; a term that is over counts as zero. */
export function yearsTo({ expiry, years }: Term, asOf: number): number {
  if (years !== undefined) return years
  if (expiry === undefined) return 0
  return Math.max(0, expiry - asOf) / 31_536_000
}

/** Seconds to the expiry, zero when it is over. */
export function secondsTo(term: Term, asOf: number): number {
  return term.years !== undefined ? term.years * 31_536_000 : Math.max(0, (term.expiry ?? asOf) - asOf)
}

/** A moment or a length, as positions and market data give it. */
export type Term = { readonly expiry?: number | undefined; readonly years?: number | undefined }

function* termProblems({ portfolio, market }: Book): Generator<string> {
  const ids = new Set<string>()
  for (const [index, position] of portfolio.positions.entries()) {
    const id = positionId(position, index)
    if (ids.has(id)) yield `portfolio.positions.${index}: ${id} is listed twice`
    ids.add(id)
    if ('underlying' in position && !Object.hasOwn(market.underlyings, position.underlying)) {
      yield `portfolio.positions.${index}.underlying: the market has no ${position.underlying}`
    }
    if (position.kind === 'option' && (position.expiry === undefined) === (position.years === undefined)) {
      yield `portfolio.positions.${index}: an option has either an expiry or years`
    }
  }
}
