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
 * The penalty of a short that is due, here or before any move, is what the venue can take at most: its whole collateral less
 * its intrinsic value, which the mark contains. `OptionMarket.liquidatePosition` closes it at a volatility above the mark
 * (`liquidateVolShock`, more after the cutoff, and never below `liquidateSpotMin` of spot) and adds fees for price, vega and
 * variance that depend on the pool and have no limit; only what `OptionToken.getLiquidationFees` pays out of, the collateral,
 * limits them. A call is due at every price above one at which it is due and a put at every one below, so what is due on the
 * way here is due here or at no move. Every other short costs `max(penaltyRatio · collateral, minimumPenalty)`, and a due one
 * no less.
 * The slack is Σ (collateral − minimum) over the shorts, the minimum being of collateral in all and not beyond the price of
 * the option; base collateral counts at our own price of the underlying. A short past its expiry cannot be liquidated, nor
 * its collateral withdrawn before the board is settled, so it counts in neither.
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
    if (short.expiry <= shift.timestamp) continue
    const { right, collateralIn, strike, amount, collateral } = short
    const spot = right === 'call' ? moveUp(quote, underlying, shift) : moveDown(quote, underlying, shift)
    const surplusAt = (price: Wad) => {
      const compute = () => minimumCollateral(short, minimum, { spot: price, timestamp: shift.timestamp })
      return collateral - (shift.once ? shift.once(rule, short, price, compute) : compute())
    }
    const surplus = surplusAt(spot)
    const isBase = collateralIn === 'base'
    const up = (held: Wad) =>
      isBase ? ceilDiv(held * shift.price(underlying), wad) : dollarsUp(held, quoteAsset, shift)
    slack += isBase ? floorDiv(surplus * shift.price(underlying), wad) : dollarsDown(surplus, quoteAsset, shift)
    isLiquidatable ||= surplus < 0n
    const fee = max(up(mulUp(collateral, penaltyRatio)), leastPenalty)
    const isDue = surplus < 0n || surplusAt(quote) < 0n
    const intrinsic = isDue ? mul(amount, intrinsicValue(right, strike, shift.price(underlying))) : 0n
    penalty += isDue ? max(up(collateral) - dollarsDown(intrinsic, quoteAsset, shift), fee) : fee
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
  {
    right,
    collateralIn,
    strike,
    expiry,
    amount,
  }: Pick<ShortContract, 'right' | 'collateralIn' | 'strike' | 'expiry' | 'amount'>,
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

function intrinsicValue(right: ShortContract['right'], strike: Wad, spot: Wad): Wad {
  return max(right === 'call' ? spot - strike : strike - spot, 0n)
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
  if (seconds === 0n) return intrinsicValue(right, strike, spot)
  const growth = (minimum.rate * seconds) / secondsPerYear
  const forward = max(mul(spot, expWad(growth)), 1n)
  const volatility = totalVolatility(shockVolatility(seconds, minimum), seconds)
  return mulUp(black76(right, forward, strike, volatility), expWad(-growth))
}
