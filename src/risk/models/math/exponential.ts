import { scaleByPowerOfTwo, splitExponent } from './binary.ts'
import { add, type DoubleDouble, divide, multiply, multiplyDouble, twoSum } from './doubleDouble.ts'

// Everything here uses + − × ÷ and exact steps only, so the result is the same on every machine; `Math.exp` and its kin are not.

/** ln 2 in two parts: the first has 32 bits, so its product with an exponent is exact. */
const ln2High = 0.6931471803691238
const ln2Low = 1.9082149292705877e-10
const inverseLn2 = Math.LOG2E
const overflow = 709.782712893384
const underflow = -745.1332191019412

/** 1/13!, 1/12! … 1/2!: the series of e^r for |r| ≤ ln 2 / 2 is cut where the rest is 0.02 units in the last place. */
const inverseFactorials = Float64Array.from({ length: 12 }, (_, index) => 1 / factorial(13 - index))
/** 2/21, 2/19 … 2/3: the series of 2·artanh(s) = ln((1 + s) / (1 − s)) for |s| ≤ 0.172. */
const artanhTerms = Float64Array.from({ length: 10 }, (_, index) => 2 / (21 - 2 * index))

/** e^x, within 0.6 units in the last place (2 where the result is subnormal). */
export function exp(x: number): number {
  return expOfSum(x, 0)
}

/** e^(x + correction) for a correction that is far below x, as the rounding error of a product is. */
export function expOfSum(x: number, correction: number): number {
  if (Number.isNaN(x)) return x
  if (x > overflow) return Infinity
  if (x < underflow) return 0
  const k = Math.round(x * inverseLn2)
  const { reduced, rest } = reduce(x, k)
  const sum = reduced + correction
  const remainder = seriesRest(sum) + (rest + (reduced - sum + correction))
  const high = 1 + sum
  return scaleByPowerOfTwo(high + (sum - (high - 1) + remainder), k)
}

/** e^x − 1 without cancellation near zero, within 1 unit in the last place. */
export function expm1(x: number): number {
  // Up to here 2^k − 1 is a double.
  if (x > 36) return exp(x) - 1
  if (x < -40) return -1
  const k = Math.round(x * inverseLn2)
  // Also keeps the sign of zero, and a subnormal.
  if (k === 0 || Number.isNaN(x)) return x + seriesRest(x)
  const { reduced, rest } = reduce(x, k)
  const scale = scaleByPowerOfTwo(1, k)
  const sum = twoSum(scale - 1, scale * reduced)
  return sum.high + (sum.low + scale * (seriesRest(reduced) + rest))
}

/** ln x, within 1 unit in the last place; −∞ at 0 and NaN below. */
export function log(x: number): number {
  if (!(x > 0) || x === Infinity) return x === Infinity ? x : x === 0 ? -Infinity : NaN
  const { mantissa, exponent } = splitExponent(x)
  return logOfParts(mantissa - 1, exponent, 0)
}

/** ln(1 + x) without cancellation near zero, within 1 unit in the last place; −∞ at −1 and NaN below. */
export function log1p(x: number): number {
  if (!(x > -1) || x === Infinity) return x === Infinity ? x : x === -1 ? -Infinity : NaN
  if (Math.abs(x) < 1e-16) return x
  const sum = twoSum(1, x)
  const { mantissa, exponent } = splitExponent(sum.high)
  return logOfParts(mantissa - 1, exponent, scaleByPowerOfTwo(sum.low, -exponent) / mantissa)
}

/** x^y, within 0.6 units in the last place, so exact where the result is a double. Special cases are those of `Math.pow`. */
export function power(x: number, y: number): number {
  if (y === 0) return 1
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN
  const magnitude = Math.abs(x)
  if (!Number.isFinite(y)) return magnitude === 1 ? NaN : magnitude > 1 === y > 0 ? Infinity : 0
  const negative = (x < 0 || Object.is(x, -0)) && Math.abs(y % 2) === 1
  if (magnitude === 0 || magnitude === Infinity) {
    const result = (magnitude === 0) === y > 0 ? 0 : Infinity
    return negative ? -result : result
  }
  if (x < 0 && !Number.isInteger(y)) return NaN
  const result = positivePower(magnitude, y)
  return negative ? -result : result
}

function positivePower(x: number, y: number): number {
  if (x === 1) return 1
  const logarithm = logDoubleDouble(x)
  const estimate = logarithm.high * y
  if (estimate > overflow + 1) return Infinity
  if (estimate < underflow - 1) return 0
  // An exponent this small leaves 1 + y·ln x, and its product could underflow.
  return Math.abs(estimate) < 1e-20 ? 1 + estimate : expDoubleDouble(multiplyDouble(logarithm, y))
}

/** x − k·ln 2 and what its rounding lost. */
function reduce(x: number, k: number) {
  const high = x - k * ln2High
  const low = k * ln2Low
  const reduced = high - low
  return { reduced, rest: high - reduced - low }
}

/** e^r − 1 − r. */
function seriesRest(r: number): number {
  let sum = 0
  for (let index = 0; index < 12; index++) sum = sum * r + (inverseFactorials[index] as number)
  return r * r * sum
}

/** ln(2^exponent · (1 + f) · (1 + correction)) by ln(1 + f) = f − f²/2 + s·(f²/2 + R(s)), s = f / (2 + f). */
function logOfParts(f: number, exponent: number, correction: number): number {
  const s = f / (2 + f)
  const square = s * s
  let series = 0
  for (let index = 0; index < 10; index++) series = series * square + (artanhTerms[index] as number)
  const half = 0.5 * f * f
  const small = s * (half + square * series) + (exponent * ln2Low + correction)
  return exponent * ln2High - (half - small - f)
}

const ln2: DoubleDouble = { high: Math.LN2, low: 2.3190468138462996e-17 }
const oddReciprocals = Array.from({ length: 20 }, (_, index) => quotient(1, 39 - 2 * index))
const reciprocalFactorials = Array.from({ length: 23 }, (_, index) => quotient(1, factorial(22 - index)))

function quotient(a: number, b: number): DoubleDouble {
  return divide({ high: a, low: 0 }, { high: b, low: 0 })
}

function logDoubleDouble(x: number): DoubleDouble {
  const { mantissa, exponent } = splitExponent(x)
  const s = divide({ high: mantissa - 1, low: 0 }, twoSum(mantissa, 1))
  const square = multiply(s, s)
  let sum: DoubleDouble = { high: 0, low: 0 }
  for (const reciprocal of oddReciprocals) sum = add(multiply(sum, square), reciprocal)
  return add(multiplyDouble(multiply(s, sum), 2), multiplyDouble(ln2, exponent))
}

function expDoubleDouble(x: DoubleDouble): number {
  const k = Math.round(x.high * inverseLn2)
  const reduced = add(x, multiplyDouble(ln2, -k))
  let sum: DoubleDouble = { high: 0, low: 0 }
  for (const reciprocal of reciprocalFactorials) sum = add(multiply(sum, reduced), reciprocal)
  return scaleByPowerOfTwo(sum.high, k)
}

function factorial(n: number): number {
  let product = 1
  for (let factor = 2; factor <= n; factor++) product *= factor
  return product
}
