// Plain series on integers with 90 decimals, slow and independent of the rational forms under test.
// Only `+ − · ÷`, so its own error is a few hundred units of the last decimal, far below what is measured with it.

/** 1.0 of the reference. */
export const one = 10n ** 90n
const perWad = 10n ** 72n

export function fromWad(x: bigint): bigint {
  return x * perWad
}

export function times(a: bigint, b: bigint): bigint {
  return (a * b) / one
}

export function over(a: bigint, b: bigint): bigint {
  return (a * one) / b
}

/** e^x by halving the argument until the Taylor series is short. */
export function exp(x: bigint): bigint {
  if (x < 0n) return over(one, exp(-x))
  let halvings = 0n
  while (x >> halvings > one >> 12n) halvings++
  const reduced = x >> halvings
  let term = one
  let sum = one
  for (let n = 1n; term > 0n; n++) {
    term = times(term, reduced) / n
    sum += term
  }
  for (; halvings > 0n; halvings--) sum = times(sum, sum)
  return sum
}

const ln2 = 2n * atanhSeries(one / 3n)

/** Natural logarithm of a positive number, ln x = 2·artanh((x − 1) / (x + 1)) after taking powers of two out. */
export function ln(x: bigint): bigint {
  let powers = 0n
  let reduced = x
  for (; reduced > (one * 4n) / 3n; powers++) reduced = (reduced + 1n) >> 1n
  for (; reduced < (one * 2n) / 3n; powers--) reduced <<= 1n
  // Only the last bits are lost by halving; redo it in one step to keep them.
  const exact = powers > 0n ? (x + (1n << (powers - 1n))) >> powers : reduced
  return powers * ln2 + 2n * atanhSeries(over(exact - one, exact + one))
}

function atanhSeries(z: bigint): bigint {
  const square = times(z, z)
  let power = z
  let sum = 0n
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += power / n
    power = times(power, square)
  }
  return sum
}

export function sqrt(x: bigint): bigint {
  let low = 0n
  let high = 1n << BigInt((x * one).toString(2).length)
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle * middle <= x * one) low = middle
    else high = middle
  }
  return low
}

/** π by Machin's formula. */
export const pi = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n))

function arctanOfInverse(k: bigint): bigint {
  let power = one / k
  let sum = 0n
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += n % 4n === 1n ? power / n : -(power / n)
    power /= k * k
  }
  return sum
}

const oneOverSqrt2Pi = over(one, sqrt(2n * pi))

/** 1 − N(x) for x ≥ 0: ½ − φ(x)·Σ x^(2k+1) / (1·3·…·(2k+1)); below 1e-88 beyond 20, where it is 0. */
export function normalTail(x: bigint): bigint {
  if (x > 20n * one) return 0n
  const square = times(x, x)
  let term = x
  let sum = x
  for (let n = 3n; term > 0n; n += 2n) {
    term = times(term, square) / n
    sum += term
  }
  return one / 2n - over(times(oneOverSqrt2Pi, sum), exp(square / 2n))
}

/** (1 − N(x)) / exp(−x²/2) for x ≥ 5 from Laplace's continued fraction, a second way for far tails. */
export function tailRatio(x: bigint): bigint {
  let denominator = x
  for (let n = 600n; n > 0n; n--) denominator = x + over(n * one, denominator)
  return over(oneOverSqrt2Pi, denominator)
}

export function normalCdf(x: bigint): bigint {
  return x < 0n ? normalTail(-x) : one - normalTail(x)
}

/** Call price over the forward, for a strike over the forward and a total volatility. */
export function callOverForward(strikeOverForward: bigint, volatility: bigint): bigint {
  const d1 = over(-ln(strikeOverForward), volatility) + volatility / 2n
  return normalCdf(d1) - times(strikeOverForward, normalCdf(d1 - volatility))
}
