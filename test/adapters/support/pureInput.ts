import type { Position } from '../../../src/core/position.ts'

/** Every amount of a position, as its kind lists them. */
export function amountsOf(position: Position): readonly bigint[] {
  switch (position.kind) {
    case 'balance':
    case 'debt':
    case 'consumerDebt':
      return [position.amount]
    case 'perpetual':
      return [position.size, position.cost, position.funding]
    case 'option':
      return [position.size, position.strike]
    case 'perpetualLiquidity':
      return [position.liquidity, position.baseDebt, position.quoteDebt]
    case 'concentratedLiquidity':
      return [position.liquidity, position.fees0, position.fees1]
  }
}

/** Makes any later change of a value throw; what is in a `Map` is frozen, its entries cannot be. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  const inner = value instanceof Map ? [...value].flat() : Object.values(value)
  for (const each of inner) deepFreeze(each)
  return value
}

/** A copy in which every list of records, at any depth, stands in another order; tuples of plain values stay. */
export function shuffleLists(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => shuffleLists(item, seed))
    return items.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
      ? permute(items, seed)
      : items
  }
  if (typeof value !== 'object' || value === null || value instanceof Map) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shuffleLists(item, seed)]))
}

function permute<Item>(items: readonly Item[], seed: number): Item[] {
  const permuted = [...items]
  let state = seed
  for (let end = permuted.length - 1; end > 0; end--) {
    // Numerical Recipes' generator; the high bits decide.
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    const at = Math.floor((state / 2 ** 32) * (end + 1))
    ;[permuted[end], permuted[at]] = [permuted[at] as Item, permuted[end] as Item]
  }
  return permuted
}
