import type { SpotChargeItem } from './charges.ts'
import type { Combined, CombinedScan } from './combined.ts'
import type { FormedIntraSpread } from './intraSpreads.ts'
import type { SpanParameters } from './parameters.ts'
import { roundTo } from './rounding.ts'

/** Risk of one combined commodity and what it is made of. Money; positive is needed. */
export type CommodityRisk = {
  readonly intraCharge: number
  readonly spotCharge: number
  /** Credit of spreads with other commodities, as a positive number; a charge is negative. */
  readonly interCredit: number
  readonly shortOptionMinimum: number
  /** `max(short option minimum, scan + charges − credit)`. */
  readonly risk: number
  readonly initial: number
  readonly maintenance: number
  /** By how much the value of options held lowers initial and maintenance where nothing else is held; not positive. */
  readonly initialCap: number
  readonly maintenanceCap: number
  readonly longOptionValue: number
  readonly shortOptionValue: number
  /** Long less short value of options whose premium is paid up front. */
  readonly netOptionValue: number
  readonly initialRatio: number
  readonly maintenanceRatio: number
  /** Extreme-loss margin on the value of futures and short options. */
  readonly exposure: number
}

/**
 * Risk of a commodity. Long options alone are not charged more than they are worth (after the ratio, as HKEX does), and a credit
 * never brings the risk below the short option minimum.
 */
export function riskOf(input: {
  readonly combined: Combined
  readonly scan: CombinedScan
  readonly intraSpreads: readonly FormedIntraSpread[]
  readonly spotCharges: readonly SpotChargeItem[]
  readonly parameters: SpanParameters
}): CommodityRisk {
  const { combined, scan, parameters } = input
  const { rows, parameters: settings } = combined
  const places = parameters.rounding?.amount
  const intraCharge = roundTo(
    input.intraSpreads.reduce((sum, { charge }) => sum + charge, 0),
    places,
  )
  const spotCharge = input.spotCharges.reduce((sum, { charge }) => sum + charge, 0)
  const interCredit = roundTo(combined.credit, places)
  const shortOptionMinimum = combined.shortOptions.charge
  const risk = Math.max(shortOptionMinimum, scan.scanRisk + intraCharge + spotCharge - interCredit)
  const options = rows.filter(({ kind }) => kind !== 'linear')
  const totalValue = (members: typeof rows) =>
    roundTo(
      members.reduce((sum, { value }) => sum + value, 0),
      places,
    )
  const longOptionValue = totalValue(options.filter(({ amount }) => amount > 0))
  const shortOptionValue = totalValue(options.filter(({ amount }) => amount < 0))
  const held = rows.filter(({ amount }) => amount !== 0)
  const capped =
    parameters.capLongOptions !== false && held.every(({ kind, amount }) => kind !== 'linear' && amount > 0)
  const { initialRatio = 1, maintenanceRatio = 1, exposure } = settings
  const capOf = (amount: number) => (capped ? Math.min(0, longOptionValue - amount) : 0)
  const uncappedInitial = roundTo(risk * initialRatio, places)
  const uncappedMaintenance = roundTo(risk * maintenanceRatio, places)
  return {
    intraCharge,
    spotCharge,
    interCredit,
    shortOptionMinimum,
    risk,
    initial: uncappedInitial + capOf(uncappedInitial),
    maintenance: uncappedMaintenance + capOf(uncappedMaintenance),
    initialCap: capOf(uncappedInitial),
    maintenanceCap: capOf(uncappedMaintenance),
    longOptionValue,
    shortOptionValue,
    netOptionValue: totalValue(options.filter(({ premium }) => premium)),
    initialRatio,
    maintenanceRatio,
    exposure: rows.reduce((sum, { kind, amount, notional }) => {
      if (exposure === undefined || (kind !== 'linear' && amount >= 0)) return sum
      return sum + notional * (kind === 'linear' ? exposure.future : exposure.shortOption)
    }, 0),
  }
}

/** Requirement of commodities that share their option value. */
export type PoolRequirement = {
  readonly pool: string
  readonly commodities: readonly string[]
  readonly initialRisk: number
  readonly maintenanceRisk: number
  /** Net option value that counts: a limited commodity gives at most its own risk. */
  readonly initialOptionValue: number
  readonly maintenanceOptionValue: number
  /** Option value beyond the risk of the pool, which no other serves. */
  readonly initialExcess: number
  readonly maintenanceExcess: number
  readonly initial: number
  readonly maintenance: number
}

/**
 * Requirements by pool: risk less net option value, not below zero. Source: CME, risk maintenance and initial requirement, excess
 * option value of a group of combined commodities; "Limits on Avail NOV".
 */
export function poolRequirements(
  commodities: readonly { readonly combined: Combined; readonly risk: CommodityRisk }[],
): readonly PoolRequirement[] {
  const poolOf = ({ combined }: { readonly combined: Combined }) => combined.parameters.pool ?? 'all'
  return [...new Set(commodities.map(poolOf))].toSorted().map((pool) => {
    const members = commodities.filter((member) => poolOf(member) === pool)
    const requirementOf = (riskAt: (risk: CommodityRisk) => number) => {
      const risk = members.reduce((sum, member) => sum + riskAt(member.risk), 0)
      const optionValue = members.reduce((sum, { combined, risk: found }) => {
        const { netOptionValue } = found
        return (
          sum +
          (combined.parameters.limitOptionValue === true ? Math.min(netOptionValue, riskAt(found)) : netOptionValue)
        )
      }, 0)
      return { risk, optionValue, required: Math.max(0, risk - optionValue), excess: Math.max(0, optionValue - risk) }
    }
    const initial = requirementOf((risk) => risk.initial)
    const maintenance = requirementOf((risk) => risk.maintenance)
    return {
      pool,
      commodities: members.map(({ combined }) => combined.name),
      initialRisk: initial.risk,
      maintenanceRisk: maintenance.risk,
      initialOptionValue: initial.optionValue,
      maintenanceOptionValue: maintenance.optionValue,
      initialExcess: initial.excess,
      maintenanceExcess: maintenance.excess,
      initial: initial.required,
      maintenance: maintenance.required,
    }
  })
}
