import type { ModelMargin, ModelScenario } from '../risk/models/model.ts'
import { formatTable } from './table.ts'

/** `-1,234.56`: money in doubles with two decimals, to the nearest. */
export function formatMoney(value: number): string {
  const [whole = '', places = ''] = Math.abs(value).toFixed(2).split('.')
  const isZero = Number(whole) === 0 && Number(places) === 0
  return `${value < 0 && !isZero ? '-' : ''}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${places}`
}

/** The answer of a reference model: positions, requirement line by line, what binds. */
export function modelReport(margin: ModelMargin): string {
  const { model, name, quote, equity, initialMargin, maintenanceMargin, free, lines, worst, assumptions } = margin
  const table = formatTable(
    [
      { title: `requirement, ${quote}` },
      { title: 'initial', align: 'right' },
      { title: 'maintenance', align: 'right' },
    ],
    [
      ...lines.map(({ id, initial, maintenance }) => [`  ${id}`, formatMoney(initial), formatMoney(maintenance)]),
      ['margin', formatMoney(initialMargin), formatMoney(maintenanceMargin)],
      [`equity ${formatMoney(equity)}, free`, formatMoney(free.initial), formatMoney(free.maintenance)],
    ],
  )
  return [
    `${model}${name === model ? '' : ` with ${name}`}`,
    ...(margin.positions.length === 0 ? [] : [positionsTable(margin)]),
    [
      table,
      ...worst.map((entry) => `binding${groupOf(entry)}: ${entry.scenario}, ${formatMoney(entry.loss)} ${quote}`),
    ].join('\n'),
    ...(assumptions.length === 0 ? [] : [assumptions.map((text) => `- ${text}`).join('\n')]),
  ].join('\n\n')
}

/** P&L of every scenario as the model counts it; those that bind are marked. */
export function modelScenarioReport({ scenarios, worst, quote }: ModelMargin): string {
  const binds = ({ group, id }: ModelScenario) => worst.some((entry) => entry.group === group && entry.scenario === id)
  return formatTable(
    [{ title: 'scenario' }, { title: `P&L ${quote}`, align: 'right' }],
    scenarios.map((scenario) => [
      `${binds(scenario) ? '>' : ' '} ${scenario.group === undefined ? '' : `${scenario.group} `}${scenario.id}`,
      formatMoney(scenario.pnl),
    ]),
  )
}

function positionsTable({ positions, quote }: ModelMargin): string {
  const optional = (value: number | undefined) => (value === undefined ? '' : value.toPrecision(6))
  return formatTable(
    [
      { title: 'position' },
      { title: `value ${quote}`, align: 'right' },
      { title: 'delta', align: 'right' },
      { title: 'vega', align: 'right' },
    ],
    positions.map(({ id, value, delta, vega }) => [id, formatMoney(value), optional(delta), optional(vega)]),
  )
}

function groupOf({ group }: { readonly group?: string }): string {
  return group === undefined ? '' : ` for ${group}`
}
