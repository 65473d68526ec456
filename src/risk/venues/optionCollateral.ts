import { secondsPerYear, type Wad, wad } from '../../core/units.ts'
import type { OptionCollateralRule } from '../../core/venueRule.ts'
import { black76, totalVolatility } from '../../kernel/black76.ts'
import { expWad } from '../../kernel/exponential.ts'
import { ceilDiv, div, floorDiv, max, min, mul, mulUp } from '../../kernel/fixedPoint.ts'
import {
  dollarsDown,
  dollarsUp,
  moveDown,
  moveUp,
  type ShortContract,
  type VenueShift,
  type VenueState,
} from './shift.ts'

type Minimum = OptionCollateralRule['minimum']

/**
 * State of the short options of a Lyra Avalon account (`OptionToken.canLiquidate`): each short has collateral of its own and
 * is liquidatable when that is below {@link minimumCollateral}; the account is when any short is.
 *
 * The penalty is `max(penaltyRatio · collateral, minimumPenalty)` of every short. The venue takes that share only of what
 * the premium leaves of the collateral, only of the shorts that are due, and never more than the collateral
 * (`OptionToken.getLiquidationFees`), so this is not less than its fees. The premium of the forced close is above the mark
 * (volatility times 1.3 and trading fees); that is not in the penalty but left to the scenarios in which volatility rises.
 * The slack is Σ (collateral − minimum) over the shorts; base collateral counts at our own price of the underlying.
 *
 * @throws {UnpricedLiabilityError} when the quote asset is not in the parameter set.
 */
export function optionCollateralState(rule: OptionCollateralRule, shift: VenueShift): VenueState {
  const { underlying, quoteAsset, quote, shorts, minimum, penaltyRatio, minimumPenalty } = rule
  const leastPenalty = dollarsUp(minimumPenalty, quoteAsset, shift)
  let isLiquidatable = false
  let penalty = 0n
  let slack = 0n
  for (const short of shorts) {
    const spot = short.right === 'call' ? moveUp(quote, underlying, shift) : moveDown(quote, underlying, shift)
    const compute = () => minimumCollateral(short, minimum, { spot, timestamp: shift.timestamp })
    const required = shift.once ? shift.once(rule, short, spot, compute) : compute()
    const taken = mulUp(short.collateral, penaltyRatio)
    const surplus = short.collateral - required
    isLiquidatable ||= surplus < 0n
    if (short.collateralIn === 'base') {
      penalty += max(ceilDiv(taken * shift.price(underlying), wad), leastPenalty)
      slack += floorDiv(surplus * shift.price(underlying), wad)
    } else {
      penalty += max(dollarsUp(taken, quoteAsset, shift), leastPenalty)
      slack += dollarsDown(surplus, quoteAsset, shift)
    }
  }
  return { isLiquidatable, penalty, slack }
}

/**
 * Collateral below which a short is liquidatable (`OptionGreekCache.getMinCollateral`), WAD in units of its collateral:
 * Black–Scholes at a shocked spot and volatility, `F = S · e^(rT)` and `df = e^(−rT)`, at least the static amount and never
 * more than full collateral. At and after expiry the option is worth its intrinsic value. Prices are our kernel's; the
 * venue's own differ in the last digits.
 *
 * @param market - The venue's spot in USD, WAD, and Unix seconds.
 * @throws {Black76DomainError} when spot or strike is beyond the domain of the kernel.
 */
export function minimumCollateral(
  { right, collateralIn, strike, expiry, amount }: ShortContract,
  minimum: Minimum,
  { spot, timestamp }: { readonly spot: Wad; readonly timestamp: number },
): Wad {
  if (amount === 0n) return 0n
  const shockedSpot = max(mul(spot, right === 'call' ? minimum.callSpotShock : minimum.putSpotShock), 1n)
  const price = optionPrice({ right, strike, seconds: max(BigInt(expiry - timestamp), 0n), spot: shockedSpot }, minimum)
  const priceOfAll = mul(price, amount)
  if (collateralIn === 'base') return min(max(div(priceOfAll, shockedSpot), minimum.baseCollateral), amount)
  const required = max(priceOfAll, minimum.quoteCollateral)
  return right === 'call' ? required : min(required, mul(amount, strike))
}

/** Falls linearly from `shockVolA` at `shockVolPointA` seconds to `shockVolB` at `shockVolPointB` (`getShockVol`). */
function shockVolatility(seconds: bigint, minimum: Minimum): Wad {
  const { shockVolA, shockVolB } = minimum
  const [pointA, pointB] = [BigInt(minimum.shockVolPointA), BigInt(minimum.shockVolPointB)]
  if (seconds <= pointA) return shockVolA
  if (seconds >= pointB) return shockVolB
  return shockVolA - ((shockVolA - shockVolB) * (seconds - pointA)) / (pointB - pointA)
}

function optionPrice(
  { right, strike, seconds, spot }: { right: ShortContract['right']; strike: Wad; seconds: bigint; spot: Wad },
  minimum: Minimum,
): Wad {
  if (seconds === 0n) return max(right === 'call' ? spot - strike : strike - spot, 0n)
  const growth = (minimum.rate * seconds) / secondsPerYear
  const forward = max(mul(spot, expWad(growth)), 1n)
  const volatility = totalVolatility(shockVolatility(seconds, minimum), seconds)
  return mulUp(black76(right, forward, strike, volatility), expWad(-growth))
}
