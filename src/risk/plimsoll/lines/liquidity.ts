import { InvalidInputError } from '../../../core/errors.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { ceilDiv, divUp, mulUp } from '../../../kernel/fixedPoint.ts'
import { isqrt } from '../../../kernel/squareRoot.ts'
import { deltaUnit } from './exposures.ts'
import { type MinimumInputs, type Stage, sumOf } from './minimums.ts'

/**
 * Cost of closing each underlying over all venues together (square-root impact, methodology section 8):
 * `Q = ceil(gross delta · S)`, `ceil(hs·Q) + ceil(Y·σ·Q·sqrt(Q/ADV))`. WAD USD.
 *
 * @throws {InvalidInputError} for an underlying in the book whose daily volume is zero.
 */
export function liquidityCharge({ valuer, parameters, exposures }: MinimumInputs): (stage: Stage) => Wad {
  const sizes = [...exposures].flatMap(([underlying, { gross }]) => {
    const notional = ceilDiv(gross * valuer.base.price(underlying), deltaUnit)
    const liquidity = parameters.underlyings[underlying]?.liquidity
    if (notional === 0n) return []
    if (!liquidity || liquidity.averageDailyVolume === 0n) {
      throw new InvalidInputError(`Underlying ${underlying} has no daily volume, so its size cannot be charged.`, {
        metaMessages: [`Set underlyings.${underlying}.liquidity.averageDailyVolume in the parameter set.`],
      })
    }
    const { halfSpread, dailyVolatility, averageDailyVolume } = liquidity
    const days = sqrtUp(divUp(notional, averageDailyVolume))
    return [{ notional, halfSpread, dailyVolatility, days }]
  })
  const { impact } = parameters.lines.liquidity
  return (stage) =>
    sumOf(
      sizes,
      ({ notional, halfSpread, dailyVolatility, days }) =>
        mulUp(halfSpread[stage], notional) + mulUp(mulUp(mulUp(impact[stage], dailyVolatility), notional), days),
    )
}

/** Square root of a WAD number, rounded up. */
function sqrtUp(value: Wad): Wad {
  const root = isqrt(value * wad)
  return root * root === value * wad ? root : root + 1n
}
