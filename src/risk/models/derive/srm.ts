import type { Book } from '../../../core/book.ts'
import { MissingMarketDataError } from '../../../core/errors.ts'
import { underlyingMarket } from '../forward.ts'
import type { Detail, ModelLine, ModelScenario, ReferenceModel } from '../model.ts'
import { netContracts, optionValues, total, unmoved } from './expiry.ts'
import { marginOf } from './manager.ts'
import { type SrmParameters, srmParameters } from './parameters.ts'
import { type CollateralHolding, type ExpiryHolding, holdingsOf, type MarketHoldings } from './portfolio.ts'
import { srmDefaults } from './srmDefaults.ts'
import { type Isolated, isolatedMargin, settlementLosses } from './srmOptions.ts'

/**
 * Derive v2's standard manager (`StandardManager`): rules instead of scenarios, over several markets and base assets, without
 * credit between them. What Derive calls margin is our `free`.
 *
 * The options of an expiry cost the better of their isolated margins and of the largest loss at settlement. Values are signed as
 * the source signs them: a short option is worth less than nothing, and `max` and `min` choose between negative numbers.
 */
export const deriveSrm: ReferenceModel<SrmParameters> = {
  id: 'derive-srm',
  summary: "Derive v2's standard manager (derivexyz/v2-core)",
  parametersSchema: srmParameters,
  defaults: srmDefaults,
  calculate: ({ book, parameters }) => calculate(book, parameters),
}

/** Which requirement a figure belongs to. */
export type Requirement = 'initial' | 'maintenance'

type MarketRules = SrmParameters['markets'][string]
type Both = { readonly initial: number; readonly maintenance: number }

function calculate(book: Book, parameters: SrmParameters) {
  const holdings = holdingsOf(book, parameters)
  const depeg = Math.max(0, parameters.depeg.threshold - holdings.stablePrice) * parameters.depeg.factor
  const markets = [...holdings.markets].map(([name, market]) =>
    marketMargin(name, market, rulesOf(parameters, name), depeg),
  )
  const bases = holdings.collaterals.map((held) => baseMargin(book, held, holdings.stablePrice, parameters))
  const equity =
    total(markets.map(({ markToMarket }) => markToMarket)) +
    total(bases.map(({ markToMarket }) => markToMarket)) +
    holdings.cash
  return marginOf(parameters, book, {
    equity,
    lines: [...markets.flatMap(({ lines }) => lines), ...bases.map(({ line }) => line)],
    worst: markets.flatMap(({ worst }) => worst),
    scenarios: markets.flatMap(({ scenarios }) => scenarios),
    details: {
      stablePrice: holdings.stablePrice,
      depegFactor: depeg,
      cash: holdings.cash,
      markToMarket: equity - holdings.cash,
      markets: Object.fromEntries(markets.map(({ name, details }) => [name, details])),
      bases: bases.map(({ details }) => details),
    },
  })
}

function rulesOf({ markets }: SrmParameters, name: string): MarketRules {
  const rules = Object.hasOwn(markets, name) ? markets[name] : undefined
  if (rules === undefined) throw missing(`market ${name}`, Object.keys(markets))
  return rules
}

function missing(what: string, known: readonly string[]): MissingMarketDataError {
  return new MissingMarketDataError(`The parameters have no ${what}.`, {
    metaMessages: [`They have the markets ${known.join(', ') || 'none'}.`, 'Add it to `markets`.'],
  })
}

function marketMargin(name: string, market: MarketHoldings, rules: MarketRules, depeg: number) {
  const { spot, spotConfidence, perpetual } = market
  const expiries = market.expiries.map((expiry) => expiryMargin(name, expiry, market, rules))
  const notional = Math.abs(perpetual.amount) * perpetual.price
  if (notional !== 0 && rules.perpetual === undefined) throw missing(`requirement of perpetuals on ${name}`, [name])
  const { initial = 0, maintenance = 0 } = rules.perpetual ?? {}
  const perpetualConfidence = Math.min(spotConfidence, perpetual.confidence)
  const contingency = {
    perpetual: oracleContingency(
      rules,
      rules.oracle.perpetualThreshold,
      perpetualConfidence,
      Math.abs(perpetual.amount) * spot,
    ),
    option: total(expiries.map(({ contingency }) => contingency)),
  }
  const shorts = total(expiries.map(({ shorts }) => shorts))
  const depegPenalty = (Math.abs(perpetual.amount) + shorts) * spot * depeg
  const lines: ModelLine[] = [
    { id: `${name} perpetual`, initial: notional * initial, maintenance: notional * maintenance },
    ...expiries.map(({ line }) => line),
    { id: `${name} oracle`, initial: contingency.perpetual + contingency.option, maintenance: 0 },
    { id: `${name} depeg`, initial: depegPenalty, maintenance: 0 },
  ]
  return {
    name,
    markToMarket: total(expiries.map(({ markToMarket }) => markToMarket)) + perpetual.unrealized,
    lines: lines.filter((line) => line.initial !== 0 || line.maintenance !== 0),
    worst: expiries.map(({ worst }) => worst),
    scenarios: expiries.flatMap(({ scenarios }) => scenarios),
    details: {
      spot,
      perpetual: {
        amount: perpetual.amount,
        price: perpetual.price,
        unrealized: perpetual.unrealized,
        initial: notional * initial,
        maintenance: notional * maintenance,
      },
      oracleContingency: contingency,
      depegPenalty,
      options: {
        isolated: sumOf(expiries.map(({ isolated }) => isolated)),
        maxLoss: sumOf(expiries.map(({ maxLoss }) => maxLoss)),
        margin: sumOf(expiries.map(({ margin }) => margin)),
      },
      expiries: expiries.map(({ details }) => details),
    },
  }
}

function expiryMargin(name: string, held: ExpiryHolding, market: MarketHoldings, rules: MarketRules) {
  const expiry = { ...held, options: netContracts(held) }
  const option = rules.option
  if (option === undefined) throw missing(`requirement of options on ${name}`, [name])
  const values = optionValues(expiry, unmoved, 1)
  const isolatedOptions = expiry.options.map((contract, index) =>
    isolatedMargin(option, contract, market.spot, values[index] ?? 0),
  )
  const isolated = sumOf(isolatedOptions)
  const settlements = settlementLosses(expiry)
  const worst = settlements.reduce((low, next) => (next.pnl < low.pnl ? next : low))
  const netCalls = total(expiry.options.map(({ right, amount }) => (right === 'call' ? amount : 0)))
  const unpaired = Math.min(0, netCalls) * expiry.forward.price
  const maxLoss = {
    initial: worst.pnl + unpaired * option.unpairedInitial,
    maintenance: worst.pnl + unpaired * option.unpairedMaintenance,
  }
  const margin = {
    initial: Math.max(isolated.initial, maxLoss.initial),
    maintenance: Math.max(isolated.maintenance, maxLoss.maintenance),
  }
  const markToMarket = total(values)
  const confidence = Math.min(market.spotConfidence, expiry.forward.confidence, expiry.forward.volatilityConfidence)
  const shorts = total(expiry.options.map(({ amount }) => Math.max(0, -amount)))
  const contingency = oracleContingency(rules, rules.oracle.optionThreshold, confidence, shorts * market.spot)
  const group = `${name} ${expiry.term.expiry ?? `${expiry.years} years`}`
  return {
    markToMarket,
    shorts,
    contingency,
    isolated,
    maxLoss,
    margin,
    // The options count with their value in equity and with their margin in the requirement.
    line: {
      id: `${group} options`,
      initial: markToMarket - margin.initial,
      maintenance: markToMarket - margin.maintenance,
    },
    worst: { group, scenario: worst.id, loss: -worst.pnl },
    scenarios: settlements.map((scenario): ModelScenario => ({ ...scenario, group })),
    details: {
      ...(expiry.term.expiry === undefined ? {} : { expiry: expiry.term.expiry }),
      years: expiry.years,
      forward: expiry.forward.price,
      markToMarket,
      minConfidence: confidence,
      netCalls,
      shorts,
      isolated,
      maxLoss,
      margin,
      oracleContingency: contingency,
      options: expiry.options.map(({ id, volatility }, index) => ({
        id,
        volatility,
        markToMarket: values[index] ?? 0,
        ...(isolatedOptions[index] as Isolated),
      })),
    } satisfies Detail,
  }
}

/** Base assets count at a share of their value, which is not restated in the stable currency; their mark is. */
function baseMargin(book: Book, held: CollateralHolding, stablePrice: number, parameters: SrmParameters) {
  const name = Object.hasOwn(parameters.markets, held.asset) ? held.asset : held.underlying
  const rules = rulesOf(parameters, name)
  if (rules.base === undefined) throw missing(`share of the base asset ${name}`, [name])
  underlyingMarket(book.market, held.underlying)
  const notional = held.amount * held.price
  const markToMarket = notional / stablePrice
  const contingency = oracleContingency(rules, rules.oracle.baseThreshold, held.confidence, notional)
  const maintenance = notional * rules.base.factor
  const initial = maintenance * rules.base.initialScale - contingency
  return {
    markToMarket,
    line: { id: `${held.id} base`, initial: markToMarket - initial, maintenance: markToMarket - maintenance },
    details: { id: held.id, market: name, markToMarket, initial, maintenance, oracleContingency: contingency },
  }
}

function oracleContingency({ oracle }: MarketRules, threshold: number, confidence: number, notional: number): number {
  return threshold !== 0 && confidence < threshold ? (1 - confidence) * oracle.factor * notional : 0
}

function sumOf(parts: readonly Both[]): { initial: number; maintenance: number } {
  return {
    initial: total(parts.map(({ initial }) => initial)),
    maintenance: total(parts.map(({ maintenance }) => maintenance)),
  }
}
