import type { Book } from '../../../core/book.ts'
import { UnmodeledPositionError } from '../errors.ts'
import { exp } from '../math/exponential.ts'
import type { ReferenceModel } from '../model.ts'
import { volatilityFactors } from '../volatilityShock.ts'
import {
  type BasisContingency,
  basisContingency,
  basisTotals,
  confidenceContingency,
  grossOptions,
  nakedShorts,
  optionValues,
  pegTerm,
  total,
  unmoved,
} from './expiry.ts'
import { type ManagedBook, managedBook, marginOf, marketConfidence, scenarioPnl, worstOf } from './manager.ts'
import { type PmrmParameters, pmrmParameters } from './parameters.ts'
import { pmrmDefaults } from './pmrmDefaults.ts'
import { type CollateralHolding, type ExpiryHolding, holdingsOf, type OptionHolding } from './portfolio.ts'

/**
 * Derive v2's first portfolio manager (`PMRM`, `PMRMLib`): value of one market's options, perpetual and base asset over spot and
 * volatility scenarios. What Derive calls margin is our `free`.
 *
 * Options are valued without interest; a static discount marks down what an expiry is worth when it is worth something, in every
 * scenario, so that the unmoved one costs too. The contingencies count before the initial factor.
 */
export const derivePmrm: ReferenceModel<PmrmParameters> = {
  id: 'derive-pmrm',
  summary: "Derive v2's portfolio manager PMRM (derivexyz/v2-core)",
  parametersSchema: pmrmParameters,
  defaults: pmrmDefaults,
  calculate: ({ book, parameters }) => calculate(book, parameters),
}

type PreparedExpiry = {
  readonly expiry: ExpiryHolding
  readonly values: readonly number[]
  readonly up: number
  readonly down: number
  readonly staticDiscount: number
  readonly basis: BasisContingency
  readonly confidence: number
  readonly naked: number
  readonly gross: number
}

function calculate(book: Book, parameters: PmrmParameters) {
  const managed = managedBook(book, holdingsOf(book, parameters), parameters)
  const { holdings, market, underlying } = managed
  for (const { id, underlying: held } of holdings.collaterals) {
    if (held === underlying) continue
    throw new UnmodeledPositionError(
      `${id} is a base asset on ${held}; the manager of ${underlying} has one base asset.`,
      {
        metaMessages: ['Use derive-pmrm-2 or derive-srm for other collateral.'],
      },
    )
  }
  const confidence = marketConfidence(market)
  const expiries = market.expiries.map((expiry) => prepare(expiry, parameters, confidence))
  const scenarios = parameters.scenarios.map((scenario) => runScenario(managed, expiries, scenario))
  const basis = basisTotals(expiries)
  const worst = worstOf(scenarios, basis.contingency)

  const { spot, perpetual } = market
  const baseValue = total(holdings.collaterals.map(({ value }) => value))
  // The base asset counts in units of the underlying that it is worth.
  const base = (baseValue * holdings.stablePrice) / spot
  const optionsValue = total(expiries.flatMap(({ values }) => values))
  const markToMarket = optionsValue + baseValue + perpetual.unrealized
  const contingency = {
    perpetual: Math.abs(perpetual.amount) * parameters.contingency.perpetual * spot,
    base: base * parameters.contingency.base * spot,
    option: total(expiries.map(({ naked }) => naked)) * parameters.contingency.option * spot,
  }
  const factor = parameters.margin.initialFactor + pegTerm(parameters, holdings.stablePrice)
  const marketNotional = (Math.abs(perpetual.amount) + base) * spot
  const confidenceOfMarket = confidenceContingency(parameters, confidence, marketNotional)
  const confidenceOfOptions = total(
    expiries.map((expiry) => confidenceContingency(parameters, expiry.confidence, expiry.gross * spot)),
  )
  const equity = markToMarket + holdings.cash
  const scaled = (id: string, amount: number) => ({ id, initial: amount * factor, maintenance: amount })

  const trusted = trustedAssessment(managed, expiries, parameters, basis.contingency)
  const staticContingency = contingency.perpetual + contingency.base + contingency.option
  return marginOf(parameters, book, {
    equity,
    lines: [
      scaled('scenario loss', -worst.pnl),
      scaled('perpetual contingency', contingency.perpetual),
      scaled('base contingency', contingency.base),
      scaled('option contingency', contingency.option),
      { id: 'market confidence', initial: confidenceOfMarket, maintenance: 0 },
      { id: 'option confidence', initial: confidenceOfOptions, maintenance: 0 },
    ],
    worst: [{ scenario: worst.scenario, loss: -worst.pnl }],
    scenarios,
    details: {
      underlying,
      spot,
      stablePrice: holdings.stablePrice,
      cash: holdings.cash,
      markToMarket: { options: optionsValue, base: baseValue, perpetual: perpetual.unrealized, total: markToMarket },
      minConfidence: confidence,
      worst,
      basisContingency: basis.contingency,
      basisByDirection: { up: basis.up, down: basis.down },
      staticContingency,
      minSpan: worst.pnl - staticContingency,
      confidenceContingency: confidenceOfMarket + confidenceOfOptions,
      contingency,
      initialFactor: factor,
      trustedAssessor: { worst: trusted, margin: trusted.pnl - staticContingency + equity },
      expiries: expiries.map(describe),
    },
  })
}

function prepare(expiry: ExpiryHolding, parameters: PmrmParameters, marketConfidenceNow: number): PreparedExpiry {
  const { volatility, margin } = parameters
  const factors = volatilityFactors(
    { ...volatility, up: volatility.rangeUp, down: volatility.rangeDown },
    expiry.seconds,
  )
  const discountRate = expiry.rate * margin.rateMultScale + margin.rateAddScale
  return {
    expiry,
    values: optionValues(expiry, unmoved, 1),
    ...factors,
    staticDiscount: margin.staticDiscount * exp(-expiry.years * discountRate),
    basis: basisContingency(expiry, parameters, 1),
    confidence: Math.min(marketConfidenceNow, expiry.confidence),
    naked: nakedShorts(expiry),
    gross: grossOptions(expiry),
  }
}

function runScenario(
  managed: ManagedBook,
  expiries: readonly PreparedExpiry[],
  { spot, volatility }: PmrmParameters['scenarios'][number],
) {
  return scenarioPnl(managed, {
    id: `spot ×${spot}, volatility ${volatility}`,
    spot,
    dampening: 1,
    counts: (_: CollateralHolding) => true,
    options: expiries.map(({ expiry, values, up, down, staticDiscount }) => {
      const factor = volatility === 'up' ? up : volatility === 'down' ? down : 1
      const moved = (option: OptionHolding) => option.volatility * factor
      const shocked = optionValues(expiry, { spot, volatility: moved }, 1)
      const discount = total(shocked) > 0 ? staticDiscount : 1
      return shocked.map((value, index) => value * discount - (values[index] ?? 0))
    }),
  })
}

/** What a trusted risk assessor sees: the maintenance margin over the basis scenarios and the unmoved one. */
function trustedAssessment(
  managed: ManagedBook,
  expiries: readonly PreparedExpiry[],
  { basis: { spotUp, spotDown } }: PmrmParameters,
  basis: number,
) {
  const scenarios = [spotUp, spotDown, 1].map((spot) => runScenario(managed, expiries, { spot, volatility: 'none' }))
  return worstOf(scenarios, basis)
}

function describe({ expiry, values, up, down, staticDiscount, basis, confidence, naked, gross }: PreparedExpiry) {
  const value = total(values)
  return {
    ...(expiry.term.expiry === undefined ? {} : { expiry: expiry.term.expiry }),
    years: expiry.years,
    seconds: expiry.seconds,
    forward: { fixed: expiry.forward.fixed, variable: expiry.forward.price - expiry.forward.fixed },
    rate: expiry.rate,
    volatilityFactors: { up, down },
    staticDiscount,
    markToMarket: value,
    discounted: value > 0 ? value * staticDiscount : value,
    basis,
    minConfidence: confidence,
    grossOptions: gross,
    nakedShorts: naked,
    options: expiry.options.map(({ id, volatility }, index) => ({
      id,
      volatility,
      volatilityUp: volatility * up,
      volatilityDown: volatility * down,
      value: values[index] ?? 0,
    })),
  }
}
