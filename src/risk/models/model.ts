import type { Hash } from 'viem'
import type { z } from 'zod'
import type { Book } from '../../core/book.ts'

/** Names of the reference models, as `--model` takes them and parameter files carry them. */
export const modelIds = [
  'span',
  'derive-pmrm',
  'derive-pmrm-2',
  'derive-srm',
  'tims',
  'deribit-pm',
  'var-es',
  'venue-rules',
] as const

/** Name of a reference model. */
export type ModelId = (typeof modelIds)[number]

/** A value that JSON carries; intermediates of a model that has more to show than the common shape. */
export type Detail = string | number | boolean | null | readonly Detail[] | { readonly [key: string]: Detail }

/** One line of the requirement. Lines sum to the requirement, within rounding of doubles; a credit is negative. */
export type ModelLine = { readonly id: string; readonly initial: number; readonly maintenance: number }

/** One scenario. `pnl` counts as the model counts it (dampened, discounted, weighted); a gain is positive. */
export type ModelScenario = {
  readonly id: string
  /** What is scanned alone: an underlying, a combined commodity, a class; absent where the whole book is. */
  readonly group?: string
  readonly pnl: number
  /** In the order of the book's positions, where the model is additive over them. */
  readonly pnlByPosition?: readonly number[]
}

/** A position at the marks of the model. Sensitivities are of the whole position, to its underlying's price in the quote. */
export type ModelPosition = {
  readonly id: string
  /** Market value in the quote currency; a future-style position is worth its unrealized result. */
  readonly value: number
  readonly delta?: number
  readonly gamma?: number
  readonly vega?: number
  readonly theta?: number
}

/**
 * What every reference model answers, in the quote currency of the book, as doubles.
 * `initialMargin` and `maintenanceMargin` are money needed, `equity` what the model counts as money there; a system that
 * publishes "margin" as equity less requirement publishes our `free`.
 */
export type ModelMargin = {
  readonly model: ModelId
  /** Name of the parameter set. */
  readonly name: string
  readonly parametersHash: Hash
  readonly asOf: number
  readonly quote: string
  readonly equity: number
  readonly initialMargin: number
  readonly maintenanceMargin: number
  readonly free: { readonly initial: number; readonly maintenance: number }
  readonly lines: readonly ModelLine[]
  /** Lowest index attaining the largest loss, per group that is scanned alone; the scenario that binds. */
  readonly worst: readonly { readonly group?: string; readonly scenario: string; readonly loss: number }[]
  readonly scenarios: readonly ModelScenario[]
  readonly positions: readonly ModelPosition[]
  /** Everything else that the system publishes or that a reader needs to redo the sum. */
  readonly details: { readonly [key: string]: Detail }
  readonly assumptions: readonly string[]
}

/**
 * A reference model: a parameter schema and a pure function of book and parameters.
 * `calculate` throws a typed error for what the model does not cover (`UnmodeledPositionError`) or what the market does not
 * give (`MissingMarketDataError`); it never leaves a position out in silence.
 */
export type ReferenceModel<Parameters extends ModelParameters = ModelParameters> = {
  readonly id: ModelId
  /** One line for help texts: the system and its source. */
  readonly summary: string
  readonly parametersSchema: z.ZodType<Parameters>
  /** Published parameters of the system, with their source in docs/models.md. */
  readonly defaults: Parameters
  calculate(input: { readonly book: Book; readonly parameters: Parameters }): ModelMargin
}

/** What every parameter file begins with. */
export type ModelParameters = {
  readonly schema: 'plimsoll-model/1'
  readonly model: ModelId
  readonly name: string
}
