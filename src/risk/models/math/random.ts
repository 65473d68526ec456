import { BaseError } from '../../../core/errors.ts'
import { normalQuantile } from './normal.ts'

/**
 * Draws that are addressed instead of produced in turn: draw (seed, index, factor) is the same number whoever asks for it, in any
 * order, on any machine. The generator is Philox4x32-10 of J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3" (2011): ten rounds of multiplications that encrypt a counter under a key.
 */
const multiplier0 = 0xd2511f53
const multiplier1 = 0xcd9e8d57
const keyStep0 = 0x9e3779b9
const keyStep1 = 0xbb67ae85

/** A seed, index or factor that is not a whole number of its range. */
export class DrawAddressError extends BaseError {
  override readonly name = 'DrawAddressError'

  constructor(part: string, value: number, most: number) {
    super(`The ${part} ${value} of a draw is not a whole number from 0 to ${most}.`, {
      metaMessages: ['Number seeds, paths and factors from 0.'],
    })
  }
}

export type PhiloxCounter = readonly [number, number, number, number]

/** Philox4x32-10 of a counter of four and a key of two unsigned 32-bit words. */
export function philox4x32(counter: PhiloxCounter, key: readonly [number, number]): PhiloxCounter {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(multiplier0, c0)
    const high1 = highProduct(multiplier1, c2)
    const low0 = Math.imul(multiplier0, c0)
    const low1 = Math.imul(multiplier1, c2)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + keyStep0) | 0
    k1 = (k1 + keyStep1) | 0
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0]
}

/**
 * Uniform draw strictly between 0 and 1: 52 bits, in the middle of their interval, so 0.5 is the center of symmetry.
 *
 * @param seed - Integer from 0 to 2⁵³ − 1; draws of different seeds are independent.
 * @param index - Number of the path or observation, an integer from 0 to 2⁵³ − 1.
 * @param factor - Number of the risk factor, an integer from 0 to 2³² − 1.
 * @throws {DrawAddressError} when one of them is anything else.
 */
export function uniformDraw(seed: number, index: number, factor: number): number {
  requireWhole('seed', seed, Number.MAX_SAFE_INTEGER)
  requireWhole('index', index, Number.MAX_SAFE_INTEGER)
  requireWhole('factor', factor, 0xffff_ffff)
  const counter: PhiloxCounter = [index >>> 0, highWord(index), factor, 0]
  const [first, second] = philox4x32(counter, [seed >>> 0, highWord(seed)])
  return ((first >>> 6) * 0x400_0000 + (second >>> 6) + 0.5) * Number.EPSILON
}

/**
 * Standard normal draw: the normal quantile of {@link uniformDraw}, so between −8.2 and 8.2.
 *
 * @throws {DrawAddressError} as there.
 */
export function normalDraw(seed: number, index: number, factor: number): number {
  return normalQuantile(uniformDraw(seed, index, factor))
}

function requireWhole(part: string, value: number, most: number) {
  if (!(Number.isInteger(value) && value >= 0 && value <= most)) throw new DrawAddressError(part, value, most)
}

function highWord(x: number): number {
  return Math.floor(x / 0x1_0000_0000) >>> 0
}

/** Upper 32 bits of the product of two unsigned 32-bit words. */
function highProduct(a: number, b: number): number {
  const aHigh = a >>> 16
  const aLow = a & 0xffff
  const bHigh = b >>> 16
  const bLow = b & 0xffff
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle % 0x1_0000)
  return (aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(carry / 0x1_0000)) | 0
}
