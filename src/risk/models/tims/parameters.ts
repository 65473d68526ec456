import { z } from 'zod'
import { amountNotNegative, amountPositive, share } from '../../../core/book.ts'
import { name } from '../../../core/schema.ts'

/** A class: everything on one underlying. */
const timsClass = z.strictObject({
  /** Largest moves that are valued, as positive shares of the price. */
  range: z.strictObject({ down: share, up: amountNotNegative }),
  /** Factor on the range, as for an exchange-traded product of twice or three times an index; 1 by default. */
  leverage: amountPositive.optional(),
  /** Exercise of options that do not say, American by default. */
  exercise: z.enum(['american', 'european']).optional(),
  /** Classes of one group set gains against losses. */
  productGroup: name.optional(),
})

const productGroup = z.strictObject({
  /** Share of a class's gain that counts against losses of the others at the same valuation point. */
  offset: share,
  portfolioGroup: name.optional(),
})

/** Parameters of the model `tims`. */
export const timsParametersSchema = z.strictObject({
  schema: z.literal('plimsoll-model/1'),
  model: z.literal('tims'),
  name,
  /** Equidistant valuation points on each side of the price; the price itself is none. */
  pointsPerSide: z.int().min(1).max(100),
  /** Steps of the lattice that American options are valued on. */
  steps: z.int().min(10).max(2000),
  /** Least requirement per unit of multiplier and contract. */
  minimumPerContract: z.strictObject({ option: amountNotNegative, future: amountNotNegative }),
  /** Requirement over the risk that the groups have; 1 in the rule. */
  initialRatio: amountPositive.optional(),
  maintenanceRatio: amountPositive.optional(),
  /** Class of an underlying, the one of the same name by default: an index and its funds are one class. */
  underlyings: z
    .record(name, z.strictObject({ class: name, exercise: z.enum(['american', 'european']).optional() }))
    .optional(),
  classes: z.record(name, timsClass),
  /** For every underlying that has no class; without it such a position is refused. */
  otherClasses: timsClass.optional(),
  productGroups: z.record(name, productGroup).optional(),
  portfolioGroups: z.record(name, z.strictObject({ offset: share })).optional(),
})

/** Parameters of the model `tims`. */
export type TimsParameters = z.output<typeof timsParametersSchema>

/** Parameters of a class. */
export type TimsClass = z.output<typeof timsClass>

/**
 * Moves of the price at the valuation points of a class, from the lowest to the highest, without zero.
 * Source: FINRA rule 4210(g)(7)(B), Cboe rule 10.4: ten equidistant points of the range of the class.
 */
export function valuationPoints({ range, leverage = 1 }: TimsClass, pointsPerSide: number): readonly number[] {
  const steps = Array.from({ length: pointsPerSide }, (_, index) => index + 1)
  const down = Math.min(1, range.down * leverage)
  return [
    ...steps.toReversed().map((step) => (-down * step) / pointsPerSide),
    ...steps.map((step) => (range.up * leverage * step) / pointsPerSide),
  ]
}
