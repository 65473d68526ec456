import { InvalidInputError } from '../../../core/errors.ts'
import { type ClassResult, sumVectors } from './classes.ts'
import type { TimsParameters } from './parameters.ts'

/** Classes that stand for one requirement: a class alone, a product group, or a portfolio group. */
export type GroupResult = {
  readonly name: string
  readonly kind: 'class' | 'product-group' | 'portfolio-group'
  /** Names of the classes or product groups in it. */
  readonly members: readonly string[]
  readonly classes: readonly string[]
  /** Result by valuation point, gains of the members at their share. */
  readonly pnl: readonly number[]
  /** Largest loss, not below zero. */
  readonly scanRisk: number
  /** Lowest valuation point with the largest loss, counted from 0. */
  readonly worstPoint: number
  readonly minimum: number
  /** The larger of both. */
  readonly requirement: number
}

/**
 * Requirements of product and portfolio groups. Within a group losses of its members count in full, gains at the offset of the
 * group, at the same valuation point; the minimum counts for all contracts of the group together.
 * Source: OCC, RBH/CPM user guide (class, product and portfolio groups).
 *
 * @throws {InvalidInputError} for a group that the parameter set names and does not have.
 */
export function groupRequirements(
  classes: readonly ClassResult[],
  parameters: TimsParameters,
): { readonly requirements: readonly GroupResult[]; readonly productGroups: readonly GroupResult[] } {
  const alone = classes.filter(({ parameters: { productGroup } }) => productGroup === undefined).map(fromClass)
  const productNames = namesOf(classes.map(({ parameters: { productGroup } }) => productGroup))
  const productGroups = productNames.map((name) => {
    const members = classes.filter(({ parameters: { productGroup } }) => productGroup === name).map(fromClass)
    return join(name, 'product-group', members, settingsOf(parameters.productGroups, name).offset)
  })
  const portfolioOf = ({ name }: GroupResult) => settingsOf(parameters.productGroups, name).portfolioGroup
  const portfolioGroups = namesOf(productGroups.map(portfolioOf)).map((name) =>
    join(
      name,
      'portfolio-group',
      productGroups.filter((group) => portfolioOf(group) === name),
      settingsOf(parameters.portfolioGroups, name).offset,
    ),
  )
  const free = productGroups.filter((group) => portfolioOf(group) === undefined)
  return { requirements: [...alone, ...free, ...portfolioGroups], productGroups }
}

function fromClass({ name, pnl, minimum }: ClassResult): GroupResult {
  return { name, kind: 'class', members: [name], classes: [name], pnl, ...worstOf(pnl, minimum) }
}

function join(name: string, kind: GroupResult['kind'], members: readonly GroupResult[], offset: number): GroupResult {
  const counted = members.map(({ pnl }) => pnl.map((result) => (result > 0 ? result * offset : result)))
  const pnl = sumVectors(counted, counted[0]?.length ?? 0)
  const minimum = members.reduce((sum, member) => sum + member.minimum, 0)
  return {
    name,
    kind,
    members: members.map((member) => member.name),
    classes: members.flatMap((member) => member.classes),
    pnl,
    ...worstOf(pnl, minimum),
  }
}

function worstOf(pnl: readonly number[], minimum: number) {
  const least = pnl.reduce((worst, result) => Math.min(worst, result), Number.POSITIVE_INFINITY)
  const scanRisk = Math.max(0, -least)
  return { scanRisk, worstPoint: pnl.indexOf(least), minimum, requirement: Math.max(scanRisk, minimum) }
}

function namesOf(names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.filter((name) => name !== undefined))].toSorted()
}

function settingsOf<Settings>(groups: { readonly [name: string]: Settings } | undefined, name: string): Settings {
  const found = groups !== undefined && Object.hasOwn(groups, name) ? groups[name] : undefined
  if (found === undefined) {
    throw new InvalidInputError(`The parameter set names the group ${name} and does not have it.`, {
      metaMessages: ['Add it to productGroups or portfolioGroups, with its offset.'],
    })
  }
  return found
}
