import type { MarginLineId } from '../../src/core/margin.ts'
import type { Inputs } from './exact/claims.ts'
import { exactMargin } from './exact/exactMargin.ts'
import { one, type Real } from './exact/real.ts'

type Lines = Readonly<Record<MarginLineId, number>>

/** Equity and lines of the exact model in dollars, for tests that compare to the cent. */
export function exactUsd(inputs: Inputs): { equity: number; initial: Lines; maintenance: Lines } {
  const { equity, initial, maintenance } = exactMargin(inputs)
  const toUsd = (lines: Readonly<Record<MarginLineId, Real>>) =>
    Object.fromEntries(Object.entries(lines).map(([id, value]) => [id, usd(value)])) as Lines
  return { equity: usd(equity), initial: toUsd(initial), maintenance: toUsd(maintenance) }
}

function usd(value: Real): number {
  return Number((value * 10n ** 9n) / one) / 1e9
}
