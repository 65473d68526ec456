import type { VenueRule } from '../../../core/venueRule.ts'
import { min } from '../../../kernel/fixedPoint.ts'
import { isAtMarket, withAmountChanged } from '../../venues/moneyMarket.ts'
import type { Leg, TokenLeg } from '../legs.ts'

/**
 * A venue's rule for an account from which one claim is taken out: a collateral or a debt of a loan, a market, an order or cash of a
 * perpetual account, position or margin of an isolated one, a short option with its contract, or the collateral of a short. What the rule does not hold, such as a
 * long option, leaves it as it is.
 */
export function withoutClaim(rule: VenueRule, leg: Leg): VenueRule {
  switch (rule.kind) {
    case 'lendingPool':
      return { ...rule, collaterals: lessSupply(rule.collaterals, leg), debts: lessDebt(rule.debts, leg) }
    case 'baseDebt': {
      const [debt] = lessDebt([rule.debt], leg)
      return { ...rule, collaterals: lessSupply(rule.collaterals, leg), debt: debt ?? { ...rule.debt, amount: 0n } }
    }
    case 'isolatedLoan': {
      const [collateral] = lessSupply([rule.collateral], leg)
      const [debt] = lessDebt([rule.debt], leg)
      return {
        ...rule,
        collateral: collateral ?? { ...rule.collateral, amount: 0n },
        debt: debt ?? { ...rule.debt, amount: 0n },
      }
    }
    case 'moneyMarket':
      return lessMoneyMarketClaim(rule, leg)
    case 'perpetualAccount':
      return lessPerpetualClaim(rule, leg)
    case 'isolatedPerpetual':
      return lessIsolatedClaim(rule, leg)
    case 'collateralizedPerpetual':
      return lessCollateralizedClaim(rule, leg)
    case 'optionCollateral':
      return lessOptionClaim(rule, leg)
  }
}

type Amount = { readonly asset: string; readonly amount: bigint }

function lessSupply<Held extends Amount>(held: readonly Held[], leg: Leg): readonly Held[] {
  return leg.kind === 'token' && leg.quantity > 0n ? less(held, leg) : held
}

function lessDebt<Owed extends Amount>(owed: readonly Owed[], leg: Leg): readonly Owed[] {
  return leg.kind === 'token' && leg.quantity < 0n ? less(owed, leg) : owed
}

/** Takes the amount of a claim out of the entries of its asset, the first ones first, and drops what is used up. */
function less<Entry extends Amount>(entries: readonly Entry[], { token, position }: TokenLeg): readonly Entry[] {
  let left = 'amount' in position ? position.amount : 0n
  return entries.flatMap((entry) => {
    if (entry.asset !== token.asset || left === 0n) return [entry]
    const taken = min(left, entry.amount)
    left -= taken
    return taken === entry.amount ? [] : [{ ...entry, amount: entry.amount - taken }]
  })
}

function lessMoneyMarketClaim(rule: VenueRule & { kind: 'moneyMarket' }, leg: Leg): VenueRule {
  if (leg.kind !== 'token') return rule
  const { claim } = leg.position
  const amount = 'amount' in leg.position ? leg.position.amount : 0n
  if (leg.quantity > 0n) {
    const left = rule.collaterals.map((held) => (isAtMarket(held, claim) ? withAmountChanged(held, -amount) : held))
    return { ...rule, collaterals: left.filter(({ shares }) => shares > 0n) }
  }
  const left = rule.debts.map((owed) =>
    isAtMarket(owed, claim) ? { ...owed, amount: owed.amount - min(amount, owed.amount) } : owed,
  )
  return { ...rule, debts: left.filter(({ amount }) => amount > 0n) }
}

function lessPerpetualClaim(rule: VenueRule & { kind: 'perpetualAccount' }, leg: Leg): VenueRule {
  if (leg.kind === 'perpetual') {
    const markets = rule.markets.flatMap((market) => {
      if (market.underlying !== leg.underlying) return [market]
      const size = market.size - leg.size
      const [cost, funding] = [market.cost - leg.cost, market.funding - leg.funding]
      // Orders are claims of their own and stay.
      return size === 0n && !market.maker ? [] : [{ ...market, size, cost, funding }]
    })
    return { ...rule, markets }
  }
  if (leg.kind === 'perpetualLiquidity') {
    const { id } = leg.position.claim
    return {
      ...rule,
      markets: rule.markets.map(({ maker, ...market }) => {
        const orders = maker?.orders.filter((order) => order.id !== id) ?? []
        return maker && orders.length > 0 ? { ...market, maker: { ...maker, orders } } : market
      }),
    }
  }
  if (leg.kind !== 'token') return rule
  if (leg.token.asset === rule.quoteAsset) return { ...rule, cash: rule.cash - leg.quantity }
  return { ...rule, collaterals: rule.collaterals.filter(({ asset }) => asset !== leg.token.asset) }
}

function lessIsolatedClaim(rule: VenueRule & { kind: 'isolatedPerpetual' }, leg: Leg): VenueRule {
  if (leg.kind === 'perpetual') return { ...rule, size: 0n, cost: 0n, funding: 0n }
  return leg.kind === 'token' ? { ...rule, margin: rule.margin - leg.quantity } : rule
}

function lessCollateralizedClaim(rule: VenueRule & { kind: 'collateralizedPerpetual' }, leg: Leg): VenueRule {
  if (leg.kind === 'perpetual') return { ...rule, size: 0n, cost: 0n, funding: 0n }
  if (leg.kind !== 'token') return rule
  const [collateral] = less([rule.collateral], leg)
  return { ...rule, collateral: collateral ?? { ...rule.collateral, amount: 0n } }
}

/** A netted contract is all shorts of its terms; collateral is that of the short with its id. */
function lessOptionClaim(rule: VenueRule & { kind: 'optionCollateral' }, leg: Leg): VenueRule {
  if (leg.kind === 'option') {
    if (leg.size > 0n) return rule
    const isOther = ({ right, strike, expiry }: (typeof rule.shorts)[number]) =>
      right !== leg.right || strike !== leg.strike || expiry !== leg.expiry
    return { ...rule, shorts: rule.shorts.filter(isOther) }
  }
  if (leg.kind !== 'token') return rule
  const { id } = leg.position.claim
  return { ...rule, shorts: rule.shorts.map((short) => (short.id === id ? { ...short, collateral: 0n } : short)) }
}
