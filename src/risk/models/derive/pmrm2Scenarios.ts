import { exp } from '../math/exponential.ts'
import { volatilityFactors } from '../volatilityShock.ts'
import {
  type BasisContingency,
  basisContingency,
  grossOptions,
  nakedShorts,
  optionValues,
  total,
  unmoved,
} from './expiry.ts'
import { type ManagedBook, scenarioPnl } from './manager.ts'
import type { Pmrm2Parameters } from './parameters.ts'
import type { CollateralHolding, ExpiryHolding, OptionHolding } from './portfolio.ts'
import { skewMultiplier } from './skew.ts'

type Scenario = Pmrm2Parameters['scenarios'][number]

/** An expiry with everything that all scenarios share. */
export type PreparedExpiry = {
  readonly expiry: ExpiryHolding
  readonly values: readonly number[]
  readonly up: number
  readonly down: number
  readonly discountLong: number
  readonly discountShort: number
  readonly basis: BasisContingency
  readonly confidence: number
  readonly naked: number
  readonly gross: number
}

/** Works out what all scenarios share. */
export function prepareExpiry(
  expiry: ExpiryHolding,
  parameters: Pmrm2Parameters,
  marketConfidenceNow: number,
): PreparedExpiry {
  const { volatility, margin } = parameters
  const factors = volatilityFactors(
    { ...volatility, up: volatility.rangeUp, down: volatility.rangeDown },
    expiry.seconds,
  )
  const { years, rate, discount } = expiry
  const long = exp(-years * (rate * margin.longRateMultScale + margin.longRateAddScale))
  const short = exp(-years * (rate * margin.shortRateMultScale + margin.shortRateAddScale))
  return {
    expiry,
    values: optionValues(expiry, unmoved, discount),
    ...factors,
    discountLong: margin.longStaticDiscount * long,
    // Never marked up beyond the value without interest.
    discountShort: Math.min(1 / discount, margin.shortStaticDiscount / short),
    basis: basisContingency(expiry, parameters, discount),
    confidence: Math.min(marketConfidenceNow, expiry.confidence),
    naked: nakedShorts(expiry),
    gross: grossOptions(expiry),
  }
}

/** Result of one scenario. Source: Derive v2, `PMRMLib_2.getScenarioPnL`. */
export function runScenario(
  managed: ManagedBook,
  expiries: readonly PreparedExpiry[],
  parameters: Pmrm2Parameters,
  cancelling: ReadonlySet<CollateralHolding>,
  { spot, volatility, dampening }: Scenario,
) {
  return scenarioPnl(managed, {
    id: `spot ×${spot}, volatility ${volatility}${dampening === 1 ? '' : `, ×${dampening}`}`,
    spot,
    dampening,
    counts: (collateral) => cancelling.has(collateral),
    options: expiries.map((prepared) => {
      const { expiry, values, discountLong, discountShort } = prepared
      const shocked = optionValues(
        expiry,
        // A move of the skew leaves the spot of the options where it is.
        {
          spot: isSkew(volatility) ? 1 : spot,
          volatility: (option) => moved(option, prepared, parameters, volatility),
        },
        expiry.discount,
      )
      const discount = total(shocked) >= 0 ? discountLong : discountShort
      const changes = shocked.map((value, index) => value * discount - (values[index] ?? 0))
      // A gain on a skew stands for the same loss on the opposite one.
      return isSkew(volatility) && total(changes) > 0 ? changes.map((change) => -change) : changes
    }),
  })
}

/** True for a scenario that moves the wings of the smile. */
export function isSkew(move: Scenario['volatility']): move is 'linear' | 'absolute' {
  return move === 'linear' || move === 'absolute'
}

/** Volatility of an option in a scenario. */
export function moved(
  { volatility, strike }: OptionHolding,
  { expiry, up, down }: PreparedExpiry,
  parameters: Pmrm2Parameters,
  move: Scenario['volatility'],
): number {
  switch (move) {
    case 'up':
      return Math.max(parameters.volatility.minimumUp, volatility * up)
    case 'none':
      return volatility
    case 'down':
      return volatility * down
    case 'linear':
    case 'absolute': {
      const at = { strike, forward: expiry.forward.price, years: expiry.years }
      return volatility * skewMultiplier(parameters, move, at).multiplier
    }
  }
}

/** Scenarios of a trusted risk assessor: the basis moves and none. Source: Derive v2, `getBasisContingencyScenarios`. */
export function trustedScenarios({ basis: { spotUp, spotDown } }: Pmrm2Parameters) {
  return [spotUp, spotDown, 1].map((spot) => ({ spot, volatility: 'none', dampening: 1 }) as const)
}
