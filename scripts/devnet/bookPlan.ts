import { type Address, getAddress, hexToBigInt, keccak256, slice, stringToHex } from 'viem'
import { aaveRisk } from './aaveV3.ts'
import type { optionTypes } from './lyraTrading.ts'

/** Tokens of which a book is made, and dollars a whole token is worth when the devnet opens. */
export const bookTokens = {
  weth: { decimals: 18, dollars: 2_000n },
  usdc: { decimals: 6, dollars: 1n },
  wbtc: { decimals: 8, dollars: 60_000n },
  dai: { decimals: 18, dollars: 1n },
} as const

export type BookToken = keyof typeof bookTokens

/** An amount in the smallest unit of its token. */
export type BookAmount = { readonly token: BookToken; readonly amount: bigint }

/** One step of opening a book; amounts in smallest units, ether and options in WAD. */
export type PlannedPosition =
  | ({ readonly kind: 'wallet' } & BookAmount)
  | {
      readonly kind: 'pool'
      readonly pool: 'aave' | 'spark'
      readonly supply: readonly BookAmount[]
      readonly borrow?: BookAmount
    }
  | { readonly kind: 'liquidity'; readonly weth: bigint; readonly usdc: bigint; readonly ticks: number }
  | { readonly kind: 'morphoLoan'; readonly collateral: bigint; readonly borrow: bigint }
  | { readonly kind: 'morphoLending'; readonly usdc: bigint }
  | { readonly kind: 'moneyMarket'; readonly ether: bigint; readonly borrow: bigint }
  | { readonly kind: 'perpetual'; readonly deposit: bigint; readonly size: bigint }
  | {
      readonly kind: 'option'
      readonly strike: number
      readonly optionType: keyof typeof optionTypes
      readonly amount: bigint
      /** Collateral of a short over the least that the protocol demands, in percent. */
      readonly cover: bigint
    }

/** What an account of its own is to hold. */
export type BookPlan = {
  readonly name: string
  readonly address: Address
  /** Native ether in its wallet, wei. */
  readonly ether: bigint
  readonly positions: readonly PlannedPosition[]
}

/** Loan to value in percent, of which a book uses a part. */
const loanToValue: Readonly<Record<'aave' | 'spark', Partial<Record<BookToken, bigint>>>> = {
  aave: { weth: aaveRisk.ltv / 100n, usdc: aaveRisk.ltv / 100n, wbtc: 70n, dai: 75n },
  spark: { weth: aaveRisk.ltv / 100n, usdc: aaveRisk.ltv / 100n, dai: 74n },
}

/**
 * Random books, the same of the same seed everywhere, at the prices at which the devnet opens. The first `n` books do not depend
 * on how many follow.
 */
export function planBooks({ accounts, seed }: { readonly accounts: number; readonly seed: number }): BookPlan[] {
  return Array.from({ length: accounts }, (_, index) => planBook(index, seed))
}

function planBook(index: number, seed: number): BookPlan {
  const draw = drawsOf(`plimsoll book ${seed}/${index}`)
  const positions: PlannedPosition[] = []
  for (let count = draw.within(1, 2); count > 0; count--) {
    positions.push({ kind: 'wallet', ...draw.amount(draw.oneOf(['weth', 'usdc', 'wbtc', 'dai']), [100, 20_000]) })
  }
  if (draw.isIn(60)) positions.push(planPool('aave', draw))
  if (draw.isIn(25)) positions.push(planPool('spark', draw))
  if (draw.isIn(25)) {
    const dollars = draw.within(1_000, 20_000)
    const [weth, usdc] = [toAmount('weth', dollars), toAmount('usdc', dollars)]
    positions.push({ kind: 'liquidity', weth, usdc, ticks: 10 * draw.within(20, 600) })
  }
  if (draw.isIn(20)) {
    const dollars = draw.within(2_000, 40_000)
    const collateral = toAmount('weth', dollars)
    // The market lends up to 86 %.
    positions.push({ kind: 'morphoLoan', collateral, borrow: toAmount('usdc', partOf(dollars, draw.within(10, 78))) })
  }
  if (draw.isIn(10)) positions.push({ kind: 'morphoLending', usdc: toAmount('usdc', draw.within(500, 20_000)) })
  if (draw.isIn(25)) {
    const dollars = draw.within(2_000, 40_000)
    // The market lends up to 82.5 %.
    const borrow = draw.isIn(70) ? toAmount('usdc', partOf(dollars, draw.within(10, 75))) : 0n
    positions.push({ kind: 'moneyMarket', ether: toAmount('weth', dollars), borrow })
  }
  if (draw.isIn(15)) {
    const dollars = draw.within(1_000, 10_000)
    const size = toAmount('weth', partOf(dollars, draw.within(30, 400)))
    positions.push({ kind: 'perpetual', deposit: toAmount('usdc', dollars), size: draw.isIn(50) ? size : -size })
  }
  if (draw.isIn(12)) {
    positions.push({
      kind: 'option',
      // The lowest strike is too deep in the money to trade.
      strike: draw.within(1, 2),
      optionType: draw.oneOf(['longCall', 'longPut', 'shortCallBase', 'shortCallQuote', 'shortPutQuote']),
      amount: BigInt(draw.within(1, 20)) * 10n ** 17n,
      cover: BigInt(draw.within(105, 200)),
    })
  }
  return { name: `book-${index}`, address: draw.address, ether: toAmount('weth', draw.within(200, 10_000)), positions }
}

function planPool(pool: 'aave' | 'spark', draw: Draws): PlannedPosition {
  const terms = loanToValue[pool]
  const listed = Object.keys(terms) as BookToken[]
  const first = draw.oneOf(listed)
  const tokens = draw.isIn(35) ? [first, draw.oneOf(listed.filter((token) => token !== first))] : [first]
  const parts = tokens.map((token) => ({ token, dollars: draw.within(1_000, 30_000) }))
  const supply = parts.map(({ token, dollars }) => ({ token, amount: toAmount(token, dollars) }))
  if (!draw.isIn(70)) return { kind: 'pool', pool, supply }
  const capacity = parts.reduce((sum, { token, dollars }) => sum + partOf(dollars, Number(terms[token] ?? 0n)), 0)
  const owed = draw.oneOf(['usdc', 'usdc', 'dai', 'weth'] as const)
  return {
    kind: 'pool',
    pool,
    supply,
    borrow: { token: owed, amount: toAmount(owed, partOf(capacity, draw.within(15, 90))) },
  }
}

type Draws = ReturnType<typeof drawsOf>

/** Draws that follow from a text by keccak256 alone. */
function drawsOf(text: string) {
  let count = 0
  const within = (least: number, most: number): number => {
    const drawn = hexToBigInt(keccak256(stringToHex(`${text}/${count++}`)))
    return least + Number(drawn % BigInt(most - least + 1))
  }
  return {
    address: getAddress(slice(keccak256(stringToHex(text)), 12)),
    /** A whole number from `least` to `most`. */
    within,
    isIn: (percent: number): boolean => within(0, 99) < percent,
    oneOf: <Item>(items: readonly Item[]): Item => items[within(0, items.length - 1)] as Item,
    amount: (token: BookToken, [least, most]: readonly [number, number]): BookAmount => ({
      token,
      amount: toAmount(token, within(least, most)),
    }),
  }
}

function toAmount(token: BookToken, dollars: number): bigint {
  const { decimals, dollars: price } = bookTokens[token]
  return (BigInt(dollars) * 10n ** BigInt(decimals)) / price
}

const partOf = (dollars: number, percent: number) => Math.floor((dollars * percent) / 100)
