/**
 * First and last close of the most volatile stretch: of all stretches of `length` closes up to `last`, the one with the largest sum
 * of squared relative changes over all underlyings together, the earliest of equals. A history that is shorter counts as a whole.
 */
export function stressedWindow(
  closes: readonly (readonly number[])[],
  { length, last }: { readonly length: number; readonly last: number },
): { readonly from: number; readonly to: number } {
  const squares = Array.from({ length: last + 1 }, (_, close) =>
    close === 0 ? 0 : closes.reduce((sum, list) => sum + squaredChange(list[close - 1], list[close]), 0),
  )
  const changes = Math.min(length, last + 1) - 1
  let sum = 0
  let most = { from: 0, sum: -1 }
  for (let to = 1; to <= last; to++) {
    sum += squares[to] as number
    if (to > changes) sum -= squares[to - changes] as number
    if (to >= changes && sum > most.sum) most = { from: to - changes, sum }
  }
  return { from: most.from, to: most.from + changes }
}

function squaredChange(before = 1, after = 1): number {
  const change = after / before - 1
  return change * change
}
