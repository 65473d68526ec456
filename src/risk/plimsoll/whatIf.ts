import { z } from 'zod'
import { toJson } from '../../core/canonical.ts'
import { orderDistinctClaims } from '../../core/distinctClaims.ts'
import { BaseError } from '../../core/errors.ts'
import { type MarginParameters, parseParameters } from '../../core/parameters.ts'
import type { Portfolio } from '../../core/portfolio.ts'
import { claimKey, type Position, venueAccountKey } from '../../core/position.ts'
import { fraction, name, natural, parseWith, positive } from '../../core/schema.ts'
import { setPath, UnknownPathError } from '../../core/setPath.ts'
import { positionSchema, type Snapshot, snapshotSchema, venueRuleSchema } from '../../core/snapshot.ts'
import type { VenueRule } from '../../core/venueRule.ts'
import { mul, mulUp } from '../../kernel/fixedPoint.ts'
import { moveMarket } from './moveMarket.ts'
import { followChange, resizePosition } from './resizeClaim.ts'
import { spotOf } from './spot.ts'

const value = z.union([z.string(), z.number(), z.boolean()])
const path = z.array(z.string().min(1)).min(1)

/** The JSON form of {@link Change}. */
export const changeSchema = z.discriminatedUnion('kind', [
  /** A new position; `rule` is the whole rule of its venue account with it, where the one there cannot tell. */
  z.strictObject({ kind: z.literal('add'), position: positionSchema, rule: venueRuleSchema.optional() }),
  z.strictObject({ kind: z.literal('remove'), claim: name }),
  /** `factor` in WAD. */
  z.strictObject({ kind: z.literal('resize'), claim: name, factor: natural }),
  /** WAD USD. Quotes of venue rules move with it. */
  z.strictObject({ kind: z.literal('price'), underlying: name, price: positive }),
  z.strictObject({ kind: z.literal('confidence'), underlying: name, confidence: fraction }),
  /** Every volatility of a surface times `factor`, WAD. */
  z.strictObject({ kind: z.literal('volatility'), surface: name, factor: positive }),
  /** Replaces or adds the rule of a venue account. */
  z.strictObject({ kind: z.literal('rule'), rule: venueRuleSchema }),
  /** One value of the market (`prices.ETH.price`), of the rules (`aave-v3.collaterals.0.liquidationThreshold`), of the parameters. */
  z.strictObject({ kind: z.literal('set'), in: z.enum(['market', 'rules', 'parameters']), path, value }),
])

/** A list of changes, applied in order. */
export const changesSchema = z.array(changeSchema)

/** One change of a what-if. */
export type Change = z.output<typeof changeSchema>

/** A claim that the snapshot does not hold. */
export class UnknownClaimError extends BaseError {
  override readonly name = 'UnknownClaimError'

  constructor(claim: string, positions: readonly Position[]) {
    super(`The snapshot has no claim ${claim}.`, {
      metaMessages: [`It has: ${positions.map((position) => claimKey(position.claim)).join(', ') || 'none'}.`],
    })
  }
}

/** A snapshot and the parameter set that goes with it. */
export type WhatIf = { readonly snapshot: Snapshot; readonly parameters: MarginParameters }

/**
 * Changes positions, market, venue rules and parameters of a snapshot, in order; what is given is not touched. Nothing is paid
 * or received for a position that goes or comes, and what a venue itself demands of a changed account is left out. The result
 * is no reading of a chain: its witnesses are gone, so that it cannot pass for one.
 *
 * @throws {UnknownClaimError | UnknownPathError} for a change of what is not there.
 * @throws {UnfollowedChangeError} for a position whose venue's rule cannot follow it.
 * @throws {InvalidInputError} for a value that the snapshot or the parameter set may not have.
 * @throws {DuplicateClaimError} for an added position that is there already.
 * @example
 * applyChanges({ snapshot, parameters }, [{ kind: 'price', underlying: 'ETH', price: 1_600n * 10n ** 18n }])
 */
export function applyChanges(whatIf: WhatIf, changes: readonly Change[]): WhatIf {
  const changed = changes.reduce(applyChange, whatIf)
  orderDistinctClaims(changed.snapshot.portfolio.positions)
  return changes.length === 0 ? changed : { ...changed, snapshot: { ...changed.snapshot, witnesses: [] } }
}

function applyChange({ snapshot, parameters }: WhatIf, change: Change): WhatIf {
  const { portfolio, market } = snapshot
  const withPortfolio = (next: Portfolio): WhatIf => ({ snapshot: { ...snapshot, portfolio: next }, parameters })
  switch (change.kind) {
    case 'add':
      return withPortfolio(changePosition(portfolio, undefined, change.position, change.rule))
    case 'remove':
      return withPortfolio(changePosition(portfolio, positionOf(portfolio, change.claim), undefined))
    case 'resize': {
      const position = positionOf(portfolio, change.claim)
      return withPortfolio(changePosition(portfolio, position, resizePosition(position, change.factor)))
    }
    case 'price': {
      const prices = new Map([[change.underlying, change.price]])
      const moved = moveMarket({ portfolio, market, parameters }, prices)
      const requirements = portfolio.requirements.filter(
        ({ venueAccount }) => !portfolio.rules.some((rule) => sameAccount(rule.venueAccount, venueAccount)),
      )
      return {
        snapshot: { ...snapshot, portfolio: { ...moved.portfolio, requirements }, market: moved.market },
        parameters,
      }
    }
    case 'confidence': {
      const spot = { ...spotOf(change.underlying, market), confidence: change.confidence }
      return {
        snapshot: { ...snapshot, market: { ...market, prices: { ...market.prices, [change.underlying]: spot } } },
        parameters,
      }
    }
    case 'volatility':
      return { snapshot: { ...snapshot, market: scaleVolatility(market, change) }, parameters }
    case 'rule':
      return withPortfolio(withRule(portfolio, change.rule))
    case 'set':
      return setValue({ snapshot, parameters }, change)
  }
}

function positionOf({ positions }: Portfolio, claim: string): Position {
  const found = positions.find((position) => claimKey(position.claim).toLowerCase() === claim.toLowerCase())
  if (!found) throw new UnknownClaimError(claim, positions)
  return found
}

function changePosition(
  portfolio: Portfolio,
  before: Position | undefined,
  after: Position | undefined,
  rule?: VenueRule,
): Portfolio {
  const changed = before ?? after
  if (!changed) return portfolio
  const { venueAccount } = changed
  const kept = portfolio.positions.filter((position) => position !== before)
  const positions = after ? [...kept, after] : kept
  const known = portfolio.rules.find((candidate) => sameAccount(candidate.venueAccount, venueAccount))
  const next = rule ?? (known && followChange(known, before, after))
  return {
    ...(next ? withRule(portfolio, next) : portfolio),
    positions,
    venues: portfolio.venues.map((entry) =>
      entry.venue === venueAccount.venue ? { ...entry, status: statusOf(entry.venue, positions) } : entry,
    ),
    requirements: portfolio.requirements.filter((entry) => !sameAccount(entry.venueAccount, venueAccount)),
  }
}

function statusOf(venue: string, positions: readonly Position[]): 'none' | 'present' {
  return positions.some(({ venueAccount }) => venueAccount.venue === venue) ? 'present' : 'none'
}

function withRule(portfolio: Portfolio, rule: VenueRule): Portfolio {
  const others = portfolio.rules.filter(({ venueAccount }) => !sameAccount(venueAccount, rule.venueAccount))
  return { ...portfolio, rules: [...others, rule] }
}

function sameAccount(a: Position['venueAccount'], b: Position['venueAccount']): boolean {
  return venueAccountKey(a) === venueAccountKey(b)
}

function scaleVolatility(
  market: Snapshot['market'],
  { surface, factor }: Change & { kind: 'volatility' },
): Snapshot['market'] {
  const isOf = (key: string) => key.startsWith(`${surface}:`)
  if (!Object.keys(market.volatilities).some(isOf)) {
    throw new UnknownPathError(['volatilities', surface], 1, Object.keys(market.volatilities))
  }
  const volatilities = Object.fromEntries(
    Object.entries(market.volatilities).map(([key, { low, high, ...rest }]) => [
      key,
      isOf(key) ? { ...rest, low: mul(low, factor), high: mulUp(high, factor) } : { ...rest, low, high },
    ]),
  )
  return { ...market, volatilities }
}

function setValue({ snapshot, parameters }: WhatIf, { in: where, path, value }: Change & { kind: 'set' }): WhatIf {
  if (where === 'parameters') return { snapshot, parameters: parseParameters(setPath(toJson(parameters), path, value)) }
  const { portfolio, market } = snapshot
  const plain =
    where === 'market'
      ? { ...snapshot, market: setPath(toJson(market), path, value) }
      : { ...snapshot, portfolio: { ...portfolio, rules: setPath(toJson(portfolio.rules), path, value) } }
  return { snapshot: parseWith(snapshotSchema, toJson(plain), 'The changed snapshot'), parameters }
}
