import type { FirstLiquidation } from '../../core/margin.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import { type Wad, wad } from '../../core/units.ts'
import { abs } from '../../kernel/fixedPoint.ts'
import { venueState } from '../venues/venueState.ts'
import { isLiability, type Leg } from './legs.ts'
import type { Valuer } from './revalue.ts'
import type { ScenarioPnl } from './scenarioPnl.ts'
import { shockedPrice } from './shock.ts'

/** Per venue account and underlying the scenario nearest to spot in which its venue liquidates it, then the lowest index. */
export function firstLiquidations({ accounts, underlyings }: ScenarioPnl): readonly FirstLiquidation[] {
  const found = accounts.flatMap(({ key }, index) =>
    underlyings.flatMap((own): readonly (FirstLiquidation & { readonly distance: Wad })[] => {
      const { underlying, spot, rows } = own
      const liquidating = rows.filter((_, at) => own.accounts[index]?.states?.[at]?.isLiquidatable)
      const [first] = liquidating
        .map(({ scenario, price }) => ({ scenario: scenario.id, price, distance: abs(price - spot) }))
        .sort((a, b) => compare(a.distance, b.distance))
      return first ? [{ venueAccount: key, underlying, ...first }] : []
    }),
  )
  return found.sort((a, b) => compare(a.distance, b.distance)).map(({ distance: _, ...liquidation }) => liquidation)
}

/** Whether any venue account liquidates within the critical distance of any one price, up or down. */
export function isCritical({ accounts }: ScenarioPnl, valuer: Valuer, { criticalDistance }: MarginParameters): boolean {
  return accounts.some(({ rule, pnl }) => {
    if (!rule) return false
    return [...pnl.byUnderlying.keys()].some((underlying) =>
      [criticalDistance, -criticalDistance, 0n].some((move) => {
        const scenario = { id: '', kind: 'absolute', move, vol: 'none', weight: wad } as const
        const price = shockedPrice(valuer.base.price(underlying), scenario, 0n)
        return venueState(rule, valuer.shiftTo(valuer.priced(new Map([[underlying, price]])))).isLiquidatable
      }),
    )
  })
}

/** Venue accounts with liabilities but without a rule: nobody knows where their venue liquidates them. */
export function withoutPhysics({ accounts, legs }: ScenarioPnl): readonly string[] {
  return accounts
    .filter(({ rule, legs: own }) => !rule && own.some((index) => isVenueLiability(legs[index] as Leg)))
    .map(({ key }) => key)
}

/** Whether a claim can be negative at a venue that may liquidate it. */
export function isVenueLiability(leg: Leg): boolean {
  return leg.control !== 'free' && leg.control !== 'consumer' && isLiability(leg)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}
