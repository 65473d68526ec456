import { OutOfRangeError } from '../../../core/errors.ts'
import { type Wad, wad } from '../../../core/units.ts'
import { isqrt } from '../../../kernel/squareRoot.ts'

const half = wad / 2n

/**
 * `x^y` as PRBMath's UD60x18 computes it, bit for bit: `exp2(log2(x) · y)`, the product rounded half up. GMX v2 raises open
 * interest to its impact exponent with it.
 *
 * @throws {OutOfRangeError} for x below 1, where that logarithm is not defined, or a power of 2^192 and more.
 */
export function binaryPower(x: Wad, y: Wad): Wad {
  if (x === 0n) return y === 0n ? wad : 0n
  const product = binaryLogarithm(x) * y
  return binaryExponential(product / wad + (product % wad >= half ? 1n : 0n))
}

/** log2(x) by repeated squaring, truncated to WAD. */
function binaryLogarithm(x: Wad): Wad {
  if (x < wad) throw new OutOfRangeError(`Cannot take the binary logarithm of ${x}, which is below 1.`)
  const whole = bitLength(x / wad) - 1n
  let result = whole * wad
  let y = x >> whole
  if (y === wad) return result
  for (let step = half; step > 0n; step >>= 1n) {
    y = (y * y) / wad
    if (y >= 2n * wad) {
      result += step
      y >>= 1n
    }
  }
  return result
}

/** 2^x from factors 2^(2^−i) of 65 bits, each product truncated. */
function binaryExponential(x: Wad): Wad {
  if (x >= 192n * wad) throw new OutOfRangeError(`Two to the power of ${x} exceeds what the venue can represent.`)
  const bits = (x << 64n) / wad
  let result = 1n << 191n
  for (const [index, factor] of factors.entries()) {
    if (bits & (1n << BigInt(63 - index))) result = (result * factor) >> 64n
  }
  return (result * wad) >> (191n - (bits >> 64n))
}

function bitLength(value: bigint): bigint {
  return BigInt(value.toString(2).length)
}

/** 2^(2^−i) · 2^64 for i = 1 … 64, to the nearest integer: the constants of PRBMath. */
const factors: readonly bigint[] = rootsOfTwo(64)

function rootsOfTwo(count: number): readonly bigint[] {
  const precision = 256n
  const excess = precision - 64n
  const roots: bigint[] = []
  let root = 2n << precision
  for (let index = 0; index < count; index++) {
    root = isqrt(root << precision)
    roots.push((root + (1n << (excess - 1n))) >> excess)
  }
  return roots
}
