/**
 * An unevaluated sum of two doubles, high + low with |low| at most half a unit in the last place of high: about 32 digits.
 * The error-free steps are those of T. J. Dekker, "A floating-point technique for extending the available precision" (1971),
 * and D. E. Knuth, The Art of Computer Programming, volume 2, 4.2.2.
 */
export type DoubleDouble = { readonly high: number; readonly low: number }

/** 2^27 + 1 splits a double into two halves of 26 bits. */
const splitter = 134217729

/** a + b without error. */
export function twoSum(a: number, b: number): DoubleDouble {
  const high = a + b
  const shadow = high - a
  return { high, low: a - (high - shadow) + (b - shadow) }
}

/** a·b without error, for factors below 2^996 whose product does not underflow. */
export function twoProduct(a: number, b: number): DoubleDouble {
  const high = a * b
  const splitA = splitter * a
  const aHigh = splitA - (splitA - a)
  const aLow = a - aHigh
  const splitB = splitter * b
  const bHigh = splitB - (splitB - b)
  const bLow = b - bHigh
  return { high, low: aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow) }
}

export function addDouble(a: DoubleDouble, b: number): DoubleDouble {
  const sum = twoSum(a.high, b)
  return normalize(sum.high, sum.low + a.low)
}

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const high = twoSum(a.high, b.high)
  const low = twoSum(a.low, b.low)
  const sum = normalize(high.high, high.low + low.high)
  return normalize(sum.high, sum.low + low.low)
}

export function multiply(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const product = twoProduct(a.high, b.high)
  return normalize(product.high, product.low + (a.high * b.low + a.low * b.high))
}

export function multiplyDouble(a: DoubleDouble, b: number): DoubleDouble {
  const product = twoProduct(a.high, b)
  return normalize(product.high, product.low + a.low * b)
}

export function divide(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const first = a.high / b.high
  const rest = add(a, multiplyDouble(b, -first))
  const second = rest.high / b.high
  const rest2 = add(rest, multiplyDouble(b, -second))
  return addDouble(normalize(first, second), rest2.high / b.high)
}

/** high + low, where |high| is at least |low|. */
function normalize(high: number, low: number): DoubleDouble {
  const sum = high + low
  return { high: sum, low: low - (sum - high) }
}
