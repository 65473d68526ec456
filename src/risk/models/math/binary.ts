/** 2^k as doubles for k from −1074 to 1023; halving and doubling are exact, down to the smallest number. */
const powersOfTwo = new Float64Array(2098)
for (let k = 0, power = 1; k <= 1023; k++, power *= 2) powersOfTwo[k + 1074] = power
for (let k = -1, power = 0.5; k >= -1074; k--, power /= 2) powersOfTwo[k + 1074] = power

/** Powers of two bring every positive double into the range between √½ and √2. */
const sqrt2 = Math.SQRT2
const smallestNormal = 2.2250738585072014e-308
const fractionBits = 0x000f_ffff
const exponentOfOne = 0x3ff0_0000

const word = new DataView(new ArrayBuffer(8))

/** x·2^k for k between −1126 and 1024, rounded once when the result is subnormal. */
export function scaleByPowerOfTwo(x: number, k: number): number {
  if (k > 1023) return x * 2 * (powersOfTwo[k + 1073] as number)
  if (k >= -1022) return x * (powersOfTwo[k + 1074] as number)
  // Both factors and the first product are exact; only the last product rounds.
  return x * (powersOfTwo[k + 52 + 1074] as number) * (powersOfTwo[1022] as number)
}

/** A positive finite number as mantissa·2^exponent with the mantissa between √½ and √2, exactly. */
export function splitExponent(x: number): { readonly mantissa: number; readonly exponent: number } {
  const subnormal = x < smallestNormal
  word.setFloat64(0, subnormal ? x * (powersOfTwo[54 + 1074] as number) : x)
  const high = word.getInt32(0)
  word.setInt32(0, (high & fractionBits) | exponentOfOne)
  const mantissa = word.getFloat64(0)
  const exponent = (high >>> 20) - 1023 - (subnormal ? 54 : 0)
  return mantissa > sqrt2 ? { mantissa: mantissa / 2, exponent: exponent + 1 } : { mantissa, exponent }
}
