import type { Underlying } from '../../core/asset.ts'
import type { JointOutcome, ScanOutcome, ScenarioOutcome, UnderlyingOutcome } from '../../core/margin.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import type { JointRow, Scenario } from '../../core/scenario.ts'
import { type Wad, wad } from '../../core/units.ts'
import { ceilDiv, max } from '../../kernel/fixedPoint.ts'
import type { Leg } from './book.ts'
import { creditedValue, type MarketState, type Valuer } from './revalue.ts'

/** P&L of every leg in every scenario, WAD USD, unweighted; index lists follow the legs of the book. */
export type ScenarioPnl = {
  readonly legs: readonly Leg[]
  readonly values: readonly Wad[]
  readonly creditedValues: readonly Wad[]
  readonly underlyings: readonly {
    readonly underlying: Underlying
    readonly spot: Wad
    readonly rows: readonly { readonly scenario: Scenario; readonly price: Wad; readonly pnl: readonly Wad[] }[]
  }[]
  readonly joint: readonly { readonly row: JointRow; readonly pnl: readonly Wad[] }[]
}

/** Revalues every leg in every scenario: one underlying at a time, then all together (model section 5). */
export function revalueBook(legs: readonly Leg[], valuer: Valuer, parameters: MarginParameters): ScenarioPnl {
  const values = legs.map((leg) => valuer.value(leg, valuer.base))
  const creditedValues = legs.map((leg, index) => creditedValue(leg, values[index] ?? 0n))
  const pnlAt = (state: MarketState, moved: ReadonlySet<Underlying>) =>
    legs.map((leg, index) =>
      leg.underlyings.some((underlying) => moved.has(underlying))
        ? creditedValue(leg, valuer.value(leg, state)) - (creditedValues[index] ?? 0n)
        : 0n,
    )

  const names = [...new Set(legs.flatMap(({ underlyings }) => underlyings))].sort()
  const underlyings = names.map((underlying) => ({
    underlying,
    spot: valuer.base.price(underlying),
    rows: scenariosOf(underlying, parameters).map((scenario) => {
      const state = valuer.shocked(new Map([[underlying, scenario]]))
      return { scenario, price: state.price(underlying), pnl: pnlAt(state, new Set([underlying])) }
    }),
  }))

  const joint = parameters.jointRows.map((row) => {
    const scenarios = new Map<Underlying, Scenario>()
    for (const underlying of names) {
      const id = row.take[classOf(underlying, parameters)]
      const scenario = scenariosOf(underlying, parameters).find((candidate) => candidate.id === id)
      if (scenario) scenarios.set(underlying, scenario)
    }
    return { row, pnl: pnlAt(valuer.shocked(scenarios), new Set(scenarios.keys())) }
  })
  return { legs, values, creditedValues, underlyings, joint }
}

/**
 * Scan risk of the legs that `includes` keeps (model section 5):
 * `A = Σ max(0, max L)`, `J` over the joint rows, `scan = max(J, ceil((d·A + (1e18 − d)·J) / 1e18))`.
 */
export function scanRisk(
  pnl: ScenarioPnl,
  { decorrelation }: MarginParameters,
  includes: (leg: Leg) => boolean = () => true,
): ScanOutcome {
  const kept = pnl.legs.map(includes)
  const pick = (row: readonly Wad[]) => row.map((value, index) => (kept[index] ? value : 0n))

  const underlyings = pnl.underlyings.map(({ underlying, spot, rows }): UnderlyingOutcome => {
    const scenarios = rows.map(({ scenario, price, pnl: row }): ScenarioOutcome => {
      const pnlByPosition = pick(row)
      const total = sum(pnlByPosition)
      const { id, vol, weight } = scenario
      return { id, price, vol, weight, pnl: total, loss: weightedLoss(total, weight), pnlByPosition }
    })
    return { underlying, spot, scenarios, ...worstOf(scenarios) }
  })
  const joint = pnl.joint.map(({ row, pnl: values }): JointOutcome => {
    const total = sum(pick(values))
    return { id: row.id, weight: row.weight, pnl: total, loss: weightedLoss(total, row.weight) }
  })

  const total = sum(underlyings.map(({ charge }) => charge))
  const { worst: worstJoint, charge: jointCharge } = worstOf(joint)
  const charge = max(jointCharge, ceilDiv(decorrelation * total + (wad - decorrelation) * jointCharge, wad))
  return { underlyings, joint, worstJoint, sum: total, jointCharge, charge }
}

function scenariosOf(underlying: Underlying, parameters: MarginParameters): readonly Scenario[] {
  return parameters.classes[classOf(underlying, parameters)]?.scenarios ?? []
}

function classOf(underlying: Underlying, parameters: MarginParameters): string {
  return parameters.underlyings[underlying]?.class ?? ''
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

function sum(values: readonly Wad[]): Wad {
  return values.reduce((total, value) => total + value, 0n)
}
