import { InvalidInputError } from '../../../core/errors.ts'
import { max, min } from '../../../kernel/fixedPoint.ts'
import { divideThroughDoubles, type Fixed48, fromNumber48, mul48, one48, toNumber48 } from './fixedPoint48.ts'
import type { MangoV4Account } from './mangoAccount.ts'

/**
 * `init`: may positions be opened (initial weights, scaled; the worse of oracle and stable price). `maint`: liquidation
 * begins below zero (oracle prices). `liquidationEnd`: it ends at zero (initial weights unscaled, oracle prices).
 */
export type MangoHealthType = 'init' | 'maint' | 'liquidationEnd'

type Token = MangoV4Account['tokens'][number]
type Perpetual = NonNullable<MangoV4Account['perpetuals']>[number]
type SpotOrders = NonNullable<MangoV4Account['spotOrders']>[number]
type Priced = Pick<Token, 'oraclePrice' | 'stablePrice'>

/** A token at one type of health. `balance` is spot and perpetuals, `reserved` the most that orders could turn into it. */
type TokenState = {
  readonly token: Token
  readonly assetWeight: Fixed48
  readonly liabWeight: Fixed48
  readonly assetPrice: Fixed48
  readonly liabPrice: Fixed48
  balance: Fixed48
  reserved: Fixed48
}

/**
 * Health of a Mango v4 account in native quote units (`HealthCache::health`): balances with perpetual results at weighted
 * prices, plus for each spot market the lower of its reserved funds all turned to base or all to quote.
 *
 * @throws {InvalidInputError} for an order or perpetual in a token that the account does not list.
 */
export function mangoHealth(account: MangoV4Account, type: MangoHealthType): Fixed48 {
  const states = new Map(account.tokens.map((token) => [token.token, stateOf(token, type)]))
  for (const perpetual of account.perpetuals ?? []) {
    find(states, perpetual.settleToken).balance += perpetualResult(perpetual, type)
  }
  let health = 0n
  for (const state of states.values()) health += mul48(state.balance, weightedPrice(state, state.balance < 0n))

  const reserved = (account.spotOrders ?? []).map((orders) => {
    const [base, quote] = [find(states, orders.base), find(states, orders.quote)]
    const asBase = reservedAsBase(orders, base, quote)
    const asQuote = reservedAsQuote(orders, base, quote)
    base.reserved += asBase
    quote.reserved += asQuote
    return { base, quote, asBase, asQuote }
  })
  for (const { base, quote, asBase, asQuote } of reserved) {
    if (asBase !== 0n && asQuote !== 0n) health += min(effectOf(base, asBase), effectOf(quote, asQuote))
  }
  return health
}

/** `100 · (assets − liabilities) / liabilities` of the weighted parts; null without liabilities. */
export function mangoHealthRatio(account: MangoV4Account, type: MangoHealthType): Fixed48 | null {
  const perpetuals = account.perpetuals ?? []
  let liabilities = 0n
  for (const token of account.tokens) {
    const results = perpetuals
      .filter(({ settleToken }) => settleToken === token.token)
      .map((perpetual) => perpetualResult(perpetual, type))
    const owed = [token.balance, ...results].reduce((total, part) => (part < 0n ? total - part : total), 0n)
    liabilities += mul48(owed, weightedPrice(stateOf(token, type), true))
  }
  return liabilities === 0n ? null : (((100n * one48 * mangoHealth(account, type)) / liabilities) as Fixed48)
}

/** Assets and liabilities at oracle prices, unweighted (`assets_and_liabs`), native quote units. */
export function mangoBalanceSheet(account: MangoV4Account): {
  readonly assets: Fixed48
  readonly liabilities: Fixed48
} {
  const priceOf = (wanted: string) => account.tokens.find(({ token }) => token === wanted)?.oraclePrice ?? 0n
  const values = [
    ...account.tokens.map(({ balance, oraclePrice }) => mul48(balance, oraclePrice)),
    ...(account.spotOrders ?? []).flatMap(({ base, quote, reservedBase, reservedQuote }) => [
      mul48(reservedBase, priceOf(base)),
      mul48(reservedQuote, priceOf(quote)),
    ]),
    ...(account.perpetuals ?? []).flatMap((perpetual) => [
      mul48(perpetual.quote, priceOf(perpetual.settleToken)),
      mul48(mul48(baseOf(perpetual, perpetual.baseLots), perpetual.oraclePrice), priceOf(perpetual.settleToken)),
    ]),
  ]
  return {
    assets: values.reduce((total, value) => total + max(value, 0n), 0n),
    liabilities: values.reduce((total, value) => total + max(-value, 0n), 0n),
  }
}

function stateOf(token: Token, type: MangoHealthType): TokenState {
  const isInitial = type === 'init'
  return {
    token,
    assetWeight:
      type === 'maint' ? token.maintAssetWeight : isInitial ? scaledAssetWeight(token) : token.initAssetWeight,
    liabWeight: type === 'maint' ? token.maintLiabWeight : isInitial ? scaledLiabWeight(token) : token.initLiabWeight,
    assetPrice: assetPrice(token, type),
    liabPrice: liabPrice(token, type),
    balance: token.balance,
    reserved: 0n,
  }
}

function assetPrice({ oraclePrice, stablePrice = oraclePrice }: Priced, type: MangoHealthType): Fixed48 {
  return type === 'init' ? min(oraclePrice, stablePrice) : oraclePrice
}

function liabPrice({ oraclePrice, stablePrice = oraclePrice }: Priced, type: MangoHealthType): Fixed48 {
  return type === 'init' ? max(oraclePrice, stablePrice) : oraclePrice
}

/** Initial weights shrink once the bank's deposits are worth more than a start, both at the price of liabilities. */
function scaledAssetWeight(token: Token): Fixed48 {
  const start = token.depositWeightScaleStartQuote
  if (start === undefined) return token.initAssetWeight
  const deposits = toNumber48((token.bankDeposits ?? 0n) + (token.potentialSerumTokens ?? 0n))
  const worth = deposits * toNumber48(liabPrice(token, 'init'))
  return worth <= start ? token.initAssetWeight : mul48(token.initAssetWeight, fromNumber48(start / worth))
}

function scaledLiabWeight(token: Token): Fixed48 {
  const start = token.borrowWeightScaleStartQuote
  if (start === undefined) return token.initLiabWeight
  const worth = toNumber48(token.bankBorrows ?? 0n) * toNumber48(liabPrice(token, 'init'))
  return worth <= start ? token.initLiabWeight : mul48(token.initLiabWeight, fromNumber48(worth / start))
}

function weightedPrice(state: TokenState, isOwed: boolean): Fixed48 {
  return isOwed ? mul48(state.liabWeight, state.liabPrice) : mul48(state.assetWeight, state.assetPrice)
}

/** What the market's orders add to the health of one token if they all turn into it, added last. */
function effectOf(state: TokenState, amount: Fixed48): Fixed48 {
  const most = state.balance + state.reserved
  const asset = most >= amount ? amount : max(most, 0n)
  const owed = amount - asset
  return (
    mul48(mul48(asset, state.assetWeight), state.assetPrice) + mul48(mul48(owed, state.liabWeight), state.liabPrice)
  )
}

function reservedAsBase(orders: SpotOrders, base: TokenState, quote: TokenState): Fixed48 {
  const converted = divideThroughDoubles(mul48(orders.reservedQuote, quote.assetPrice), base.liabPrice)
  const bid = mul48(orders.reservedQuote, orders.highestPlacedBidInverse ?? 0n)
  return orders.reservedBase + (bid === 0n ? converted : min(converted, bid))
}

function reservedAsQuote(orders: SpotOrders, base: TokenState, quote: TokenState): Fixed48 {
  const converted = divideThroughDoubles(mul48(orders.reservedBase, base.assetPrice), quote.liabPrice)
  const ask = mul48(orders.reservedBase, orders.lowestPlacedAsk ?? 0n)
  return orders.reservedQuote + (ask === 0n ? converted : min(converted, ask))
}

/** Result of a perpetual as health counts it: the worse of all bids and all asks filling, a profit times its weight. */
function perpetualResult(perpetual: Perpetual, type: MangoHealthType): Fixed48 {
  const isMaintenance = type === 'maint'
  const assetWeight = isMaintenance ? perpetual.maintBaseAssetWeight : perpetual.initBaseAssetWeight
  const liabWeight = isMaintenance ? perpetual.maintBaseLiabWeight : perpetual.initBaseLiabWeight
  const filled = (orders: number, orderPrice: Fixed48): Fixed48 => {
    const base = baseOf(perpetual, perpetual.baseLots + orders)
    const [weight, price] =
      base < 0n ? [liabWeight, liabPrice(perpetual, type)] : [assetWeight, assetPrice(perpetual, type)]
    return mul48(mul48(base, weight), price) + mul48(-baseOf(perpetual, orders), orderPrice)
  }
  const result =
    perpetual.quote +
    min(
      filled(perpetual.bidsBaseLots ?? 0, liabPrice(perpetual, type)),
      filled(-(perpetual.asksBaseLots ?? 0), assetPrice(perpetual, type)),
    )
  const overall = isMaintenance ? perpetual.maintOverallAssetWeight : perpetual.initOverallAssetWeight
  return result > 0n ? mul48(overall, result) : result
}

function baseOf({ baseLotSize }: Perpetual, lots: number): Fixed48 {
  return (BigInt(lots) * BigInt(baseLotSize)) << 48n
}

function find(states: ReadonlyMap<string, TokenState>, token: string): TokenState {
  const state = states.get(token)
  if (state !== undefined) return state
  throw new InvalidInputError(`A Mango account has a position in ${token}, which is not among its tokens.`, {
    metaMessages: [`Tokens: ${[...states.keys()].join(', ') || 'none'}.`],
  })
}
