import { one, type Real } from './real.ts'

// Power series in binary fixed point with 224 fractional bits (67 decimals): each result is off by less than 1e-60.

const bits = 224n
const unit = 1n << bits

const toBinary = (x: Real): bigint => (x << bits) / one
const fromBinary = (x: bigint): Real => (x * one) >> bits

function artanh(z: bigint): bigint {
  const square = (z * z) >> bits
  let power = z
  let total = 0n
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    total += power / n
    power = (power * square) >> bits
  }
  return total
}

const ln2 = 2n * artanh(unit / 3n)

function lnBinary(x: bigint): bigint {
  const shift = BigInt(x.toString(2).length - 1) - bits
  // Mantissa between 0.75 and 1.5, where the series is short.
  let power = shift
  let mantissa = shift >= 0n ? x >> shift : x << -shift
  if (mantissa > unit + (unit >> 1n)) {
    mantissa >>= 1n
    power += 1n
  }
  return power * ln2 + 2n * artanh(((mantissa - unit) << bits) / (mantissa + unit))
}

const halvings = 8n

function expBinary(x: bigint): bigint {
  let power = x / ln2
  if (x < power * ln2) power -= 1n
  if (power < -bits) return 0n
  const reduced = (x - power * ln2) >> halvings
  let term = unit
  let total = unit
  for (let n = 1n; term > 0n; n++) {
    term = ((term * reduced) >> bits) / n
    total += term
  }
  for (let n = 0n; n < halvings; n++) total = (total * total) >> bits
  return power >= 0n ? total << power : total >> -power
}

/** π by Machin's formula. */
const pi = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n))

function arctanOfInverse(k: bigint): bigint {
  let power = unit / k
  let total = 0n
  for (let n = 1n; power !== 0n; n += 2n) {
    total += n % 4n === 1n ? power / n : -(power / n)
    power /= k * k
  }
  return total
}

const sqrt2Pi = newtonSqrt(2n * pi * unit)

function newtonSqrt(x: bigint): bigint {
  let root = 1n << BigInt((x.toString(2).length >> 1) + 1)
  for (;;) {
    const next = (root + x / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** Beyond this many standard deviations the tail is below 1e-71. */
const farTail = 18n * unit

/** N(x) = ½ + φ(x)·Σ x^(2k+1) / (1·3·…·(2k+1)). */
function normalCdfBinary(x: bigint): bigint {
  if (x < 0n) return unit - normalCdfBinary(-x)
  if (x > farTail) return unit
  const square = (x * x) >> bits
  let term = x
  let total = x
  for (let n = 3n; term > 0n; n += 2n) {
    term = ((term * square) >> bits) / n
    total += term
  }
  const scaled = (total << bits) / expBinary(square >> 1n)
  return (unit >> 1n) + (scaled << bits) / sqrt2Pi
}

/** Natural logarithm of a positive number. */
export function ln(x: Real): Real {
  return fromBinary(lnBinary(toBinary(x)))
}

export function exp(x: Real): Real {
  return fromBinary(expBinary(toBinary(x)))
}

export function normalCdf(x: Real): Real {
  return fromBinary(normalCdfBinary(toBinary(x)))
}

/** N(d1) and N(d2) of Black-76 for a total volatility of more than zero. */
export function normalPair(
  forward: Real,
  strike: Real,
  totalVolatility: Real,
): { readonly first: Real; readonly second: Real } {
  const volatility = toBinary(totalVolatility)
  const distance = (lnBinary((forward << bits) / strike) << bits) / volatility
  const first = distance + (volatility >> 1n)
  return { first: fromBinary(normalCdfBinary(first)), second: fromBinary(normalCdfBinary(first - volatility)) }
}
