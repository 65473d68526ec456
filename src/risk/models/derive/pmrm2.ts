import type { Book } from '../../../core/book.ts'
import { MissingMarketDataError } from '../../../core/errors.ts'
import type { ReferenceModel } from '../model.ts'
import { basisTotals, confidenceContingency, pegTerm, total } from './expiry.ts'
import { managedBook, marginOf, marketConfidence, type Worst, worstOf } from './manager.ts'
import { type Pmrm2Parameters, pmrm2Parameters } from './parameters.ts'
import { pmrm2Defaults } from './pmrm2Defaults.ts'
import { isSkew, moved, type PreparedExpiry, prepareExpiry, runScenario, trustedScenarios } from './pmrm2Scenarios.ts'
import { type CollateralHolding, holdingsOf } from './portfolio.ts'
import { skewMultiplier } from './skew.ts'

/**
 * Derive v2's second portfolio manager (`PMRM_2`, `PMRMLib_2`): spot and volatility scenarios, dampened tails and two moves of
 * the skew over one market's options, perpetual and any listed collateral. What Derive calls margin is our `free`.
 *
 * An expiry worth something is marked down, one worth less than nothing is marked up, in every scenario. Only collateral that
 * cancels risk moves in scenarios. The contingencies are not scaled by the margin factors.
 */
export const derivePmrm2: ReferenceModel<Pmrm2Parameters> = {
  id: 'derive-pmrm-2',
  summary: "Derive v2's portfolio manager PMRM_2 (derivexyz/v2-core)",
  parametersSchema: pmrm2Parameters,
  defaults: pmrm2Defaults,
  calculate: ({ book, parameters }) => calculate(book, parameters),
}

type Collateral = { readonly holding: CollateralHolding; readonly rules: Pmrm2Parameters['collaterals'][string] }

function calculate(book: Book, parameters: Pmrm2Parameters) {
  const managed = managedBook(book, holdingsOf(book, parameters), parameters)
  const { holdings, market, underlying } = managed
  const collaterals = holdings.collaterals.map((holding) => withRules(holding, parameters))
  const cancelling = new Set(collaterals.filter(({ rules }) => rules.riskCancelling).map(({ holding }) => holding))
  const confidence = marketConfidence(market)
  const expiries = market.expiries.map((expiry) => prepareExpiry(expiry, parameters, confidence))
  const run = (scenario: Pmrm2Parameters['scenarios'][number]) =>
    runScenario(managed, expiries, parameters, cancelling, scenario)
  const scenarios = parameters.scenarios.map(run)
  const basis = basisTotals(expiries)
  const worst = worstOf(scenarios, basis.contingency)

  const { spot, perpetual } = market
  const optionsValue = total(expiries.flatMap(({ values }) => values))
  const collateralValue = total(collaterals.map(({ holding }) => holding.value))
  const markToMarket = optionsValue + collateralValue + perpetual.unrealized
  const equity = markToMarket + holdings.cash
  const notional = Math.abs(perpetual.amount) * spot
  const shorts = total(expiries.map(({ naked }) => naked)) * spot
  const { contingency, margin } = parameters
  const charges = {
    perpetual: {
      maintenance: notional * contingency.perpetualMaintenance,
      initial: notional * contingency.perpetualInitial,
    },
    option: { maintenance: shorts * contingency.optionMaintenance, initial: shorts * contingency.optionInitial },
    collateral: {
      maintenance: total(collaterals.map(({ holding, rules }) => holding.value * rules.maintenanceHaircut)),
      initial: total(collaterals.map(({ holding, rules }) => holding.value * rules.initialHaircut)),
    },
  }
  const unsure = {
    perpetual: confidenceContingency(parameters, confidence, notional),
    option: total(expiries.map((expiry) => confidenceContingency(parameters, expiry.confidence, expiry.gross * spot))),
    collateral: total(
      collaterals.map(({ holding }) =>
        // The confidence of the perpetual has no say here; that of the spot has.
        confidenceContingency(parameters, Math.min(holding.confidence, market.spotConfidence), holding.value),
      ),
    ),
  }
  const peg = pegTerm(parameters, holdings.stablePrice)
  const both = (id: string, { maintenance, initial }: { maintenance: number; initial: number }) => ({
    id,
    initial: maintenance + initial,
    maintenance,
  })
  const maintenanceContingency =
    charges.perpetual.maintenance + charges.option.maintenance + charges.collateral.maintenance
  const trusted = worstOf(trustedScenarios(parameters).map(run), basis.contingency)
  return marginOf(parameters, book, {
    equity,
    lines: [
      {
        id: 'scenario loss',
        initial: -worst.pnl * margin.initialFactor,
        maintenance: -worst.pnl * margin.maintenanceFactor,
      },
      { id: 'peg', initial: -worst.pnl * peg, maintenance: 0 },
      both('perpetual contingency', charges.perpetual),
      both('option contingency', charges.option),
      both('collateral haircut', charges.collateral),
      { id: 'perpetual confidence', initial: unsure.perpetual, maintenance: 0 },
      { id: 'option confidence', initial: unsure.option, maintenance: 0 },
      { id: 'collateral confidence', initial: unsure.collateral, maintenance: 0 },
    ],
    worst: [{ scenario: worst.scenario, loss: -worst.pnl }],
    scenarios,
    details: {
      underlying,
      spot,
      stablePrice: holdings.stablePrice,
      cash: holdings.cash,
      markToMarket: {
        options: optionsValue,
        collateral: collateralValue,
        perpetual: perpetual.unrealized,
        total: markToMarket,
      },
      minConfidence: confidence,
      worst,
      worstByKind: worstByKind(parameters, scenarios),
      basisContingency: basis.contingency,
      basisByDirection: { up: basis.up, down: basis.down },
      maintenanceContingency,
      initialContingency:
        charges.perpetual.initial +
        charges.option.initial +
        charges.collateral.initial +
        unsure.perpetual +
        unsure.option +
        unsure.collateral,
      contingency: charges,
      confidenceContingency: unsure,
      factors: { initial: margin.initialFactor + peg, maintenance: margin.maintenanceFactor },
      trustedAssessor: {
        worst: trusted,
        margin: trusted.pnl * margin.maintenanceFactor - maintenanceContingency + equity,
      },
      collaterals: collaterals.map(({ holding, rules }) => ({
        id: holding.id,
        asset: holding.asset,
        value: holding.value,
        minConfidence: Math.min(holding.confidence, market.spotConfidence),
        riskCancelling: rules.riskCancelling,
        maintenanceHaircut: holding.value * rules.maintenanceHaircut,
        initialHaircut: holding.value * rules.initialHaircut,
      })),
      expiries: expiries.map((expiry) => describe(expiry, parameters)),
    },
  })
}

function withRules(holding: CollateralHolding, { collaterals }: Pmrm2Parameters): Collateral {
  const rules = Object.hasOwn(collaterals, holding.asset) ? collaterals[holding.asset] : undefined
  if (rules === undefined) {
    throw new MissingMarketDataError(`The parameters have no collateral ${holding.asset} (${holding.id}).`, {
      metaMessages: [
        `They have ${Object.keys(collaterals).join(', ') || 'none'}.`,
        'Add its haircuts to `collaterals`.',
      ],
    })
  }
  return { holding, rules }
}

/** Worst of the regular, dampened and skew scenarios, each by itself. */
function worstByKind(
  { scenarios }: Pmrm2Parameters,
  results: readonly { readonly id: string; readonly pnl: number }[],
): { readonly [kind: string]: Worst } {
  const worst: { [kind: string]: Worst } = {}
  for (const [index, { id, pnl }] of results.entries()) {
    const scenario = scenarios[index]
    if (scenario === undefined) continue
    const kind = isSkew(scenario.volatility) ? 'skew' : scenario.dampening === 1 ? 'regular' : 'tail'
    const found = worst[kind]
    if (found === undefined || pnl < found.pnl) worst[kind] = { index, scenario: id, pnl }
  }
  return worst
}

function describe(prepared: PreparedExpiry, parameters: Pmrm2Parameters) {
  const { expiry, values, up, down, discountLong, discountShort, basis, confidence, naked, gross } = prepared
  const { years, forward } = expiry
  const value = total(values)
  return {
    ...(expiry.term.expiry === undefined ? {} : { expiry: expiry.term.expiry }),
    years,
    seconds: expiry.seconds,
    forward: { fixed: forward.fixed, variable: forward.price - forward.fixed },
    rate: expiry.rate,
    discount: expiry.discount,
    volatilityFactors: { up, down },
    staticDiscount: { long: discountLong, short: discountShort },
    markToMarket: value,
    discounted: value * (value >= 0 ? discountLong : discountShort),
    basis,
    minConfidence: confidence,
    grossOptions: gross,
    nakedShorts: naked,
    options: expiry.options.map((option, index) => ({
      id: option.id,
      volatility: option.volatility,
      volatilityUp: moved(option, prepared, parameters, 'up'),
      volatilityDown: moved(option, prepared, parameters, 'down'),
      linear: skewMultiplier(parameters, 'linear', { strike: option.strike, forward: forward.price, years }),
      absolute: skewMultiplier(parameters, 'absolute', { strike: option.strike, forward: forward.price, years }),
      value: values[index] ?? 0,
    })),
  }
}
