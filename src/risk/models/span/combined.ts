import { type ShortOptionMinimum, shortOptionMinimum } from './charges.ts'
import { type Commodity, contains, type PeriodRange } from './commodity.ts'
import { type DeltaLedger, ledgerOf, netDelta } from './deltas.ts'
import type { Rounding } from './parameters.ts'
import { roundTo } from './rounding.ts'
import type { Row } from './rows.ts'
import { type Scan, scanLosses, sumLosses } from './scanning.ts'

/** One combined commodity of an account while its requirement is worked out. */
export type Combined = {
  readonly name: string
  readonly parameters: Commodity
  readonly rows: readonly Row[]
  /** Arrays by period; those of the rows, or of legs that a scanning spread brought together. */
  readonly arrays: readonly PeriodArray[]
  readonly ledger: DeltaLedger
  /** Price of one standard contract, for rates that are shares of it. */
  readonly contractPrice: number
  readonly shortOptions: ShortOptionMinimum
  /** Commodities that a scanning spread brought here. */
  readonly merged: readonly string[]
  /** Credits of spreads with other commodities so far. */
  credit: number
}

/** Losses of what is held of one period. */
export type PeriodArray = { readonly period: number; readonly losses: readonly number[]; readonly scanRange: number }

/** Risk of a commodity over its scanning tiers: the sums of theirs. */
export type CombinedScan = Scan & {
  readonly tiers: readonly (Scan & { readonly tier: number })[]
}

/** Weighted price risk, money per delta. */
export type WeightedPriceRisk = {
  readonly priceRisk: number
  readonly netDelta: number
  /** Price risk over net delta. */
  readonly normal: number
  /** Price scan range per delta of the nearest period held. */
  readonly scanRange: number
  readonly value: number
}

/** A commodity of the account from its rows. */
export function combinedOf(
  name: string,
  parameters: Commodity,
  rows: readonly Row[],
  contractPrice: number,
  rounding: Rounding = {},
): Combined {
  return {
    name,
    parameters,
    rows,
    arrays: rows
      .filter(({ amount }) => amount !== 0)
      .map(({ period, array, amount, scanRange }) => ({
        period,
        losses: array.map((loss) => loss * amount + 0),
        scanRange,
      })),
    ledger: ledgerOf(rows, rounding.delta),
    contractPrice,
    shortOptions: shortOptionMinimum(rows, parameters, rounding.amount),
    merged: [],
    credit: 0,
  }
}

/**
 * Scan risk. Tiers are scanned alone and their risks added, as if nothing moved them together; periods outside every tier
 * form one more. With `gross` every position is scanned alone.
 */
export function scanCombined(
  { arrays, parameters }: Combined,
  margining: 'net' | 'gross',
  rounding: Rounding = {},
): CombinedScan {
  const whole = scanLosses(sumLosses(arrays.map(({ losses }) => losses)), rounding.amount)
  const groups =
    margining === 'gross' ? arrays.map((array, tier) => ({ tier, arrays: [array] })) : tierGroups(arrays, parameters)
  if (groups.length <= 1) return { ...whole, tiers: [] }
  const tiers = groups.map((group) => ({
    tier: group.tier,
    ...scanLosses(sumLosses(group.arrays.map(({ losses }) => losses)), rounding.amount),
  }))
  const sum = (pick: (scan: Scan) => number) => tiers.reduce((total, scan) => total + pick(scan), 0)
  const scanRisk = sum((scan) => scan.scanRisk)
  const timeRisk = sum((scan) => scan.timeRisk)
  const volatilityRisk = sum((scan) => scan.volatilityRisk)
  return {
    ...whole,
    scanRisk,
    timeRisk,
    volatilityRisk,
    volatilityAdjustedScan: scanRisk - volatilityRisk,
    priceRisk: scanRisk > 0 ? Math.max(0, scanRisk - volatilityRisk - timeRisk) : 0,
    tiers,
  }
}

/**
 * Weighted price risk of a commodity, or of one of its tiers: `NORMAL` price risk / |net delta|, `SCANRANGE` the price scan
 * range, `SCANRANGE_CAP` the lower of both. Source: CME, Combined Commodities report; advisory Chadv10-409 for the names.
 */
export function weightedPriceRisk(
  combined: Combined,
  scan: CombinedScan,
  within: PeriodRange | undefined,
  rounding: Rounding = {},
): WeightedPriceRisk {
  const arrays = combined.arrays.filter(({ period }) => within === undefined || contains(within, period))
  const priceRisk =
    within === undefined
      ? scan.priceRisk
      : scanLosses(sumLosses(arrays.map(({ losses }) => losses)), rounding.amount).priceRisk
  const delta = netDelta(combined.ledger, within)
  const nearest = arrays.toSorted((left, right) => left.period - right.period)[0]
  const normal = delta === 0 ? 0 : roundTo(priceRisk / Math.abs(delta), rounding.weightedPriceRisk)
  const scanRange = roundTo(nearest?.scanRange ?? 0, rounding.weightedPriceRisk)
  const { weightedPriceRisk: method = 'SCANRANGE_CAP' } = combined.parameters
  const chosen = method === 'NORMAL' ? normal : method === 'SCANRANGE' ? scanRange : Math.min(normal, scanRange)
  return { priceRisk, netDelta: delta, normal, scanRange, value: priceRisk > 0 && delta !== 0 ? chosen : 0 }
}

/** Arrays by scanning tier; one group without tiers. */
export function tierGroups(
  arrays: readonly PeriodArray[],
  { tiers }: Commodity,
): readonly { readonly tier: number; readonly arrays: readonly PeriodArray[] }[] {
  const scan = tiers?.scan ?? []
  const groups = new Map<number, PeriodArray[]>()
  for (const array of arrays) {
    const tier = scan.find((candidate) => contains(candidate, array.period))?.tier ?? 0
    groups.set(tier, [...(groups.get(tier) ?? []), array])
  }
  return [...groups].toSorted(([left], [right]) => left - right).map(([tier, members]) => ({ tier, arrays: members }))
}
