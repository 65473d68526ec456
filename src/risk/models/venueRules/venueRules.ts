import { z } from 'zod'
import { type Book, type BookPosition, positionId } from '../../../core/book.ts'
import { canonicalHash } from '../../../core/canonical.ts'
import { InvalidInputError } from '../../../core/errors.ts'
import { wad } from '../../../core/units.ts'
import { UnmodeledPositionError } from '../errors.ts'
import type { Detail, ModelMargin, ModelPosition, ReferenceModel } from '../model.ts'
import { markPositions } from '../valuation.ts'
import { toReal } from './assessment.ts'
import { assessVenueAccount, parseVenueAccount } from './venueAccount.ts'

const parametersSchema = z.strictObject({
  schema: z.literal('plimsoll-model/1'),
  model: z.literal('venue-rules'),
  name: z.string().min(1),
})

/** The model has no constants of its own: those of the venues are in the accounts. */
export type VenueRulesParameters = z.output<typeof parametersSchema>

type Assessed = {
  readonly id: string
  readonly rule: string
  readonly equity: number
  readonly initial: number
  readonly maintenance: number
  readonly isLiquidatable: boolean | null
  readonly details: { readonly [key: string]: Detail }
}

/**
 * What the venues themselves demand, each of its own account, summed: the baseline that savings of portfolio margin are quoted
 * against. Every account of `portfolio.venueAccounts` is assessed by its venue's own rule, in integers where the venue has
 * integers; positions whose `venue` is the id of an account are covered by it. What is held outside of the accounts demands
 * nothing as long as it cannot lose more than it is worth; what can is refused.
 */
export const venueRulesModel: ReferenceModel<VenueRulesParameters> = {
  id: 'venue-rules',
  summary: "the venues' own requirements, summed: Aave, Compound, Morpho, GMX, Mango, Drift and others",
  parametersSchema,
  defaults: { schema: 'plimsoll-model/1', model: 'venue-rules', name: 'venue-rules' },

  calculate({ book, parameters }) {
    const { portfolio } = book
    const marks = markPositions(book)
    const accounts = (portfolio.venueAccounts ?? []).map((raw, index) =>
      assess(raw, index, (id) => worthAt(id, portfolio.positions, marks)),
    )
    const ids = new Set(accounts.map(({ id }) => id))
    if (ids.size < accounts.length) {
      throw new InvalidInputError('Two venue accounts carry one id.', {
        metaMessages: [accounts.map(({ id }) => id).join(', ')],
      })
    }
    const outside = portfolio.positions.flatMap((position, index) =>
      position.venue !== undefined && ids.has(position.venue) ? [] : [{ position, index }],
    )
    requireLimited(outside)
    const free = outside.reduce((total, { index }) => total + (marks[index]?.value ?? 0), 0)
    return toMargin(book, parameters, { accounts, marks, free })
  },
}

function assess(raw: unknown, index: number, worth: (id: string) => number): Assessed {
  const account = parseVenueAccount(raw, `Venue account ${index}`)
  const id = account.id ?? `${account.rule} ${index}`
  const { details, isLiquidatable = null, ...own } = assessVenueAccount(account)
  const price = account.unitPrice === undefined ? 1 : toReal(account.unitPrice, wad)
  const stated = account.stated && {
    initial: toReal(account.stated.initial, wad),
    maintenance: toReal(account.stated.maintenance, wad),
  }
  const initial = stated?.initial ?? scaled(own.initial, price)
  const maintenance = stated?.maintenance ?? scaled(own.maintenance, price)
  if (initial === undefined || maintenance === undefined) {
    throw new InvalidInputError(`Venue account ${id} states no requirement and its rule gives none.`, {
      metaMessages: ['Give `stated`, or the account by the rule of its venue.'],
    })
  }
  return {
    ...{ id, rule: account.rule, initial, maintenance, isLiquidatable, details },
    equity: scaled(own.equity, price) ?? worth(id),
  }
}

function scaled(value: number | undefined, price: number): number | undefined {
  return value === undefined ? undefined : value * price
}

function worthAt(id: string, positions: readonly BookPosition[], marks: readonly ModelPosition[]): number {
  return positions.reduce((total, { venue }, index) => (venue === id ? total + (marks[index]?.value ?? 0) : total), 0)
}

function requireLimited(outside: readonly { readonly position: BookPosition; readonly index: number }[]): void {
  const unruled = outside.filter(({ position }) => {
    if (position.kind === 'perpetual' || position.kind === 'future') return position.amount !== 0
    return position.kind !== 'liquidity' && position.amount < 0
  })
  if (unruled.length === 0) return
  throw new UnmodeledPositionError(
    `No venue account covers ${unruled.map(({ position, index }) => positionId(position, index)).join(', ')}.`,
    {
      metaMessages: [
        'Give the account of its venue in portfolio.venueAccounts and name its id as the `venue` of the position.',
      ],
    },
  )
}

function toMargin(
  { portfolio }: Book,
  parameters: VenueRulesParameters,
  {
    accounts,
    marks,
    free,
  }: { readonly accounts: readonly Assessed[]; readonly marks: readonly ModelPosition[]; readonly free: number },
): ModelMargin {
  const sum = (of: (account: Assessed) => number) => accounts.reduce((total, account) => total + of(account), 0)
  const equity = sum((account) => account.equity) + free
  const initialMargin = sum(({ initial }) => initial)
  const maintenanceMargin = sum(({ maintenance }) => maintenance)
  return {
    model: 'venue-rules',
    name: parameters.name,
    parametersHash: canonicalHash(parameters),
    asOf: portfolio.asOf,
    quote: portfolio.quote,
    ...{ equity, initialMargin, maintenanceMargin },
    free: { initial: equity - initialMargin, maintenance: equity - maintenanceMargin },
    lines: accounts.map(({ id, initial, maintenance }) => ({ id, initial, maintenance })),
    worst: [],
    scenarios: [],
    positions: marks,
    details: {
      outside: free,
      liquidatable: accounts.filter(({ isLiquidatable }) => isLiquidatable === true).map(({ id }) => id),
      accounts: Object.fromEntries(accounts.map(({ id, details, ...account }) => [id, { ...account, ...details }])),
    },
    assumptions: [
      'Every venue is asked for its own account alone; nothing is netted between venues.',
      'Holdings outside of the venue accounts demand nothing.',
    ],
  }
}
