import { one, type Real } from '../../../../support/exact/real.ts'

const word = new DataView(new ArrayBuffer(8))

/** A finite double as an exact real number; digits below 1e-72 are cut. */
export function toReal(x: number): Real {
  const { significand, exponent } = parts(x)
  const scaled = significand * one
  return exponent >= 0 ? scaled << BigInt(exponent) : scaled / (1n << BigInt(-exponent))
}

/** |actual − exact| in units in the last place of the double `actual`. */
export function ulpError(actual: number, exact: Real): number {
  const difference = toReal(actual) - exact
  const { exponent } = parts(actual)
  const magnitude = difference < 0n ? -difference : difference
  const scaled = exponent >= 0 ? (magnitude << 20n) >> BigInt(exponent) : magnitude << BigInt(20 - exponent)
  return Number(scaled / one) / 2 ** 20
}

/** How many doubles lie between two doubles. */
export function doublesBetween(a: number, b: number): number {
  return Math.abs(Number(order(a) - order(b)))
}

function order(x: number): bigint {
  word.setFloat64(0, x)
  const bits = word.getBigInt64(0)
  return bits < 0n ? -(bits & ((1n << 63n) - 1n)) : bits
}

function parts(x: number): { readonly significand: bigint; readonly exponent: number } {
  word.setFloat64(0, x)
  const bits = word.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & ((1n << 52n) - 1n)
  const significand = biased === 0 ? fraction : fraction | (1n << 52n)
  return { significand: bits >> 63n === 1n ? -significand : significand, exponent: Math.max(biased, 1) - 1075 }
}
