import { BaseError } from '../../core/errors.ts'
import { claimKey, type Position, venueAccountKey } from '../../core/position.ts'
import { type Wad, wad } from '../../core/units.ts'
import type {
  CollateralizedPerpetualRule,
  IsolatedPerpetualRule,
  MakerOrders,
  OptionCollateralRule,
  VenueRule,
} from '../../core/venueRule.ts'
import { abs, ceilDiv, floorDiv, max } from '../../kernel/fixedPoint.ts'
import { isAtMarket, withAmountChanged } from '../venues/moneyMarket.ts'

/** A change of a position that the venue's rule cannot follow, so that nobody can tell when its venue would liquidate. */
export class UnfollowedChangeError extends BaseError {
  override readonly name = 'UnfollowedChangeError'

  constructor(position: Position, reason: string) {
    super(
      `The rule of ${venueAccountKey(position.venueAccount)} cannot follow a change of ${claimKey(position.claim)}.`,
      {
        metaMessages: [reason, 'Give the rule of the venue account after the change with it.'],
      },
    )
  }
}

/** The position times `factor` (WAD, not negative): what is held rounded down, what is owed up. */
export function resizePosition(position: Position, factor: Wad): Position {
  const down = (value: bigint) => floorDiv(value * factor, wad)
  const up = (value: bigint) => ceilDiv(value * factor, wad)
  const resized = (): Position => {
    switch (position.kind) {
      case 'balance':
        return { ...position, amount: down(position.amount) }
      case 'debt':
      case 'consumerDebt':
        return { ...position, amount: up(position.amount) }
      case 'perpetual':
        return {
          ...position,
          size: down(position.size),
          cost: up(position.cost),
          funding: down(position.funding),
        }
      case 'option':
        return { ...position, size: down(position.size) }
      case 'perpetualLiquidity':
        return {
          ...position,
          liquidity: down(position.liquidity),
          baseDebt: up(position.baseDebt),
          quoteDebt: up(position.quoteDebt),
        }
      case 'concentratedLiquidity':
        return {
          ...position,
          liquidity: down(position.liquidity),
          fees0: down(position.fees0),
          fees1: down(position.fees1),
        }
    }
  }
  const { venueValue: _, ...changed } = resized()
  return changed
}

/**
 * The rule of a venue account after one of its positions changed from `before` to `after`; undefined stands for no position.
 *
 * @throws {UnfollowedChangeError} when the rule does not say what the change means to the venue.
 */
export function followChange(rule: VenueRule, before: Position | undefined, after: Position | undefined): VenueRule {
  const position = before ?? after
  if (!position) return rule
  const change = amountOf(after) - amountOf(before)
  switch (rule.kind) {
    case 'lendingPool':
    case 'baseDebt': {
      if (position.kind === 'balance') {
        // A supply that the venue does not count as collateral, here as there.
        return rule.kind === 'baseDebt'
          ? { ...rule, collaterals: changeAmounts(rule.collaterals, position.asset, change) ?? rule.collaterals }
          : { ...rule, collaterals: changeAmounts(rule.collaterals, position.asset, change) ?? rule.collaterals }
      }
      if (position.kind !== 'debt') throw new UnfollowedChangeError(position, `It has no ${position.kind}.`)
      const debts = changeAmounts(rule.kind === 'baseDebt' ? [rule.debt] : rule.debts, position.asset, change)
      const [debt] = debts ?? []
      if (!debts || !debt) throw new UnfollowedChangeError(position, `It has no quote of ${position.asset}.`)
      return rule.kind === 'baseDebt' ? { ...rule, debt } : { ...rule, debts }
    }
    case 'moneyMarket':
      return followMoneyMarket(rule, position, change)
    case 'isolatedLoan': {
      const side = position.kind === 'balance' ? 'collateral' : position.kind === 'debt' ? 'debt' : undefined
      const asset = 'asset' in position ? position.asset : undefined
      if (!side || rule[side].asset !== asset) throw new UnfollowedChangeError(position, 'It has no such side.')
      return { ...rule, [side]: { ...rule[side], amount: max(0n, rule[side].amount + change) } }
    }
    case 'perpetualAccount':
      return followPerpetual(rule, before, after)
    case 'isolatedPerpetual':
      return followIsolatedPerpetual(rule, before, after)
    case 'collateralizedPerpetual':
      return followCollateralizedPerpetual(rule, before, after)
    case 'optionCollateral':
      return followOption(rule, before, after)
  }
}

function followMoneyMarket(rule: VenueRule & { kind: 'moneyMarket' }, position: Position, change: bigint): VenueRule {
  const { claim } = position
  // A supply to a market that the account has not entered is no collateral, here as there.
  if (position.kind === 'balance') {
    const collaterals = rule.collaterals.map((held) =>
      isAtMarket(held, claim) ? withAmountChanged(held, change) : held,
    )
    return { ...rule, collaterals }
  }
  if (position.kind !== 'debt') throw new UnfollowedChangeError(position, `It has no ${position.kind}.`)
  const owed = rule.debts.find((item) => isAtMarket(item, claim))
  if (!owed) throw new UnfollowedChangeError(position, `It has no quote of ${position.asset}.`)
  const changed = { ...owed, amount: max(0n, owed.amount + change) }
  return { ...rule, debts: rule.debts.map((item) => (item === owed ? changed : item)) }
}

function followPerpetual(
  rule: VenueRule & { kind: 'perpetualAccount' },
  before: Position | undefined,
  after: Position | undefined,
): VenueRule {
  const position = (before ?? after) as Position
  if (position.kind === 'balance' || position.kind === 'debt') {
    const sign = position.kind === 'debt' ? -1n : 1n
    const change = sign * (amountOf(after) - amountOf(before))
    if (position.asset === rule.quoteAsset) {
      return { ...rule, cash: rule.cash + change * 10n ** BigInt(18 - rule.quoteDecimals) }
    }
    const held = rule.collaterals.find(({ asset }) => asset === position.asset)
    const amount = amountOf(before)
    if (!held || amount === 0n) throw new UnfollowedChangeError(position, `It has no price of ${position.asset}.`)
    const value = floorDiv(held.value * max(0n, amount + change), amount)
    return { ...rule, collaterals: rule.collaterals.map((item) => (item === held ? { ...held, value } : item)) }
  }
  if (position.kind === 'perpetualLiquidity') return followOrder(rule, before, after)
  if (position.kind !== 'perpetual') throw new UnfollowedChangeError(position, `It has no ${position.kind}.`)
  const [from, to] = [before, after].map((side) => (side?.kind === 'perpetual' ? side : undefined))
  const candidates = rule.markets.filter(({ underlying }) => underlying === position.underlying)
  const market = candidates.find(({ size, cost }) => size === (from?.size ?? size) && cost === (from?.cost ?? cost))
  if (!market || (from === undefined && candidates.length > 1)) {
    throw new UnfollowedChangeError(position, `It has no one market of ${position.underlying}.`)
  }
  const changed = {
    ...market,
    size: market.size + (to?.size ?? 0n) - (from?.size ?? 0n),
    cost: market.cost + (to?.cost ?? 0n) - (from?.cost ?? 0n),
    funding: market.funding + (to?.funding ?? 0n) - (from?.funding ?? 0n),
  }
  return { ...rule, markets: rule.markets.map((item) => (item === market ? changed : item)) }
}

/** An order that the venue lists; a new one would need the price of its pool. */
function followOrder(
  rule: VenueRule & { kind: 'perpetualAccount' },
  before: Position | undefined,
  after: Position | undefined,
): VenueRule {
  const position = (before ?? after) as Position
  const { id } = position.claim
  const isListed = rule.markets.some(({ maker }) => maker?.orders.some((order) => order.id === id))
  if (!isListed) throw new UnfollowedChangeError(position, 'It lists no such order.')
  const changed = (order: MakerOrders['orders'][number]) => {
    if (order.id !== id) return [order]
    if (after?.kind !== 'perpetualLiquidity') return []
    const { liquidity, tickLower, tickUpper, baseDebt, quoteDebt } = after
    return [{ id, liquidity, tickLower, tickUpper, baseDebt, quoteDebt }]
  }
  return {
    ...rule,
    markets: rule.markets.map((market) =>
      market.maker ? { ...market, maker: { ...market.maker, orders: market.maker.orders.flatMap(changed) } } : market,
    ),
  }
}

function followIsolatedPerpetual(
  rule: IsolatedPerpetualRule,
  before: Position | undefined,
  after: Position | undefined,
): VenueRule {
  const position = (before ?? after) as Position
  if (position.kind === 'balance' || position.kind === 'debt') {
    if (position.asset !== rule.quoteAsset) throw new UnfollowedChangeError(position, `It takes no ${position.asset}.`)
    const sign = position.kind === 'debt' ? -1n : 1n
    return { ...rule, margin: rule.margin + sign * (amountOf(after) - amountOf(before)) }
  }
  if (position.kind !== 'perpetual') throw new UnfollowedChangeError(position, `It has no ${position.kind}.`)
  const [from, to] = [before, after].map((side) => (side?.kind === 'perpetual' ? side : undefined))
  return {
    ...rule,
    size: rule.size + (to?.size ?? 0n) - (from?.size ?? 0n),
    cost: rule.cost + (to?.cost ?? 0n) - (from?.cost ?? 0n),
    funding: rule.funding + (to?.funding ?? 0n) - (from?.funding ?? 0n),
  }
}

/** Fees, impact and the minimum are of the position as it was read: a venue would ask more of a larger one. */
function followCollateralizedPerpetual(
  rule: CollateralizedPerpetualRule,
  before: Position | undefined,
  after: Position | undefined,
): VenueRule {
  const position = (before ?? after) as Position
  if (position.kind === 'balance') {
    const [collateral] = changeAmounts([rule.collateral], position.asset, amountOf(after) - amountOf(before)) ?? []
    if (!collateral) throw new UnfollowedChangeError(position, `It takes no ${position.asset}.`)
    return { ...rule, collateral }
  }
  if (position.kind !== 'perpetual') throw new UnfollowedChangeError(position, `It has no ${position.kind}.`)
  if (before !== undefined && after === undefined) return { ...rule, size: 0n, cost: 0n, funding: 0n }
  throw new UnfollowedChangeError(position, 'Fees, impact and minimum of another size are not in it.')
}

function followOption(
  rule: OptionCollateralRule,
  before: Position | undefined,
  after: Position | undefined,
): VenueRule {
  const position = (before ?? after) as Position
  if (position.kind === 'option') {
    if (position.size > 0n) return rule
    const short = rule.shorts.find(({ id }) => id === position.claim.id)
    if (!short) throw new UnfollowedChangeError(position, 'It lists no such short.')
    const amount = abs(after?.kind === 'option' ? after.size : 0n)
    const kept = rule.shorts.flatMap((item) => (item !== short ? [item] : amount === 0n ? [] : [{ ...item, amount }]))
    return { ...rule, shorts: kept }
  }
  if (position.kind !== 'balance') throw new UnfollowedChangeError(position, `It has no ${position.kind}.`)
  const short = rule.shorts.find(({ id }) => id === position.claim.id)
  // Collateral of no live short decides nothing.
  if (!short) return rule
  const changed = { ...short, collateral: amountOf(after) }
  return { ...rule, shorts: rule.shorts.map((item) => (item === short ? changed : item)) }
}

function changeAmounts<Held extends { readonly asset: string; readonly amount: bigint }>(
  list: readonly Held[],
  asset: string,
  change: bigint,
): readonly Held[] | undefined {
  const held = list.find((item) => item.asset === asset)
  if (!held) return undefined
  return list.map((item) => (item === held ? { ...held, amount: max(0n, held.amount + change) } : item))
}

function amountOf(position: Position | undefined): bigint {
  return position && 'amount' in position ? position.amount : 0n
}
