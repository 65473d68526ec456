import type { MarginParameters, RangeMultiplierRule } from '../core/parameters.ts'
import type { Wad } from '../core/units.ts'
import { formatWad } from './money.ts'
import { parameterLeaves } from './parameterDifferences.ts'
import { type Column, formatTable } from './table.ts'

type OfAChain = 'name' | 'modelId' | 'chainId' | 'assets' | 'prices' | 'volatilities' | 'venues'

/** A parameter set, or a calibration without what depends on a chain. */
export type ReportedParameters = Omit<MarginParameters, OfAChain> & Partial<Pick<MarginParameters, OfAChain>>

/** A parameter set as tables for people: shares in percent, amounts in US dollars, no digit rounded away. */
export function parametersReport(parameters: ReportedParameters): string {
  return [
    underlyingsTable(parameters),
    ...Object.entries(parameters.classes).map(
      ([name, { scenarios }]) => `Scenarios of class ${name}\n${scenarioTable(scenarios)}`,
    ),
    jointRowsText(parameters),
    linesTable(parameters),
    settingsTable(parameters),
    ...(parameters.assets === undefined ? [] : [assetsTable(parameters.assets)]),
    ...(parameters.venues === undefined ? [] : [sourcesTable(parameters)]),
  ].join('\n\n')
}

/** WAD numbers of 15 digits and more as decimals; anything else as it is. */
export function describeValue(text: string): string {
  return /^-?\d{15,}$/.test(text) ? formatWad(BigInt(text)) : text
}

function underlyingsTable({ underlyings, classes }: ReportedParameters): string {
  const rows = Object.entries(underlyings).map(([name, { class: className, range, multiplier, liquidity }]) => {
    const ranged = classes[className]?.scenarios.some(({ kind }) => kind === 'range') ?? false
    return [
      name,
      className,
      ranged ? percent(range) : '-',
      ranged ? multiplierText(multiplier) : '-',
      percent(liquidity.halfSpread.initial),
      percent(liquidity.halfSpread.maintenance),
      percent(liquidity.dailyVolatility),
      formatWad(liquidity.averageDailyVolume),
    ]
  })
  return formatTable(
    [
      ...columns('underlying', 'class'),
      ...numbers('range'),
      ...columns('multiplier'),
      ...numbers('half spread, initial', 'maintenance', 'daily volatility', 'daily volume, USD'),
    ],
    rows,
  )
}

function multiplierText(rule: RangeMultiplierRule): string {
  const bounds = `${formatWad(rule.floor)} to ${formatWad(rule.clamp)}`
  return rule.rule === 'fixed' ? `fixed at ${formatWad(rule.floor)}` : `${bounds} by ${rule.history.source} history`
}

function scenarioTable(scenarios: MarginParameters['classes'][string]['scenarios']): string {
  return formatTable(
    [...columns('scenario', 'of'), ...numbers('move'), ...columns('volatility'), ...numbers('weight')],
    scenarios.map(({ id, kind, move, vol, weight }) => [
      id,
      kind === 'range' ? 'range' : 'price',
      percent(move),
      vol,
      percent(weight),
    ]),
  )
}

function jointRowsText({ jointRows }: ReportedParameters): string {
  const regimes = new Map<string, number>()
  for (const { regime } of jointRows) regimes.set(regime, (regimes.get(regime) ?? 0) + 1)
  return `Joint rows: ${[...regimes].map(([regime, count]) => `${count} ${regime}`).join(', ') || 'none'}`
}

function linesTable({ lines }: ReportedParameters): string {
  const { scan, shortOptionMinimum, hedgedDeltaMinimum, liquidity, settlementGap } = lines
  const pairs = { scan, shortOptionMinimum, hedgedDeltaMinimum, 'liquidity.impact': liquidity.impact, settlementGap }
  return formatTable(
    [...columns('line'), ...numbers('initial', 'maintenance')],
    Object.entries(pairs).map(([name, { initial, maintenance }]) => [name, percent(initial), percent(maintenance)]),
  )
}

function settingsTable(parameters: ReportedParameters): string {
  const { volatilityShock, decorrelation, decorrelationMinimum, credit, paperHaircut, expiredHaircut } = parameters
  const { venuePhysics, criticalDistance, maximumClaims, lines } = parameters
  const { oracleConfidence, venueFailure, arithmetic } = lines
  const settings = {
    volatilityShock,
    decorrelation,
    decorrelationMinimum,
    credit,
    paperHaircut,
    expiredHaircut,
    venuePhysics,
    criticalDistance,
    maximumClaims,
    lines: { oracleConfidence, venueFailure, arithmetic: { epsilon: formatWad(arithmetic.epsilon) } },
  }
  return formatTable(
    [...columns('setting'), ...numbers('value')],
    [...parameterLeaves(settings)].map(([path, text]) => [path, describeValue(text)]),
  )
}

function assetsTable(assets: MarginParameters['assets']): string {
  const rate = (entry: { readonly source: string; readonly value?: unknown }) =>
    entry.source === 'fixed' ? describeValue(String(entry.value)) : entry.source
  return formatTable(
    [
      ...columns('asset', 'token', 'underlying'),
      ...numbers('decimals'),
      ...columns('rate'),
      ...numbers('basis, initial', 'maintenance'),
    ],
    Object.entries(assets).map(([key, { symbol, underlying, decimals, basis, ...entry }]) => [
      symbol,
      key,
      underlying,
      `${decimals}`,
      rate(entry.rate),
      basisText(basis.initial),
      basisText(basis.maintenance),
    ]),
  )
}

function basisText(basis: Wad): string {
  return basis === 0n ? '-' : percent(basis)
}

function sourcesTable({ prices = {}, volatilities = {}, venues = [] }: ReportedParameters): string {
  return formatTable(columns('what', 'name', 'read by'), [
    ...Object.entries(prices).map(([name, { source }]) => ['price', name, source]),
    ...Object.entries(volatilities).map(([name, { source }]) => ['volatility', name, source]),
    ...venues.map(({ id, adapter }) => ['venue', id, adapter]),
  ])
}

/** A WAD fraction in percent to its last digit. */
function percent(value: Wad): string {
  return `${formatWad(value * 100n)} %`
}

function columns(...titles: readonly string[]): readonly Column[] {
  return titles.map((title) => ({ title }))
}

function numbers(...titles: readonly string[]): readonly Column[] {
  return titles.map((title) => ({ title, align: 'right' as const }))
}
