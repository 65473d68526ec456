import type { Underlying } from '../../core/asset.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { Scenario } from '../../core/scenario.ts'
import type { Wad } from '../../core/units.ts'
import { black76, totalVolatility } from '../../kernel/black76.ts'
import type { ShortContract, VenueShift } from '../venues/shift.ts'
import type { OptionLeg } from './legs.ts'
import { memoize, onceEach } from './memoize.ts'
import { shockedVolatility } from './shock.ts'

/** What options on one underlying cost, each price computed once for all books and markets at one block that share this. */
export type UnderlyingOptionPrices = {
  /** Volatility over the life of an option under a shock, WAD. */
  readonly totalVolatility: (leg: OptionLeg, vol: Scenario['vol']) => Wad
  /** Undiscounted price of a call with the terms of the leg, WAD. */
  readonly call: (leg: OptionLeg, forward: Wad, vol: Scenario['vol']) => Wad
  /** What a venue demands for a short at a spot price. */
  readonly minimum: NonNullable<VenueShift['once']>
}

/** Option prices by underlying. */
export type OptionPrices = (underlying: Underlying) => UnderlyingOptionPrices

/** Prices of options under the volatility shocks of a parameter set. */
export function createOptionPrices({ volatilityShock }: Pick<MarginParameters, 'volatilityShock'>): OptionPrices {
  return memoize((_underlying: Underlying) => {
    const contracts = memoize((_key: string) => new Map<Scenario['vol'], ShockedContract>())
    // Legs are of one book each, contracts of all.
    const contractOnce = onceEach<OptionLeg, Map<Scenario['vol'], ShockedContract>>()
    const contractOf = (leg: OptionLeg) =>
      contractOnce(leg, () => contracts(`${leg.strike}|${leg.term}|${leg.volatility}`))
    const shocked = (leg: OptionLeg, vol: Scenario['vol']): ShockedContract => {
      const known = contractOf(leg).get(vol)
      if (known) return known
      const volatility = shockedVolatility(leg.volatility, vol, leg.term, volatilityShock)
      const contract = { totalVolatility: totalVolatility(volatility, BigInt(leg.term)), calls: new Map<Wad, Wad>() }
      contractOf(leg).set(vol, contract)
      return contract
    }

    // A short that differs from another in its collateral alone has the same minimum.
    const termsOf = memoize(({ right, collateralIn, strike, expiry, amount }: ShortContract) =>
      [right, collateralIn, strike, expiry, amount].join('|'),
    )
    const minimums = memoize((_rule: object) => memoize((_terms: string) => new Map<Wad, Wad>()))

    return {
      totalVolatility: (leg, vol) => shocked(leg, vol).totalVolatility,
      call: (leg, forward, vol) => {
        const { calls, totalVolatility } = shocked(leg, vol)
        return valueAt(calls, forward, () => black76('call', forward, leg.strike, totalVolatility))
      },
      minimum: ({ minimum }, short, spot, compute) => valueAt(minimums(minimum)(termsOf(short)), spot, compute),
    }
  })
}

/** What is known of one strike, term and volatility under one shock: its price by forward. */
type ShockedContract = { readonly totalVolatility: Wad; readonly calls: Map<Wad, Wad> }

function valueAt(known: Map<Wad, Wad>, price: Wad, compute: () => Wad): Wad {
  const found = known.get(price)
  if (found !== undefined) return found
  const value = compute()
  known.set(price, value)
  return value
}
