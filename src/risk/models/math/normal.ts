import { BaseError } from '../../../core/errors.ts'
import { twoProduct } from './doubleDouble.ts'
import { expOfSum, log } from './exponential.ts'

/** A probability outside 0 to 1. */
export class ProbabilityError extends BaseError {
  override readonly name = 'ProbabilityError'

  constructor(probability: number) {
    super(`The probability ${probability} is not between 0 and 1.`, {
      metaMessages: ['Pass a fraction: 0.99 for 99 %.'],
    })
  }
}

/** 1 / √π. */
const inverseRootOfPi = 0.5641895835477563
/** 1 / √(2π). */
const inverseRootOfTwoPi = 0.3989422804014327
/** √(π/2). */
const rootOfHalfPi = 1.2533141373155003

// W. J. Cody, "Rational Chebyshev approximations for the error function" (1969), highest power first:
// erf(x) = x·R(x²) up to 0.46875, erfc(x)·exp(x²) = R(x) up to 4 and (1/√π − R(1/x²)/x²) / x beyond.
const centralEnd = 0.46875
const centralNumerator = [
  0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694,
]
const centralDenominator = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171]
const middleEnd = 4
const middleNumerator = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
]
const middleDenominator = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
]
const outerNumerator = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
  0.0006587491615298378,
]
const outerDenominator = [
  1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
]

/** Error function, within 4 units in the last place. */
export function erf(x: number): number {
  const distance = Math.abs(x)
  if (distance <= centralEnd) return x * centralErf(x * x)
  if (distance >= 6) return x < 0 ? -1 : 1
  const upper = 1 - scaledErfc(distance) * expOfSquare(x, -1)
  return x < 0 ? -upper : upper
}

/** 1 − erf x, within 6 units in the last place down to the smallest number. */
export function erfc(x: number): number {
  if (Math.abs(x) <= centralEnd) return 1 - x * centralErf(x * x)
  const tail = scaledErfc(Math.abs(x)) * expOfSquare(x, -1)
  return x < 0 ? 2 - tail : tail
}

/** Density of the standard normal distribution. */
export function normalPdf(x: number): number {
  return inverseRootOfTwoPi * expOfSquare(x, -0.5)
}

/** Probability that a standard normal variable is at most x, within 6 units in the last place. */
export function normalCdf(x: number): number {
  const scaled = Math.abs(x) * Math.SQRT1_2
  if (scaled <= centralEnd) return 0.5 + 0.5 * x * Math.SQRT1_2 * centralErf(scaled * scaled)
  const tail = 0.5 * scaledErfc(scaled) * expOfSquare(x, -0.5)
  return x < 0 ? tail : 1 - tail
}

/** The Mills ratio (1 − N(x)) / n(x) for x ≥ 0: about 1/x far out, where both parts underflow. */
export function millsRatio(x: number): number {
  const scaled = x * Math.SQRT1_2
  if (scaled > centralEnd) return rootOfHalfPi * scaledErfc(scaled)
  return rootOfHalfPi * (1 - scaled * centralErf(scaled * scaled)) * expOfSquare(x, 0.5)
}

// M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution" (1988), PPND16, highest power first.
const quantileCentral = [
  [
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513,
    133.14166789178438, 3.3871328727963665,
  ],
  [
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
    42.31333070160091, 1,
  ],
] as const
const quantileMiddle = [
  [
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
    5.769497221460691, 4.630337846156546, 1.4234371107496835,
  ],
  [
    1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
] as const
const quantileOuter = [
  [
    2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487,
    1.7848265399172913, 5.463784911164114, 6.657904643501103,
  ],
  [
    2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615,
    0.1369298809227358, 0.599832206555888, 1,
  ],
] as const

/**
 * The x with N(x) = probability; −∞ at 0 and ∞ at 1.
 *
 * @throws {ProbabilityError} when probability is not between 0 and 1.
 */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) throw new ProbabilityError(probability)
  const fromMiddle = probability - 0.5
  if (Math.abs(fromMiddle) <= 0.425) {
    return fromMiddle * ratio(quantileCentral[0], quantileCentral[1], 0.180625 - fromMiddle * fromMiddle)
  }
  const tail = fromMiddle < 0 ? probability : 1 - probability
  if (tail === 0) return fromMiddle < 0 ? -Infinity : Infinity
  const root = Math.sqrt(-log(tail))
  const distance =
    root <= 5
      ? ratio(quantileMiddle[0], quantileMiddle[1], root - 1.6)
      : ratio(quantileOuter[0], quantileOuter[1], root - 5)
  // A step of Newton's method takes the last few units; further out the density has no digits left for it.
  const refined = tail < 1e-300 ? distance : distance + (normalCdf(-distance) - tail) / normalPdf(distance)
  return fromMiddle < 0 ? -refined : refined
}

function centralErf(square: number): number {
  return ratio(centralNumerator, centralDenominator, square)
}

/** erfc(x)·exp(x²) for x > 0.46875. */
function scaledErfc(x: number): number {
  if (x <= middleEnd) return ratio(middleNumerator, middleDenominator, x)
  const inverseSquare = 1 / (x * x)
  return (inverseRootOfPi - inverseSquare * ratio(outerNumerator, outerDenominator, inverseSquare)) / x
}

/** exp(factor·x²) without the error that rounding x² would cause; the factor is ±½ or ±1. */
function expOfSquare(x: number, factor: number): number {
  if (Math.abs(x) > 1e100) return factor < 0 ? 0 : Infinity
  const square = twoProduct(x, x)
  return expOfSum(factor * square.high, factor * square.low)
}

function ratio(numerator: readonly number[], denominator: readonly number[], x: number): number {
  return horner(numerator, x) / horner(denominator, x)
}

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0
  for (const coefficient of coefficients) sum = sum * x + coefficient
  return sum
}
