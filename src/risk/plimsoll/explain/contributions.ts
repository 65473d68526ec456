import type { BindingRow, Contribution } from '../../../core/explanation.ts'
import type { MarginLine, MarginLineId } from '../../../core/margin.ts'
import { type QuoteUnits, wad } from '../../../core/units.ts'
import { floorDiv } from '../../../kernel/fixedPoint.ts'
import type { Evaluation } from '../evaluateBook.ts'
import { totalOf } from '../lines/marginLines.ts'
import type { Stage } from '../lines/minimums.ts'
import { apportion, type FineShare } from './apportion.ts'
import { capShares, failureShares, floorShares } from './closingShares.ts'
import { lineShares } from './lineShares.ts'
import { scanShares } from './scanShares.ts'

/**
 * What each leg contributes to each line (model section 7). The scan is shared by P&L on the binding scenarios, every other
 * line pro rata to its driver; the largest remainder makes each line, and so the total, sum to the unit.
 */
export function contributionsOf(evaluation: Pick<Evaluation, 'pnl' | 'lines' | 'context'>): {
  readonly binding: readonly BindingRow[]
  readonly contributions: readonly Contribution[]
} {
  const { pnl, lines, context } = evaluation
  const scan = scanShares(pnl, context.parameters)
  const additive = lineShares(evaluation, evaluation)

  const sharesOf = (
    id: Exclude<MarginLineId, 'scan'>,
    stage: Stage,
    line: QuoteUnits,
    charged: readonly QuoteUnits[],
  ) => {
    switch (id) {
      case 'venueFailure':
        return failureShares(evaluation, stage, line)
      case 'venueFloor':
        return floorShares(evaluation, line)
      case 'longOptionCap':
        return capShares(line, charged)
      default:
        return additive[id](stage)
    }
  }
  const explainStage = (stage: Stage) => {
    const charged = pnl.legs.map(() => 0n)
    let liquidation: readonly QuoteUnits[] = []
    const parts = lines.map((line) => {
      const own = (() => {
        if (line.id !== 'scan') return apportion(line[stage], sharesOf(line.id, stage, line[stage], charged))
        const factor = context.parameters.lines.scan[stage]
        const scaled = (shares: readonly FineShare[]) => shares.map((share) => floorDiv(share * factor, wad))
        // One apportionment of both parts, so that their sum is the line and each can be named.
        const both = apportion(line[stage], [...scaled(scan.pnl), ...scaled(scan.liquidation)])
        liquidation = both.slice(pnl.legs.length)
        return pnl.legs.map((_, index) => (both[index] ?? 0n) + (liquidation[index] ?? 0n))
      })()
      own.forEach((part, index) => {
        charged[index] = (charged[index] ?? 0n) + part
      })
      return own
    })
    return { parts, liquidation }
  }

  const initial = explainStage('initial')
  const maintenance = explainStage('maintenance')
  const contributions = pnl.legs.map(({ key }, index): Contribution => {
    const own = lines.map(
      ({ id }, line): MarginLine => ({
        id,
        initial: initial.parts[line]?.[index] ?? 0n,
        maintenance: maintenance.parts[line]?.[index] ?? 0n,
      }),
    )
    return {
      key,
      lines: own,
      liquidation: { initial: initial.liquidation[index] ?? 0n, maintenance: maintenance.liquidation[index] ?? 0n },
      total: totalOf(own),
    }
  })
  return { binding: scan.binding, contributions }
}
