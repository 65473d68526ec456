import type { Book } from '../../core/book.ts'
import { uniformDraw } from '../models/math/random.ts'
import { type Shock, valuersOf } from '../models/valuation.ts'
import type { MarginOf } from './walkForward.ts'

/** A departure from the market with its name for people. */
export type NamedShock = { readonly name: string; readonly shock: Shock }

/** The deepest loss of a book over some shocks, zero when none loses, and where. */
export type DeepestLoss = { readonly loss: number; readonly at: string | null }

/** The deepest loss over the shocks, the first of equals, every position valued in full. */
export function deepestLoss(book: Book, shocks: readonly NamedShock[]): DeepestLoss {
  const valuers = valuersOf(book)
  const now = valuers.map((valuer) => valuer())
  let deepest: DeepestLoss = { loss: 0, at: null }
  for (const { name, shock } of shocks) {
    const loss = -valuers.reduce((sum, valuer, index) => sum + valuer(shock) - (now[index] as number), 0)
    if (loss > deepest.loss) deepest = { loss, at: name }
  }
  return deepest
}

/** A way to make books from numbers between 0 and 1. `scale` is the size that a loss must reach a thousandth of to count. */
export type BookFamily = {
  readonly id: string
  readonly dimensions: number
  make(coordinates: readonly number[]): Book
  readonly scale: number
}

/** The book of a family whose loss is largest against what the model asks. */
export type ModelGap = {
  readonly coordinates: readonly number[]
  readonly book: Book
  readonly cushion: number
  readonly loss: number
  readonly at: string | null
  /** Loss over cushion. */
  readonly ratio: number
}

export type GapSearch = {
  readonly marginOf: MarginOf
  readonly shocks: readonly NamedShock[]
  readonly seed: number
  /** Books drawn at random, and steps of a narrowing walk from the best of them. */
  readonly draws: number
  readonly steps: number
}

/**
 * Searches a family for the book with the largest loss per cushion: random draws, then a walk around the best with steps that
 * narrow. The same seed finds the same book on every machine; a larger one may be there.
 */
export function searchGap(family: BookFamily, search: GapSearch): ModelGap {
  const { seed, draws, steps } = search
  let best: ModelGap | undefined
  for (let index = 0; index < draws + steps; index++) {
    const width = index < draws ? 1 : 0.3 * (1 - (index - draws) / steps)
    const from = best?.coordinates
    const coordinates = Array.from({ length: family.dimensions }, (_, factor) => {
      const draw = uniformDraw(seed, index, factor)
      const center = index < draws || from === undefined ? 0.5 : (from[factor] as number)
      return Math.max(0, Math.min(1, center + width * (draw - 0.5)))
    })
    const gap = gapOf(family, coordinates, search)
    if (best === undefined || gap.ratio > best.ratio) best = gap
  }
  return best ?? gapOf(family, Array(family.dimensions).fill(0.5), search)
}

function gapOf(family: BookFamily, coordinates: readonly number[], { marginOf, shocks }: GapSearch): ModelGap {
  const book = family.make(coordinates)
  const { initialMargin, equity } = marginOf(book)
  const value = valuersOf(book).reduce((sum, valuer) => sum + valuer(), 0)
  const cushion = initialMargin + value - equity
  const { loss, at } = deepestLoss(book, shocks)
  const counts = loss >= family.scale / 1_000
  return { coordinates, book, cushion, loss, at, ratio: counts && cushion > 0 ? loss / cushion : 0 }
}
