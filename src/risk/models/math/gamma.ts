import { exp, log, log1p } from './exponential.ts'

// C. Loader, "Fast and accurate computation of binomial probabilities" (2000): every power and factorial is taken as its distance
// from Stirling's formula and from the mean, so that large parameters cost no digits.

const halfLogOfTwoPi = 0.9189385332046728
/** Coefficients of z⁻¹⁵, z⁻¹³ … z⁻¹ in Stirling's series. */
const stirlingTerms = [-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12]
/** From here on the series reaches the last unit. */
const stirlingStart = 10
const enough = Number.EPSILON / 4

/** ln Γ(z) for z > 0. */
export function logGamma(z: number): number {
  return (z - 0.5) * log(z) - z + halfLogOfTwoPi + stirlingError(z)
}

/** ln Γ(z) less Stirling's (z − ½)·ln z − z + ½·ln 2π, for z > 0. */
export function stirlingError(z: number): number {
  let argument = z
  let shifted = 0
  for (; argument < stirlingStart; argument++) shifted += (argument + 0.5) * log1p(1 / argument) - 1
  const inverseSquare = 1 / (argument * argument)
  let sum = 0
  for (const term of stirlingTerms) sum = sum * inverseSquare + term
  return shifted + sum / argument
}

/** x·ln(x/mean) + mean − x, without cancellation when x is near its mean. */
export function deviance(x: number, mean: number): number {
  const difference = x - mean
  if (Math.abs(difference) > 0.1 * (x + mean)) return x * (log(x) - log(mean)) - difference
  const ratio = difference / (x + mean)
  const square = ratio * ratio
  let sum = difference * ratio
  let power = 2 * x * ratio
  for (let k = 3; ; k += 2) {
    power *= square
    const next = sum + power / k
    if (next === sum) return sum
    sum = next
  }
}

/** x^a·e^(−x) / Γ(a). */
export function gammaWeight(a: number, x: number): number {
  return Math.sqrt(a) * exp(-halfLogOfTwoPi - stirlingError(a) - deviance(a, x))
}

/**
 * Regularized incomplete gamma functions P(a, x) and Q(a, x) = 1 − P for a > 0 and x ≥ 0, the smaller one to full relative
 * precision. Series below a + 1, Legendre's continued fraction above; the number of terms grows with √a.
 */
export function incompleteGamma(a: number, x: number): { readonly lower: number; readonly upper: number } {
  if (x === 0) return { lower: 0, upper: 1 }
  if (x === Infinity) return { lower: 1, upper: 0 }
  const weight = gammaWeight(a, x)
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; term > sum * enough; n++) {
      term *= x / (a + n)
      sum += term
    }
    return { lower: weight * sum, upper: 1 - weight * sum }
  }
  const upper =
    weight * continuedFraction(x + 1 - a, (n) => ({ numerator: n * (a - n), denominator: x + 2 * n + 1 - a }))
  return { lower: 1 - upper, upper }
}

/**
 * Regularized incomplete beta function I_x(a, b) for a, b > 0, to full relative precision also where it is tiny.
 *
 * @param x - Between 0 and 1.
 * @param y - 1 − x, given on its own so that neither loses its digits.
 */
export function incompleteBeta(a: number, b: number, x: number, y: number): number {
  if (x <= 0) return 0
  if (y <= 0) return 1
  return x > (a + 1) / (a + b + 2) ? 1 - betaTail(b, a, y, x) : betaTail(a, b, x, y)
}

/** I_x(a, b) by its continued fraction (DiDonato and Morris, 1992), quick for x ≤ (a + 1) / (a + b + 2). */
function betaTail(a: number, b: number, x: number, y: number): number {
  const n = a + b
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y) - halfLogOfTwoPi
  const weight = Math.sqrt((a * b) / n) * exp(exponent)
  const numerator = (k: number) => {
    const root = x / (a + 2 * k - 1)
    return (a + k - 1) * (n + k - 1) * k * (b - k) * root * root
  }
  const denominator = (k: number) =>
    k + (k * (b - k) * x) / (a + 2 * k - 1) + ((a + k) * (a * y - b * x + 1 + k * (1 + y))) / (a + 2 * k + 1)
  const first = (a * (a * y - b * x + 1)) / (a + 1)
  return weight * continuedFraction(first, (k) => ({ numerator: numerator(k), denominator: denominator(k) }))
}

/** 1 / (first + n1 / (d1 + n2 / (d2 + …))) by the method of Lentz. */
function continuedFraction(
  first: number,
  part: (n: number) => { readonly numerator: number; readonly denominator: number },
): number {
  const tiny = 1e-300
  let ratio = first === 0 ? tiny : first
  let fraction = ratio
  let inverse = 0
  for (let n = 1; n < 1e6; n++) {
    const { numerator, denominator } = part(n)
    inverse = 1 / (denominator + numerator * inverse || tiny)
    ratio = denominator + numerator / ratio || tiny
    const factor = ratio * inverse
    fraction *= factor
    if (Math.abs(factor - 1) <= 2 * enough) break
  }
  return 1 / fraction
}
