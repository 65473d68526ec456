import type { Book } from '../../../core/book.ts'
import { canonicalHash } from '../../../core/canonical.ts'
import { forwardAssumptions } from '../forward.ts'
import type { ModelLine, ModelMargin, ModelScenario, ReferenceModel } from '../model.ts'
import { currencyPrice } from '../valuation.ts'
import { type ClassResult, classesOf } from './classes.ts'
import { timsDefaults } from './defaults.ts'
import { type GroupResult, groupRequirements } from './groups.ts'
import { type TimsParameters, timsParametersSchema } from './parameters.ts'

/** OCC's TIMS as customer portfolio margin uses it: theoretical values at ten moves of the price, netted by class and group. */
export const timsModel: ReferenceModel<TimsParameters> = {
  id: 'tims',
  summary:
    'OCC TIMS, customer portfolio margin (FINRA 4210(g)): ten price moves, class and product groups, contract minimum',
  parametersSchema: timsParametersSchema,
  defaults: timsDefaults,
  calculate: ({ book, parameters }) => calculateTims(book, parameters),
}

/** The requirement is the largest loss of each group; option values are part of the equity. Errors as {@link classesOf}. */
function calculateTims(book: Book, parameters: TimsParameters): ModelMargin {
  const { initialRatio = 1, maintenanceRatio = 1 } = parameters
  const classes = classesOf(book, parameters)
  const { requirements, productGroups } = groupRequirements(classes, parameters)
  const required = requirements.reduce((sum, { requirement }) => sum + requirement, 0)
  const initialMargin = required * initialRatio
  const maintenanceMargin = required * maintenanceRatio
  const rows = classes.flatMap((member) => member.rows).toSorted((left, right) => left.index - right.index)
  const dated = book.portfolio.positions.filter((position) => position.kind === 'option' || position.kind === 'future')
  const equity = rows.reduce((sum, { value }) => sum + value, cashOf(book))
  return {
    model: 'tims',
    name: parameters.name,
    parametersHash: canonicalHash(parameters),
    asOf: book.portfolio.asOf,
    quote: book.portfolio.quote,
    equity,
    initialMargin,
    maintenanceMargin,
    free: { initial: equity - initialMargin, maintenance: equity - maintenanceMargin },
    lines: requirements.flatMap((group) => linesOf(group, initialRatio, maintenanceRatio)),
    worst: requirements.map(({ name, worstPoint, scanRisk, classes: [first] }) => ({
      group: name,
      scenario: pointName(classes.find((member) => member.name === first) as ClassResult, worstPoint),
      loss: scanRisk,
    })),
    scenarios: classes.flatMap((member) => scenariosOf(book, member)),
    positions: rows.map(({ id, value }) => ({ id, value })),
    details: {
      classes: Object.fromEntries(
        classes.map(({ name, points, pnl, minimum }) => [
          name,
          { points, pnl, minimum, scanRisk: pnl.reduce((worst, result) => Math.max(worst, -result), 0) },
        ]),
      ),
      productGroups: byName(productGroups),
      requirements: byName(requirements),
    },
    assumptions: [
      ...forwardAssumptions(book.market, dated, book.portfolio.asOf),
      'Volatility stays at what each mark implies, or as given; no time passes.',
    ],
  }
}

function cashOf({ portfolio, market }: Book): number {
  return portfolio.positions.reduce(
    (sum, position) =>
      position.kind === 'cash' ? sum + position.amount * currencyPrice(market, position.currency) : sum,
    0,
  )
}

function scenariosOf({ portfolio }: Book, member: ClassResult): readonly ModelScenario[] {
  return member.pnl.map((pnl, point) => {
    const pnlByPosition: number[] = portfolio.positions.map(() => 0)
    for (const row of member.rows) pnlByPosition[row.index] = row.pnl[point] as number
    return { id: pointName(member, point), group: member.name, pnl, pnlByPosition }
  })
}

/** A move in percent, such as `-15%`. */
function pointName({ points }: ClassResult, point: number): string {
  const percent = Math.round((points[point] as number) * 1e6) / 1e4
  return `${percent > 0 ? '+' : ''}${percent}%`
}

function linesOf(
  { name, scanRisk, requirement }: GroupResult,
  initialRatio: number,
  maintenanceRatio: number,
): readonly ModelLine[] {
  const line = (id: string, amount: number) => ({
    id: `${name}:${id}`,
    initial: amount * initialRatio,
    maintenance: amount * maintenanceRatio,
  })
  return [line('scan', scanRisk), ...(requirement > scanRisk ? [line('contract-minimum', requirement - scanRisk)] : [])]
}

function byName(groups: readonly GroupResult[]) {
  return Object.fromEntries(groups.map((group) => [group.name, group]))
}
