import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { z } from 'zod'
import { jsonSchemas } from '../../scripts/schemas.ts'
import { toJson } from '../../src/core/canonical.ts'
import { formatSnapshot } from '../../src/core/snapshot.ts'
import { wad } from '../../src/core/units.ts'
import { historyMultipliers } from '../../src/risk/plimsoll/calibration.ts'
import {
  assets,
  balance,
  consumerDebt,
  debt,
  liquidity,
  option,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
} from '../support/books.ts'

const stored = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../docs/schemas/${name}`, import.meta.url), 'utf8'))

/** Checks values against a stored schema by an implementation that does not know the parser it was written from. */
function validator(name: string): (value: unknown) => boolean {
  const schema = z.fromJSONSchema(stored(name) as Parameters<typeof z.fromJSONSchema>[0])
  return (value) => schema.safeParse(value).success
}

describe('docs/schemas', () => {
  for (const [name, schema] of Object.entries(jsonSchemas())) {
    it(`${name} is what scripts/generateSchemas.ts writes today`, () => {
      expect(stored(name)).to.deep.equal(JSON.parse(JSON.stringify(schema)))
    })
    it(`${name} leaves no field without a type but those that other code checks`, () => {
      expect([...untyped(schema, '')].filter((path) => !/configuration|\.protocols$/.test(path))).to.deep.equal([])
    })
  }

  it('takes a parameter set in both multiplier rules and refuses what is not one', () => {
    const isValid = validator('parameters.schema.json')
    const set = testParameters((plain) => {
      const entry = plain.underlyings.ETH
      if (entry) entry.multiplier = { ...historyMultipliers.ETH, history: { source: 'file' } }
    })
    // biome-ignore lint/suspicious/noExplicitAny: edited out of its type on purpose.
    const edited = (edit: (plain: any) => void) => {
      const plain = toJson(set)
      edit(plain)
      return plain
    }
    expect(isValid(toJson(set))).to.equal(true)
    expect(isValid(edited((plain) => Object.assign(plain, { surprise: 1 })))).to.equal(false)
    expect(isValid(edited((plain) => Object.assign(plain, { paperHaircut: `${wad + 1n}` })))).to.equal(false)
    expect(isValid(edited((plain) => Object.assign(plain.lines.scan, { initial: '-1' })))).to.equal(false)
    expect(isValid(edited((plain) => Object.assign(plain.lines.scan, { initial: 1 })))).to.equal(false)
    expect(isValid(edited((plain) => delete plain.underlyings.ETH.multiplier.halfLife))).to.equal(false)
  })
  it('takes a snapshot of every kind of position', () => {
    const isValid = validator('snapshot.schema.json')
    const snapshot = {
      schema: 'plimsoll-snapshot/1' as const,
      portfolio: portfolioOf(
        balance(assets.weth, 10n ** 30n),
        debt(assets.usdc, 1n),
        perpetual(-wad),
        option('put', 2000, wad),
        liquidity(-10, 10, 5n),
        consumerDebt(7n),
      ),
      market: testMarket(),
      witnesses: [],
    }
    const plain = JSON.parse(formatSnapshot(snapshot))
    expect(isValid(plain)).to.equal(true)
    plain.market.prices.ETH.price = '0'
    expect(isValid(plain)).to.equal(false)
  })
})

/** Paths of the subschemas that say nothing. */
function* untyped(node: unknown, path: string): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  for (const [key, item] of Object.entries(node)) {
    const here = `${path}.${key}`
    const isSubschema = path.endsWith('.properties') || key === 'items' || key === 'additionalProperties'
    if (isSubschema && key !== 'additionalProperties' && Object.keys(item as object).length === 0) yield here
    yield* untyped(item, here)
  }
}
