import { InvalidInputError } from '../../core/errors.ts'
import { mean } from '../models/math/statistics.ts'

/** What a model asks for on one day, with what the tools need besides. */
export type ModelDay = {
  readonly margin: number
  /** Margin under stressed observations, for the stressed weight. */
  readonly stressed?: number
  /** Margin from the long look-back, for the floor. */
  readonly floor?: number
}

/**
 * The tools of Article 28 of Commission Delegated Regulation (EU) No 153/2013; one left out is not used.
 *
 * - `buffer`: `share` of the margin on top in calm times (25 % there). It is released while the margin stands above `releaseAbove`
 *   times its mean of the `meanOver` days before, and so absorbs the rise; afterwards it is built again over `rebuildOver` days.
 * - `stressedWeight`: weight of stressed observations (25 % there).
 * - `floor`: never below the margin of the long look-back (10 years there).
 */
export type AntiProcyclicality = {
  readonly buffer?: {
    readonly share: number
    readonly releaseAbove: number
    readonly meanOver: number
    readonly rebuildOver: number
  }
  readonly stressedWeight?: number
  readonly floor?: boolean
}

/** What the regulation asks for at the least; when the buffer is released is left to the clearing house, and chosen by us. */
export const regulatoryBuffer = { share: 0.25, releaseAbove: 1.1, meanOver: 60, rebuildOver: 20 } as const

/** State of the buffer on one day, for the log. */
export type BufferState = 'full' | 'released' | 'exhausted' | 'rebuilding'

/** What is charged on one day and why. */
export type ChargedDay = {
  /** Model, stressed weight and floor, before the buffer. */
  readonly base: number
  readonly buffer: number
  readonly charged: number
  readonly state: BufferState
  /** True where the floor binds. */
  readonly floored: boolean
}

/**
 * Charges a series of margins of one book with the tools: `max((1 − w) · margin + w · stressed, floor)`, then the buffer.
 *
 * @throws {InvalidInputError} when a tool lacks its margin on some day or a setting is out of its range.
 */
export function withAntiProcyclicality(days: readonly ModelDay[], tools: AntiProcyclicality): readonly ChargedDay[] {
  requireTools(days, tools)
  const weight = tools.stressedWeight ?? 0
  const blended = days.map(({ margin, stressed = 0 }) => (1 - weight) * margin + weight * stressed)
  const bases = days.map(({ floor = 0 }, day) => Math.max(blended[day] as number, tools.floor ? floor : -Infinity))
  let before: { readonly charged: number; readonly buffer: number } | undefined
  return days.map((_, day) => {
    const base = bases[day] as number
    const floored = base > (blended[day] as number)
    const { buffer, state } = bufferOf(bases, day, before, tools.buffer)
    before = { charged: base + buffer, buffer }
    return { base, buffer, charged: base + buffer, state, floored }
  })
}

function bufferOf(
  bases: readonly number[],
  day: number,
  before: { readonly charged: number; readonly buffer: number } | undefined,
  settings: AntiProcyclicality['buffer'],
): { readonly buffer: number; readonly state: BufferState } {
  const base = Math.max(0, bases[day] as number)
  if (settings === undefined) return { buffer: 0, state: 'full' }
  const full = settings.share * base
  if (before === undefined) return { buffer: full, state: 'full' }
  const recent = bases.slice(Math.max(0, day - settings.meanOver), day)
  if (base > settings.releaseAbove * mean(recent)) {
    // What was charged before stays charged for as long as the buffer lasts; a buffer never grows in stress.
    const left = Math.max(0, Math.min(full, before.buffer, before.charged - base))
    return { buffer: left, state: left === 0 ? 'exhausted' : left < full ? 'released' : 'full' }
  }
  const buffer = Math.min(full, before.buffer + full / settings.rebuildOver)
  return { buffer, state: buffer < full ? 'rebuilding' : 'full' }
}

function requireTools(
  days: readonly ModelDay[],
  { buffer, stressedWeight = 0, floor = false }: AntiProcyclicality,
): void {
  const problems = [
    ...(stressedWeight >= 0 && stressedWeight <= 1 ? [] : [`stressedWeight: expected 0 to 1; got ${stressedWeight}`]),
    ...(buffer === undefined || (buffer.share >= 0 && buffer.meanOver >= 1 && buffer.rebuildOver >= 1)
      ? []
      : ['buffer: expected a share that is not negative and at least one day to average and to rebuild']),
    ...days.flatMap((day, index) => [
      ...(stressedWeight > 0 && day.stressed === undefined ? [`${index}: no margin under stressed observations`] : []),
      ...(floor && day.floor === undefined ? [`${index}: no margin of the long look-back`] : []),
    ]),
  ]
  if (problems.length > 0) {
    throw new InvalidInputError('The anti-procyclicality tools cannot be applied.', { metaMessages: problems })
  }
}
