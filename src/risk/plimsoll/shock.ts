import type { MarginParameters } from '../../core/parameters.ts'
import type { Scenario } from '../../core/scenario.ts'
import { type Wad, wad } from '../../core/units.ts'
import { powWad } from '../../kernel/exponential.ts'
import { floorDiv, max, mul } from '../../kernel/fixedPoint.ts'

/** `floor(S · (1e18 + m) / 1e18)` with `m` the move of the scenario (model section 3). */
export function shockedPrice(price: Wad, scenario: Scenario, range: Wad): Wad {
  const move = scenario.kind === 'range' ? mul(scenario.move, range) : scenario.move
  return floorDiv(price * (wad + move), wad)
}

/** Annual volatility under a shock, scaled by term as in Derive's PMRM (model section 3). */
export function shockedVolatility(
  volatility: Wad,
  vol: Scenario['vol'],
  term: number,
  {
    up,
    down,
    minimumUp,
    shortTermPower,
    longTermPower,
    referenceTerm,
    shortestTerm,
  }: MarginParameters['volatilityShock'],
): Wad {
  if (vol === 'none') return volatility
  const power = term <= referenceTerm ? shortTermPower : longTermPower
  const scale = powWad((BigInt(referenceTerm) * wad) / max(BigInt(term), BigInt(shortestTerm)), power)
  return vol === 'up'
    ? max(mul(volatility, wad + mul(up, scale)), minimumUp)
    : mul(volatility, max(0n, wad - mul(down, scale)))
}
