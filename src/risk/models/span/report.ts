import type { Book } from '../../../core/book.ts'
import { forwardAssumptions } from '../forward.ts'
import type { Detail, ModelLine, ModelMargin, ModelScenario } from '../model.ts'
import { type CommodityResult, equityOf, type SpanResult } from './calculation.ts'
import { weightedPriceRisk } from './combined.ts'
import { netDelta, netRemaining } from './deltas.ts'
import type { SpanParameters } from './parameters.ts'

/** The common shape of a SPAN result, with every intermediate in `details`. */
export function reportSpan(
  book: Book,
  parameters: SpanParameters,
  result: SpanResult,
): Omit<ModelMargin, 'parametersHash'> {
  const { rows, commodities, pools } = result
  const exposure = commodities.reduce((sum, { risk }) => sum + risk.exposure, 0)
  const initialMargin = pools.reduce((sum, { initial }) => sum + initial, exposure)
  const maintenanceMargin = pools.reduce((sum, { maintenance }) => sum + maintenance, exposure)
  const equity = equityOf(book, rows)
  const computed = book.portfolio.positions
    .filter((position) => position.kind === 'option' || position.kind === 'future')
    .filter(({ contract }) => contract === undefined)
  return {
    model: 'span',
    name: parameters.name,
    asOf: book.portfolio.asOf,
    quote: book.portfolio.quote,
    equity,
    initialMargin,
    maintenanceMargin,
    free: { initial: equity - initialMargin, maintenance: equity - maintenanceMargin },
    lines: linesOf(result),
    worst: commodities.flatMap(({ combined: { name }, scan }) => [
      {
        group: name,
        scenario: String(scan.activeScenario),
        loss: scan.tiers.length === 0 ? scan.scanRisk : largest(scan.losses),
      },
      ...scan.tiers.map((tier) => ({
        group: `${name}/${tier.tier}`,
        scenario: String(tier.activeScenario),
        loss: tier.scanRisk,
      })),
    ]),
    scenarios: commodities.flatMap((commodity) => scenariosOf(book, commodity)),
    positions: rows.map(({ id, value, slope }) => ({ id, value, delta: slope })),
    details: {
      commodities: Object.fromEntries(
        commodities.map((commodity) => [commodity.combined.name, detailsOf(commodity, parameters)]),
      ),
      interSpreads: result.interSpreads,
      pools: Object.fromEntries(pools.map((pool) => [pool.pool, pool])),
      riskArrays: Object.fromEntries(
        rows.map(({ id, commodity, period, amount, array, compositeDelta, delta }) => [
          id,
          { commodity, period, amount, array, compositeDelta, positionDelta: delta },
        ]),
      ),
    },
    assumptions: [
      ...forwardAssumptions(book.market, computed, book.portfolio.asOf),
      'The value of options paid up front lowers the requirement and is not part of the equity.',
      'Scenarios count losses of one look-ahead; correlations between commodities enter by the spreads of the parameter set alone.',
    ],
  }
}

function largest(losses: readonly number[]): number {
  return losses.reduce((worst, loss) => Math.max(worst, loss), 0)
}

function detailsOf(
  { combined, scan, intraSpreads, spotCharges, risk }: CommodityResult,
  parameters: SpanParameters,
): Detail {
  const { tiers: scanTiers, losses, ...summary } = scan
  const { rounding } = parameters
  const wpr = weightedPriceRisk(combined, scan, undefined, rounding)
  const interTiers = combined.parameters.tiers?.inter ?? []
  return {
    losses,
    ...summary,
    weightedPriceRisk: wpr.value,
    weightedPriceRiskNormal: wpr.normal,
    weightedPriceRiskScanRange: wpr.scanRange,
    netDelta: netDelta(combined.ledger),
    remainingDelta: netRemaining(combined.ledger),
    deltas: combined.ledger.map(({ period, net, remaining }) => ({ period, net, remaining })),
    intraSpreads,
    spotCharges,
    shortCalls: combined.shortOptions.shortCalls,
    shortPuts: combined.shortOptions.shortPuts,
    ...risk,
    // Before option value is shared with other commodities; an excess is negative.
    initialRequirement: risk.initial - risk.netOptionValue,
    maintenanceRequirement: risk.maintenance - risk.netOptionValue,
    scannedWith: combined.merged,
    scanTiers,
    interTiers: interTiers.map((tier) => ({
      tier: tier.tier,
      netDelta: netDelta(combined.ledger, tier),
      remainingDelta: netRemaining(combined.ledger, tier),
      weightedPriceRisk: weightedPriceRisk(combined, scan, tier, rounding).value,
    })),
  }
}

function scenariosOf(book: Book, { combined, scan }: CommodityResult): readonly ModelScenario[] {
  return scan.losses.map((loss, scenario) => {
    const pnlByPosition: number[] = book.portfolio.positions.map(() => 0)
    for (const { index, amount, array } of combined.rows)
      pnlByPosition[index] = 0 - amount * (array[scenario] as number)
    return {
      id: String(scenario + 1),
      group: combined.name,
      pnl: 0 - loss,
      ...(combined.merged.length === 0 ? { pnlByPosition } : {}),
    }
  })
}

function linesOf({ commodities, pools }: SpanResult): readonly ModelLine[] {
  const lines: ModelLine[] = []
  const add = (id: string, initial: number, maintenance: number) => {
    if (initial !== 0 || maintenance !== 0) lines.push({ id, initial, maintenance })
  }
  for (const { combined, scan, risk } of commodities) {
    const { name } = combined
    const part = (id: string, amount: number) =>
      add(`${name}:${id}`, amount * risk.initialRatio, amount * risk.maintenanceRatio)
    const before = scan.scanRisk + risk.intraCharge + risk.spotCharge - risk.interCredit
    part('scan', scan.scanRisk)
    part('intra-commodity', risk.intraCharge)
    part('spot', risk.spotCharge)
    part('inter-commodity', -risk.interCredit)
    part('short-option-minimum', risk.risk - before)
    add(`${name}:long-option-cap`, risk.initialCap, risk.maintenanceCap)
    add(
      `${name}:rounding`,
      risk.initial - risk.initialCap - risk.risk * risk.initialRatio,
      risk.maintenance - risk.maintenanceCap - risk.risk * risk.maintenanceRatio,
    )
    add(`${name}:exposure`, risk.exposure, risk.exposure)
  }
  for (const pool of pools) {
    add(`${pool.pool}:net-option-value`, -pool.initialOptionValue, -pool.maintenanceOptionValue)
    add(`${pool.pool}:unused-option-value`, pool.initialExcess, pool.maintenanceExcess)
  }
  return lines
}
