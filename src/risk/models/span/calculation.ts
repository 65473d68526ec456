import type { Book } from '../../../core/book.ts'
import { underlyingMarket } from '../forward.ts'
import { currencyPrice } from '../valuation.ts'
import { type SpotChargeItem, spotCharges } from './charges.ts'
import { type Combined, type CombinedScan, combinedOf, scanCombined } from './combined.ts'
import { type FormedInterSpread, formInterSpreads, mergeByScanning } from './interSpreads.ts'
import { type FormedIntraSpread, formIntraSpreads } from './intraSpreads.ts'
import type { SpanParameters } from './parameters.ts'
import { type CommodityRisk, poolRequirements, riskOf } from './requirement.ts'
import { commodityOf, type Row, rowsOf } from './rows.ts'

/** Everything that one calculation of SPAN found, commodity by commodity in the order of their names. */
export type SpanResult = {
  readonly rows: readonly Row[]
  readonly commodities: readonly CommodityResult[]
  readonly interSpreads: readonly FormedInterSpread[]
  readonly pools: ReturnType<typeof poolRequirements>
}

/** What is known of one combined commodity. */
export type CommodityResult = {
  readonly combined: Combined
  readonly scan: CombinedScan
  readonly intraSpreads: readonly FormedIntraSpread[]
  readonly spotCharges: readonly SpotChargeItem[]
  readonly risk: CommodityRisk
}

/**
 * The calculation in the order of SPAN: arrays, spreads that scan commodities together and other super spreads, scan risk,
 * calendar spreads, spot charge, spreads between commodities, short option minimum, net option value.
 *
 * @throws {UnmodeledPositionError} for a position that the parameter set does not cover.
 * @throws {MissingMarketDataError} for a price or volatility that is needed and not there.
 */
export function calculateSpan(book: Book, parameters: SpanParameters): SpanResult {
  const { rounding = {}, margining = 'net', spotCharge = 'before-inter' } = parameters
  const rows = rowsOf(book, parameters)
  const combined = combine(book, parameters, rows)
  const scanOf = (member: Combined) => scanCombined(member, margining, rounding)
  const spreads = margining === 'net' ? (parameters.interSpreads ?? []) : []
  const formed: FormedInterSpread[] = []
  for (const spread of spreads.toSorted((left, right) => left.priority - right.priority)) {
    const merged = spread.method === 'SCAN' ? mergeByScanning(spread, combined) : undefined
    if (merged !== undefined) formed.push(merged)
  }
  const byDelta = spreads.filter(({ method }) => method !== 'SCAN')
  const isSuper = (spread: { super?: boolean | undefined }) => spread.super === true
  formed.push(...formInterSpreads(byDelta.filter(isSuper), combined, scanOf, rounding))
  const members = [...combined.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1))
  const intra = members.map((member) =>
    margining === 'gross'
      ? []
      : formIntraSpreads({
          ledger: member.ledger,
          commodity: member.parameters,
          contractPrice: member.contractPrice,
          places: rounding,
        }),
  )
  const chargeSpot = () =>
    members.map(({ ledger, parameters: settings, contractPrice }) =>
      spotCharges(ledger, settings, contractPrice, rounding.amount),
    )
  const spotBefore = spotCharge === 'before-inter' ? chargeSpot() : undefined
  formed.push(
    ...formInterSpreads(
      byDelta.filter((spread) => !isSuper(spread)),
      combined,
      scanOf,
      rounding,
    ),
  )
  const spot = spotBefore ?? chargeSpot()
  const commodities = members.map((member, index) => {
    const scan = scanOf(member)
    const intraSpreads = intra[index] as readonly FormedIntraSpread[]
    const charges = spot[index] as readonly SpotChargeItem[]
    return {
      combined: member,
      scan,
      intraSpreads,
      spotCharges: charges,
      risk: riskOf({ combined: member, scan, intraSpreads, spotCharges: charges, parameters }),
    }
  })
  return { rows, commodities, interSpreads: formed, pools: poolRequirements(commodities) }
}

/** Money of the account that is not margin: cash, holdings and results of what is marked to market. */
export function equityOf(book: Book, rows: readonly Row[]): number {
  const cash = book.portfolio.positions.reduce(
    (sum, position) =>
      position.kind === 'cash' ? sum + position.amount * currencyPrice(book.market, position.currency) : sum,
    0,
  )
  return rows.reduce((sum, { kind, value }) => (kind === 'linear' ? sum + value : sum), cash)
}

function combine(book: Book, parameters: SpanParameters, rows: readonly Row[]): Map<string, Combined> {
  const names = [...new Set(rows.map(({ commodity }) => commodity))].toSorted()
  return new Map(
    names.map((name) => {
      const settings = commodityOf(parameters, name)
      const members = rows.filter(({ commodity }) => commodity === name)
      const priced = settings.priceOf ?? name
      const underlying = Object.hasOwn(book.market.underlyings, priced) ? priced : (members[0] as Row).underlying
      const contractPrice = underlyingMarket(book.market, underlying).price * (settings.contractSize ?? 1)
      return [name, combinedOf(name, settings, members, contractPrice, parameters.rounding)]
    }),
  )
}
