import { type Combined, type CombinedScan, type PeriodArray, tierGroups, weightedPriceRisk } from './combined.ts'
import type { PeriodRange } from './commodity.ts'
import { consume, netRemaining, type PeriodDelta } from './deltas.ts'
import type { InterSpread, Rounding } from './parameters.ts'
import { roundTo } from './rounding.ts'
import { sumLosses } from './scanning.ts'

/** Spreads between commodities that one definition formed. */
export type FormedInterSpread = {
  readonly priority: number
  readonly method: 'WPR' | 'FLAT' | 'SCAN'
  readonly super: boolean
  readonly spreads: number
  readonly legs: readonly FormedInterLeg[]
}

/** What one leg gave and got. */
export type FormedInterLeg = {
  readonly commodity: string
  readonly tier?: number
  readonly deltaPerSpread: number
  /** Delta that was there before, long positive. */
  readonly available: number
  readonly consumed: number
  readonly weightedPriceRisk: number
  readonly credit: number
}

type Leg = InterSpread['legs'][number]
type ScanOf = (combined: Combined) => CombinedScan

/**
 * Forms spreads between commodities in the order of their priority, adds their credits to the commodities and consumes the
 * deltas. Sides must be opposite in delta, not in contracts: a long put is short. Number of spreads = the least of
 * |net remaining delta| / ratio over the legs, all of which must be held. Credit of a leg = weighted price risk · deltas
 * consumed · share (`WPR`), or an equal part of the money per spread (`FLAT`).
 * Source: CME, Inter Spreads and Intercommodity Spreading Tier Requirements reports.
 */
export function formInterSpreads(
  spreads: readonly InterSpread[],
  combined: ReadonlyMap<string, Combined>,
  scanOf: ScanOf,
  rounding: Rounding = {},
): readonly FormedInterSpread[] {
  return spreads
    .toSorted((left, right) => left.priority - right.priority)
    .flatMap((spread) => formOne(spread, combined, scanOf, rounding) ?? [])
}

function formOne(
  spread: InterSpread,
  combined: ReadonlyMap<string, Combined>,
  scanOf: ScanOf,
  rounding: Rounding,
): FormedInterSpread | undefined {
  const { method = 'WPR', credit, legs } = spread
  const held = legs.map((leg) => heldLeg(spread, leg, combined.get(leg.commodity)))
  if (!held.every((leg) => leg !== undefined)) return undefined
  const orientations = held.map(({ leg, available }) => Math.sign(available) * (leg.side === 'A' ? 1 : -1))
  if (orientations.some((orientation) => orientation === 0 || orientation !== orientations[0])) return undefined
  const count = roundTo(Math.min(...held.map(({ available, ratio }) => Math.abs(available) / ratio)), rounding.spreads)
  if (!(count > 0)) return undefined
  const formed = held.map(({ leg, member, available, ratio, range }) => {
    const wpr = weightedPriceRisk(member, scanOf(member), range, rounding).value
    const amount = method === 'FLAT' ? (credit * count) / legs.length : wpr * count * ratio * (leg.credit ?? credit)
    member.credit += amount
    return {
      commodity: leg.commodity,
      ...(leg.tier === undefined ? {} : { tier: leg.tier }),
      deltaPerSpread: ratio,
      available,
      consumed: Math.sign(available) * count * ratio,
      weightedPriceRisk: wpr,
      credit: amount,
    }
  })
  for (const [index, { member, range }] of held.entries()) {
    const { consumed } = formed[index] as FormedInterLeg
    consume(member.ledger, consumed > 0 ? 1 : -1, Math.abs(consumed), range)
  }
  return { priority: spread.priority, method, super: spread.super === true, spreads: count, legs: formed }
}

function heldLeg(spread: InterSpread, leg: Leg, member: Combined | undefined) {
  if (member === undefined) return undefined
  const range: PeriodRange | undefined =
    leg.tier === undefined ? undefined : member.parameters.tiers?.inter?.find(({ tier }) => tier === leg.tier)
  if (leg.tier !== undefined && range === undefined) return undefined
  const ratio = spread.ratioByValue === true ? leg.ratio / member.contractPrice : leg.ratio
  return { leg, member, range, ratio, available: netRemaining(member.ledger, range) }
}

/**
 * Scanning-based spreads: the legs that are held become one commodity with the parameters of the target. A gain of a leg counts
 * at the credit of the spread, tier by tier; deltas are restated in those of the target by the ratios. Charges, short option
 * minimums and option values add. Source: CME, spread method "S" (04).
 */
export function mergeByScanning(spread: InterSpread, combined: Map<string, Combined>): FormedInterSpread | undefined {
  const held = spread.legs.flatMap((leg) => {
    const member = combined.get(leg.commodity)
    return member === undefined ? [] : [{ leg, member }]
  })
  const missing = spread.legs.some(({ commodity, required }) => required !== false && !combined.has(commodity))
  const target = held.find(({ leg }) => leg.target === true) ?? held[0]
  if (missing || held.length < 2 || target === undefined) return undefined
  const arrays: PeriodArray[] = []
  const periods = new Map<number, PeriodDelta>()
  for (const { leg, member } of held) {
    const scale = target.leg.ratio / leg.ratio
    for (const group of tierGroups(member.arrays, target.member.parameters)) {
      const credit = leg.credit ?? spread.credit
      const losses = sumLosses(group.arrays.map((array) => array.losses)).map((loss) =>
        loss < 0 ? loss * credit : loss,
      )
      const [nearest] = group.arrays.toSorted((left, right) => left.period - right.period)
      if (nearest !== undefined) {
        arrays.push({ period: nearest.period, losses, scanRange: nearest.scanRange / scale })
      }
    }
    for (const { period, net, remaining } of member.ledger) {
      const before = periods.get(period) ?? { period, net: 0, remaining: 0 }
      periods.set(period, { period, net: before.net + net * scale, remaining: before.remaining + remaining * scale })
    }
  }
  const members = held.map(({ member }) => member)
  const sumOf = (pick: (member: Combined) => number) => members.reduce((sum, member) => sum + pick(member), 0)
  for (const { name } of members) combined.delete(name)
  combined.set(target.member.name, {
    ...target.member,
    rows: members.flatMap(({ rows }) => rows),
    arrays,
    ledger: [...periods.values()].toSorted((left, right) => left.period - right.period),
    shortOptions: {
      shortCalls: sumOf(({ shortOptions }) => shortOptions.shortCalls),
      shortPuts: sumOf(({ shortOptions }) => shortOptions.shortPuts),
      charge: sumOf(({ shortOptions }) => shortOptions.charge),
    },
    merged: members.filter((member) => member !== target.member).map(({ name }) => name),
    credit: sumOf(({ credit }) => credit),
  })
  return {
    priority: spread.priority,
    method: 'SCAN',
    super: spread.super === true,
    spreads: 0,
    legs: held.map(({ leg, member }) => ({
      commodity: leg.commodity,
      deltaPerSpread: leg.ratio,
      available: netRemaining(member.ledger),
      consumed: 0,
      weightedPriceRisk: 0,
      credit: 0,
    })),
  }
}
