import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { type JsonSchema, jsonSchemas } from '../../scripts/schemas.ts'
import { wad } from '../../src/core/units.ts'
import { formatWad } from '../../src/report/money.ts'
import { parameterLeaves } from '../../src/report/parameterDifferences.ts'
import {
  defaultCalibration,
  defaultUnderlyings,
  historyMultipliers,
  wrappedBasis,
} from '../../src/risk/plimsoll/calibration.ts'

const page = readFileSync(new URL('../../docs/parameters.md', import.meta.url), 'utf8')

/** Cells of the table rows whose first cell is the given one. */
const rowOf = (first: string): readonly string[] => {
  const rows = page.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return rows.find(([cell]) => cell === first) ?? expect.fail(`no row ${first}`)
}
const percent = (value: bigint) => `${formatWad(value * 100n)} %`

describe('docs/parameters.md', () => {
  it('explains every field of the schema', () => {
    const fields = [...new Set(leavesOf(jsonSchemas()['parameters.schema.json'] ?? expect.fail(), ''))]
    expect(fields).to.have.lengthOf.above(60)
    expect(fields.filter((field) => !page.includes(`\`${field}\``))).to.deep.equal([])
  })
  it('explains no field that is not there', () => {
    const fields = new Set(leavesOf(jsonSchemas()['parameters.schema.json'] ?? expect.fail(), ''))
    const rows = [...page.matchAll(/^\| `([^`]*[.[][^`]*)`/gm)].map(([, field]) => field)
    expect(rows.filter((field) => !fields.has(field as string))).to.deep.equal([])
  })
  it('gives the default of every constant', () => {
    const { classes, jointRows, schema, model, ...constants } = defaultCalibration
    for (const [path, text] of parameterLeaves(constants)) {
      const [, unit, stated] = rowOf(`\`${path}\``)
      const expected = unit === 'fraction' ? percent(BigInt(text)) : text
      expect([path, stated]).to.deep.equal([path, unit === 'WAD' ? formatWad(BigInt(text)) : expected])
    }
  })
  it('gives the defaults of every underlying', () => {
    for (const [name, { class: className, range, liquidity }] of Object.entries(defaultUnderlyings)) {
      const { halfSpread, dailyVolatility, averageDailyVolume } = liquidity
      expect(rowOf(name).slice(0, 6)).to.deep.equal([
        ...[name, className, className === 'stable' ? '–' : percent(range), percent(halfSpread.initial)],
        ...[percent(dailyVolatility), formatWad(averageDailyVolume)],
      ])
      expect(halfSpread.maintenance).to.equal((halfSpread.initial * 4n) / 5n)
    }
  })
  it('gives the defaults of multipliers and basis shocks', () => {
    const stated = (field: string) => rowOf(`\`underlyings.*.multiplier.${field}\``)[2]
    const { BTC, ETH } = historyMultipliers
    expect(stated('longRunVolatility')).to.equal(
      `BTC ${percent(BTC.longRunVolatility)}, ETH ${percent(ETH.longRunVolatility)}`,
    )
    expect([stated('halfLife'), stated('lookback'), stated('maximumGap')]).to.deep.equal(
      [ETH.halfLife, ETH.lookback, ETH.maximumGap].map(String),
    )
    expect(stated('releasePerDay')).to.equal(formatWad(ETH.releasePerDay))
    expect([ETH.floor, ETH.clamp]).to.deep.equal([wad, 2n * wad])
    for (const [kind, { initial }] of Object.entries(wrappedBasis)) {
      expect(rowOf(`\`${kind}\``)[1]).to.equal(percent(initial))
    }
  })
  it('gives the moves and weights of the scenarios', () => {
    for (const { scenarios } of Object.values(defaultCalibration.classes)) {
      for (const { kind, move, weight } of scenarios) {
        if (kind === 'range') continue
        expect(page).to.contain(formatWad(move * 100n).replace('-', '−'))
        expect(page).to.contain(formatWad(weight * 100n))
      }
    }
  })
})

/** Paths of the scalar fields: `*` stands for a key, `[]` for an item. */
function* leavesOf(schema: JsonSchema, path: string): Generator<string> {
  const { oneOf, properties, additionalProperties, items } = schema
  const any = additionalProperties
  if (oneOf) for (const option of oneOf) yield* leavesOf(option as JsonSchema, path)
  else if (properties && Object.keys(properties).length > 0) {
    for (const [key, item] of Object.entries(properties)) {
      yield* leavesOf(item as JsonSchema, path === '' ? key : `${path}.${key}`)
    }
  } else if (typeof any === 'object' && Object.keys(any).length > 0) yield* leavesOf(any, `${path}.*`)
  else if (items !== undefined) yield* leavesOf(items as JsonSchema, `${path}[]`)
  else yield path
}
