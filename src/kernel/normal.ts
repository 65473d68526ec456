import { type Wad, wad } from '../core/units.ts'
import { expWad } from './exponential.ts'
import { abs } from './fixedPoint.ts'

/**
 * The upper tail of the normal distribution is 1 − N(x) = exp(−x²/2) · M(x) with a smooth, slowly falling M.
 * M is taken from published rational forms, each where its relative error is below 1.5e-16:
 * below 0.46875·√2 Hart 5666 as printed by G. West, "Better approximations to cumulative normal functions" (2005);
 * above it the two ranges of erfc of W. J. Cody, "Rational Chebyshev approximations for the error function" (1969).
 * Coefficients are Q96, highest power first; those of Cody's numerators are halved, because 1 − N(x) = erfc(x/√2) / 2.
 */
const centralEnd = 662912607362388304n
const centralNumerator = [
  2793782811274865708995792344n,
  55490063251982985439325613973n,
  504997313321183988772789751343n,
  2686854064982610631744200026450n,
  8879836321276928843208352153033n,
  17526346747716136297837296789480n,
  17446585517718866593419072006541n,
]
const centralDenominator = [
  7002846371848264277131140168n,
  139098283325591648216536793020n,
  1272735271903413669289948260021n,
  6875477954081866250299004168023n,
  23496240498236730931794024435254n,
  50494772681144588634273116487714n,
  62893415942062134000840181617016n,
  34893171035437733186838144013083n,
]

const middleEnd = 5656854249492380195n
const middleNumerator = [
  852936866188092946565n,
  22349808964048444828811003534n,
  351897817774178042323293286839n,
  2619250990555541007100436136853n,
  11830156630786703542465827563625n,
  34937726957179648737582841589696n,
  67821193242965211035771296800525n,
  81251585523948830786951724328903n,
  48738763174815428354507402799861n,
]
const middleDenominator = [
  79228162514264337593543950336n,
  1247441564674402715388308782874n,
  9324675468162752757284751900729n,
  42559871637914902192057554356857n,
  128459716712703645722747745966674n,
  260723976650507417503908363478143n,
  345642294261701205763986324339402n,
  272494781033366128060994607876358n,
  97477526350086590568584481494497n,
]

const outerNumerator = [
  646319071798654303092567113n,
  12095234127320989774037838574n,
  14274732147204714619654583251n,
  4982727518832578390594865523n,
  637144371804532151114217917n,
  26095742812910679242126305n,
]
const outerDenominator = [
  79228162514264337593543950336n,
  203499135215907536926559700119n,
  148390612775291007594526719399n,
  41824951288745216438906699708n,
  4794756980595818152451134389n,
  185013999363934713685846035n,
]
/** 1 / (2·√π) in Q96. */
const halfOverSqrtPi = 22349852007088376149602616640n
/** √2 in WAD. */
const sqrt2 = 1414213562373095049n

/**
 * `exponential` · M(x), where M(x) = (1 − N(x)) / exp(−x²/2). With `exponential` = exp(−x²/2) this is 1 − N(x).
 * Any other factor gives a tail that stays exact relative to that factor, which Black-76 needs.
 *
 * @param x - Not negative, WAD.
 * @param exponential - Between 0 and 1, WAD.
 * @returns WAD, rounded down.
 */
export function upperTail(x: Wad, exponential: Wad): Wad {
  if (x < centralEnd) {
    const y = (x << 96n) / wad
    return (exponential * horner(centralNumerator, y)) / horner(centralDenominator, y)
  }
  const y = (x << 96n) / sqrt2
  if (x < middleEnd) return (exponential * horner(middleNumerator, y)) / horner(middleDenominator, y)
  const inverseSquare = ((2n * wad * wad) << 96n) / (x * x)
  const correction = (inverseSquare * horner(outerNumerator, inverseSquare)) / horner(outerDenominator, inverseSquare)
  return (exponential * (halfOverSqrtPi - correction)) / y
}

/** Standard normal cumulative distribution N(x), WAD; 0 and 1 from 10 standard deviations on. */
export function normalCdf(x: Wad): Wad {
  const distance = abs(x)
  // exp(−50) is below half a wei, so nothing but the square is saved.
  if (distance >= 10n * wad) return x < 0n ? 0n : wad
  const tail = upperTail(distance, expWad(-(x * x) / (2n * wad)))
  return x < 0n ? tail : wad - tail
}

function horner(coefficients: readonly bigint[], y: bigint): bigint {
  let sum = 0n
  for (const coefficient of coefficients) sum = ((sum * y) >> 96n) + coefficient
  return sum
}
