import type { JointOutcome, ScanOutcome, ScenarioOutcome, UnderlyingOutcome } from '../../core/margin.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import { type Wad, wad } from '../../core/units.ts'
import { ceilDiv, max } from '../../kernel/fixedPoint.ts'
import type { AccountRows } from './physics.ts'
import type { JointPnl, ScenarioPnl, UnderlyingPnl } from './scenarioPnl.ts'

type Weights = Pick<MarginParameters, 'decorrelation'>
type Rows = Pick<UnderlyingPnl, 'legs' | 'accounts'>

/**
 * Scan risk of a book (model section 5):
 * `A = Σ max(0, max L)`, `J` over the joint rows, `scan = max(J, ceil((d·A + (1e18 − d)·J) / 1e18))`.
 */
export function scanRisk(pnl: ScenarioPnl, { decorrelation }: Weights): ScanOutcome {
  const outcomeOf = ({ legs, accounts }: Rows, at: number, { id, weight }: { id: string; weight: Wad }) => {
    const value = sumOf(accounts.map((rows) => rows.pnl[at] as Wad))
    return {
      id,
      weight,
      pnl: value,
      loss: weightedLoss(value, weight),
      liquidated: pnl.accounts.flatMap(({ key }, index) => (accounts[index]?.isLiquidated[at] ? [key] : [])),
      pnlByPosition: legs.map((rows) => rows[at] as Wad),
    }
  }
  const underlyings = pnl.underlyings.map((own): UnderlyingOutcome => {
    const scenarios = own.rows.map(({ scenario, price }, at): ScenarioOutcome => {
      const { id, ...outcome } = outcomeOf(own, at, scenario)
      return { id, price, vol: scenario.vol, ...outcome }
    })
    return { underlying: own.underlying, spot: own.spot, scenarios, ...worstOf(scenarios) }
  })
  const joint = pnl.joint.rows.map((row, at): JointOutcome => outcomeOf(pnl.joint, at, row))

  const sum = sumOf(underlyings.map(({ charge }) => charge))
  const { worst: worstJoint, charge: jointCharge } = worstOf(joint)
  return { underlyings, joint, worstJoint, sum, jointCharge, charge: interpolate(decorrelation, sum, jointCharge) }
}

/** A row with the largest weighted loss, the first that attains it; of no row when nothing is lost. */
export type WorstRow = { readonly at: number | undefined; readonly charge: Wad }

/** The scan charge and the rows that it rests on, without the tables. */
export type ScanCharge = {
  readonly underlyings: readonly WorstRow[]
  readonly joint: WorstRow
  readonly sum: Wad
  readonly charge: Wad
}

/** Charges the scan of a book without some of its venue accounts: what venue failure needs for every group. */
export function scanCharges(pnl: ScenarioPnl, { decorrelation }: Weights): (gone: ReadonlySet<string>) => ScanCharge {
  // Loops without closures: of all that explains a margin this runs most often.
  const worstRow = ({ rows, accounts }: Pick<JointPnl | UnderlyingPnl, 'rows' | 'accounts'>) => {
    const totals: bigint[] = []
    for (let at = 0; at < rows.length; at++) {
      let total = 0n
      for (const { losses } of accounts) total += losses[at] as bigint
      totals.push(total)
    }
    return (indices: readonly number[]): WorstRow => {
      const gone = indices.map((index) => accounts[index] as AccountRows)
      let worst: WorstRow['at']
      let charge = 0n
      // Only what exceeds the charge so far is divided.
      let limit = 0n
      for (let at = 0; at < totals.length; at++) {
        let loss = totals[at] as bigint
        for (const { losses } of gone) loss -= losses[at] as bigint
        if (loss <= limit) continue
        charge = ceilDiv(loss, wad)
        limit = charge * wad
        worst = at
      }
      return { at: worst, charge }
    }
  }
  const alone = pnl.underlyings.map(worstRow)
  const together = worstRow(pnl.joint)
  return (gone) => {
    const indices = pnl.accounts.flatMap(({ key }, index) => (gone.has(key) ? [index] : []))
    const underlyings = alone.map((worst) => worst(indices))
    const joint = together(indices)
    const sum = sumOf(underlyings.map(({ charge }) => charge))
    return { underlyings, joint, sum, charge: interpolate(decorrelation, sum, joint.charge) }
  }
}

function interpolate(decorrelation: Wad, sum: Wad, joint: Wad): Wad {
  return max(joint, ceilDiv(decorrelation * sum + (wad - decorrelation) * joint, wad))
}

/** `ceil(weight · (−P) / 1e18)`; a gain is a negative loss. */
function weightedLoss(pnl: Wad, weight: Wad): Wad {
  return ceilDiv(-weight * pnl, wad)
}

/** Largest loss floored at zero, and the first row that attains it. */
function worstOf(rows: readonly { id: string; loss: Wad }[]): { worst: string | null; charge: Wad } {
  let worst: string | null = null
  let charge = 0n
  for (const { id, loss } of rows) {
    if (loss > charge) {
      worst = id
      charge = loss
    }
  }
  return { worst, charge }
}

function sumOf(values: readonly Wad[]): Wad {
  return values.reduce((total, value) => total + value, 0n)
}
