import type { Book } from '../../../core/book.ts'
import { positionId } from '../../../core/book.ts'
import { canonicalHash } from '../../../core/canonical.ts'
import { MissingMarketDataError } from '../../../core/errors.ts'
import { UnmodeledPositionError } from '../errors.ts'
import { forwardAssumptions, perpetualAssumptions, underlyingMarket } from '../forward.ts'
import type { ModelMargin, ReferenceModel } from '../model.ts'
import { currencyPrice, markPositions, spotPrice } from '../valuation.ts'
import { deribitPmDefaults } from './deribitDefaults.ts'
import { type Instrument, instrumentOf } from './instruments.ts'
import { type CurrencyRules, type DeribitPmParameters, deribitPmParameters } from './parameters.ts'
import { dampenVector, riskVector, sumVectors, worstCase } from './riskMatrix.ts'
import { scenarioName, scenariosOf } from './scenarioNames.ts'
import { deltaOf, deltaShockOf, type Pair, rollShockOf } from './shocks.ts'

/**
 * Deribit's portfolio margin, segregated by settlement currency: the risk matrix of `private/pme/simulate` (price buckets × volatility,
 * extended table, dampener), roll and delta shocks. Requirements are worked out in the settlement currency and restated in the quote.
 *
 * Balances in coin are equity and do not enter the matrix. Open orders, market-maker protection and spot orders are margins that
 * the exchange states; they come from the parameters.
 */
export const deribitPm: ReferenceModel<DeribitPmParameters> = {
  id: 'deribit-pm',
  summary: "Deribit's portfolio margin (docs.deribit.com, private/pme/simulate)",
  parametersSchema: deribitPmParameters,
  defaults: deribitPmDefaults,
  calculate: ({ book, parameters }) => calculate(book, parameters),
}

function calculate(book: Book, parameters: DeribitPmParameters): ModelMargin {
  const { portfolio, market } = book
  const instruments: Instrument[] = []
  const balances = new Map<string, number>()
  const values = new Map<string, number>()
  for (const [index, position] of portfolio.positions.entries()) {
    const id = positionId(position, index)
    switch (position.kind) {
      case 'cash':
        balances.set(position.currency, (balances.get(position.currency) ?? 0) + position.amount)
        break
      case 'spot': {
        const coins =
          (position.amount * spotPrice(position, market)) / underlyingMarket(market, position.underlying).price
        balances.set(position.underlying, (balances.get(position.underlying) ?? 0) + coins)
        break
      }
      case 'liquidity':
        throw new UnmodeledPositionError(`${id} is a range of liquidity, which Deribit does not list.`, {
          metaMessages: ['Leave it out, or use var-es or plimsoll-1.'],
        })
      default: {
        const instrument = instrumentOf(position, index, book, parameters)
        instruments.push(instrument)
        values.set(id, instrument.value * unitPrice(book, instrument.settlement))
      }
    }
  }

  const currencies = [...new Set([...instruments.map(({ settlement }) => settlement), ...balances.keys()])]
  const margins = currencies.map((currency) => {
    const held = instruments.filter(({ settlement }) => settlement === currency)
    return currencyMargin(currency, held, balances.get(currency) ?? 0, book, parameters)
  })
  const equity = margins.reduce((sum, { equity, unit }) => sum + equity * unit, 0)
  const initialMargin = margins.reduce((sum, { initial, unit }) => sum + initial * unit, 0)
  const maintenanceMargin = margins.reduce((sum, { maintenance, unit }) => sum + maintenance * unit, 0)
  const options = portfolio.positions.filter((position) => position.kind === 'option' || position.kind === 'future')
  return {
    model: parameters.model,
    name: parameters.name,
    parametersHash: canonicalHash(parameters),
    asOf: portfolio.asOf,
    quote: portfolio.quote,
    equity,
    initialMargin,
    maintenanceMargin,
    free: { initial: equity - initialMargin, maintenance: equity - maintenanceMargin },
    lines: margins.flatMap(({ lines }) => lines),
    worst: margins.flatMap(({ worst }) => worst),
    scenarios: margins.flatMap(({ scenarios }) => scenarios),
    positions: markPositions(book).map((position) => ({
      ...position,
      value: values.get(position.id) ?? position.value,
    })),
    details: {
      margins: Object.fromEntries(margins.map(({ currency, details }) => [currency, details])),
      initialRiskVectors: Object.fromEntries(
        margins.flatMap(({ pairs }) =>
          pairs.flatMap((pair) => pair.instruments.map(({ instrument, vector }) => [instrument.id, vector])),
        ),
      ),
      preAggregatedRiskVectors: vectorsOf(margins, 'preAggregated'),
      aggregatedRiskVectors: vectorsOf(margins, 'aggregated'),
    },
    assumptions: [
      'Balances in coin are equity and do not move in the risk matrix.',
      ...forwardAssumptions(market, options, portfolio.asOf),
      ...perpetualAssumptions(
        market,
        portfolio.positions.flatMap((position) => (position.kind === 'perpetual' ? [position.underlying] : [])),
      ),
    ],
  }
}

function currencyMargin(
  currency: string,
  instruments: readonly Instrument[],
  balance: number,
  book: Book,
  parameters: DeribitPmParameters,
) {
  const unit = unitPrice(book, currency)
  const rules = lookUp(parameters.currencies, currency, 'currency')
  const underlyings = [...new Set(instruments.map(({ underlying }) => underlying))]
  const pairs = underlyings.map((underlying) => pairOf(currency, underlying, instruments, rules, unit, parameters))
  const scanned = scannedVectors(pairs, rules)
  const worst = scanned.map(({ group, vector, rules: pairRules }) => {
    const { loss, bucket } = worstCase(vector, parameters)
    return { group, loss, counted: rounded(loss, rules), bucket, scenario: scenarioName(bucket, pairRules, parameters) }
  })
  const worstLoss = worst.reduce((sum, { counted }) => sum + counted, 0)
  const rollShock = pairs.reduce((sum, pair) => sum + rollShockOf(pair, rules, book, unit, parameters), 0)
  const deltaShock = pairs.reduce((sum, pair) => sum + deltaShockOf(pair, book, unit), 0)
  const riskMatrixMargin = worstLoss + rollShock + deltaShock + rules.correlationContingency
  const others = rules.spotMargin + rules.marketMakerProtectionMargin + rules.openOrdersMargin
  const factor = parameters.maintenanceFactor
  const matrixLine = (id: string, amount: number) => ({
    id: `${currency} ${id}`,
    initial: amount * unit,
    maintenance: factor * amount * unit,
  })
  const lines = [
    matrixLine('worst case', worstLoss),
    matrixLine('roll shock', rollShock),
    matrixLine('delta shock', deltaShock),
    matrixLine('correlation contingency', rules.correlationContingency),
    { id: `${currency} orders`, initial: others * unit, maintenance: 0 },
  ]
  const value = instruments.reduce((sum, instrument) => sum + instrument.value, 0)
  const counted = balance > 0 ? balance * (1 - rules.haircut) : balance
  return {
    currency,
    unit,
    pairs,
    equity: counted + value,
    initial: riskMatrixMargin + others,
    maintenance: factor * riskMatrixMargin,
    lines: lines.filter(({ initial }) => initial !== 0),
    worst: worst.map(({ group, scenario, loss }) => ({ group, scenario, loss: loss * unit })),
    scenarios: scanned.flatMap(({ group, vector, rules: pairRules }) =>
      scenariosOf(group, vector, unit, pairRules, parameters),
    ),
    details: {
      initialMargin: rounded(riskMatrixMargin + others, rules),
      maintenanceMargin: factor * riskMatrixMargin,
      riskMatrixMargin,
      worstCase: worst.reduce((sum, { loss }) => sum + loss, 0),
      worstCaseBuckets: worst.map(({ group, bucket }) => ({ group, ...bucket })),
      rollShock,
      deltaShock,
      correlationContingency: rules.correlationContingency,
      spotMargin: rules.spotMargin,
      marketMakerProtectionMargin: rules.marketMakerProtectionMargin,
      openOrdersMargin: rules.openOrdersMargin,
      balance,
      equity: counted + value,
      deltas: Object.fromEntries(pairs.map(({ underlying, instruments }) => [underlying, deltaOf(instruments)])),
    },
  }
}

/** To the nearest, as the published responses show. */
function rounded(amount: number, { decimals }: CurrencyRules): number {
  if (decimals === undefined) return amount
  const scale = Number(`1e${decimals}`)
  return Math.round(amount * scale) / scale
}

function pairOf(
  currency: string,
  underlying: string,
  instruments: readonly Instrument[],
  currencyRules: CurrencyRules,
  unit: number,
  parameters: DeribitPmParameters,
): Pair {
  const rules = lookUp(parameters.pairs, underlying, 'pair')
  const inCoin = currency === underlying
  const held = instruments
    .filter((instrument) => instrument.underlying === underlying)
    .map((instrument) => ({ instrument, vector: riskVector(parameters, rules, instrument.reprice, instrument.inCoin) }))
  const [first] = held
  const preAggregated = sumVectors(
    held.map(({ vector }) => vector),
    first?.vector ?? { standard: [], extended: [] },
  )
  const aggregated = dampenVector(preAggregated, parameters, rules, currencyRules, { unit, inCoin })
  return { name: `${underlying}_${currency}`, underlying, rules, inCoin, instruments: held, preAggregated, aggregated }
}

/** What is scanned for its worst entry: one vector for all pairs of a correlated currency, else one for each pair. */
function scannedVectors(pairs: readonly Pair[], { correlationSet }: CurrencyRules) {
  const [first] = pairs
  if (!correlationSet || first === undefined) {
    return pairs.map(({ name, aggregated, rules }) => ({ group: name, vector: aggregated, rules }))
  }
  const vector = sumVectors(
    pairs.map(({ aggregated }) => aggregated),
    first.aggregated,
  )
  return [{ group: pairs.map(({ name }) => name).join(' + '), vector, rules: first.rules }]
}

function vectorsOf(margins: readonly { readonly pairs: readonly Pair[] }[], kind: 'aggregated' | 'preAggregated') {
  return Object.fromEntries(margins.flatMap(({ pairs }) => pairs.map((pair) => [pair.name, pair[kind]])))
}

/** What a unit of a settlement currency is worth in the quote of the book. */
function unitPrice({ market }: Book, currency: string): number {
  return Object.hasOwn(market.underlyings, currency)
    ? underlyingMarket(market, currency).price
    : currencyPrice(market, currency)
}

function lookUp<Rules>(table: { readonly [name: string]: Rules }, name: string, what: string): Rules {
  const rules = Object.hasOwn(table, name) ? table[name] : undefined
  if (rules === undefined) {
    throw new MissingMarketDataError(`The parameters have no ${what} ${name}.`, {
      metaMessages: [`They have ${Object.keys(table).join(', ') || 'none'}.`, `Add it as Deribit publishes it.`],
    })
  }
  return rules
}
