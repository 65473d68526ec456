import type { JointOutcome, ScanOutcome, ScenarioOutcome, UnderlyingOutcome } from '../../core/margin.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import { type Wad, wad } from '../../core/units.ts'
import { ceilDiv, max } from '../../kernel/fixedPoint.ts'
import type { AccountRow } from './physics.ts'
import type { ScenarioPnl } from './scenarioPnl.ts'

/**
 * Scan risk of the venue accounts that `includes` keeps (model section 5):
 * `A = Σ max(0, max L)`, `J` over the joint rows, `scan = max(J, ceil((d·A + (1e18 − d)·J) / 1e18))`.
 */
export function scanRisk(
  pnl: ScenarioPnl,
  { decorrelation }: Pick<MarginParameters, 'decorrelation'>,
  includes: (venueAccount: string) => boolean = () => true,
): ScanOutcome {
  const keptAccounts = pnl.accounts.map(({ key }) => includes(key))
  const keptLegs = pnl.legs.map(({ venueAccount }) => includes(venueAccount))
  const total = (rows: readonly AccountRow[]) =>
    sumOf(rows.map(({ pnl: value }, index) => (keptAccounts[index] ? value : 0n)))
  const liquidated = (rows: readonly AccountRow[]) =>
    pnl.accounts.flatMap(({ key }, index) => (keptAccounts[index] && rows[index]?.isLiquidated ? [key] : []))

  const underlyings = pnl.underlyings.map(({ underlying, spot, rows }): UnderlyingOutcome => {
    const scenarios = rows.map(({ scenario, price, legs, accounts }): ScenarioOutcome => {
      const { id, vol, weight } = scenario
      const value = total(accounts)
      return {
        id,
        price,
        vol,
        weight,
        pnl: value,
        loss: weightedLoss(value, weight),
        liquidated: liquidated(accounts),
        pnlByPosition: legs.map((leg, index) => (keptLegs[index] ? leg : 0n)),
      }
    })
    return { underlying, spot, scenarios, ...worstOf(scenarios) }
  })
  const joint = pnl.joint.map(({ row, legs, accounts }): JointOutcome => {
    const value = total(accounts)
    return {
      id: row.id,
      weight: row.weight,
      pnl: value,
      loss: weightedLoss(value, row.weight),
      liquidated: liquidated(accounts),
      pnlByPosition: legs.map((leg, index) => (keptLegs[index] ? leg : 0n)),
    }
  })

  const sum = sumOf(underlyings.map(({ charge }) => charge))
  const { worst: worstJoint, charge: jointCharge } = worstOf(joint)
  return { underlyings, joint, worstJoint, sum, jointCharge, charge: interpolate(decorrelation, sum, jointCharge) }
}

/** The charge alone, without the tables: what venue failure needs for every venue. */
export function scanCharge(
  pnl: ScenarioPnl,
  { decorrelation }: Pick<MarginParameters, 'decorrelation'>,
  includes: (venueAccount: string) => boolean,
): Wad {
  const kept = pnl.accounts.flatMap(({ key }, index) => (includes(key) ? [index] : []))
  // Dividing keeps the order, so only the largest weighted loss is divided.
  const worst = <Row extends { readonly accounts: readonly AccountRow[] }>(
    rows: readonly Row[],
    weightOf: (row: Row) => Wad,
  ) => {
    let most = 0n
    for (const row of rows) {
      let total = 0n
      for (const index of kept) total += row.accounts[index]?.pnl ?? 0n
      if (total < 0n) most = max(most, -weightOf(row) * total)
    }
    return ceilDiv(most, wad)
  }
  const sum = sumOf(pnl.underlyings.map(({ rows }) => worst(rows, ({ scenario }) => scenario.weight)))
  const joint = worst(pnl.joint, ({ row }) => row.weight)
  return interpolate(decorrelation, sum, joint)
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
