import { expect } from 'chai'
import fc from 'fast-check'
import { toJson } from '../../src/core/canonical.ts'
import { parametersHash, parseParameters } from '../../src/core/parameters.ts'
import { wad } from '../../src/core/units.ts'
import { parameterDifferences, parameterLeaves } from '../../src/report/parameterDifferences.ts'
import { parametersReport } from '../../src/report/parametersReport.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'
import { testParameters } from '../support/books.ts'

const base = testParameters()

describe('parameterDifferences', () => {
  it('is empty for equal sets, whatever the order of their keys', () => {
    const reordered = parseParameters(Object.fromEntries(Object.entries(toJson(base) as object).reverse()))
    expect(parametersHash(reordered)).to.equal(parametersHash(base))
    expect(parameterDifferences(base, reordered)).to.deep.equal([])
  })
  it('names path and both values, by id within a list', () => {
    const changed = testParameters((plain) => {
      plain.paperHaircut = wad / 5n
      const scenario = plain.classes.volatile?.scenarios[10]
      if (scenario) scenario.weight = wad / 2n
      plain.classes.stable?.scenarios.splice(0, 1)
    })
    const differences = parameterDifferences(base, changed)
    expect(differences.slice(-2)).to.deep.equal([
      { path: 'classes.volatile.scenarios[+1 up].weight', left: `${wad}`, right: `${wad / 2n}` },
      { path: 'paperHaircut', left: `${wad / 10n}`, right: `${wad / 5n}` },
    ])
    expect(differences.slice(0, -2)).to.have.lengthOf(4)
    for (const { path, right } of differences.slice(0, -2)) {
      expect([path.startsWith('classes.stable.scenarios[+1%].'), right]).to.deep.equal([true, null])
    }
  })
  it('says when only the order of a list differs', () => {
    const changed = testParameters((plain) => {
      plain.classes.stable?.scenarios.reverse()
    })
    expect(parameterDifferences(base, changed).map(({ path }) => path)).to.deep.equal([
      'classes.stable.scenarios.(order)',
    ])
  })
  it('finds whatever changes the hash', () => {
    const plain = toJson(base)
    const paths = [...textsOf(plain, [])]
    fc.assert(
      fc.property(fc.constantFrom(...paths), (path) => {
        const copy = structuredClone(plain)
        const last = path.at(-1) as string
        // biome-ignore lint/suspicious/noExplicitAny: any node of the set.
        const parent = path.slice(0, -1).reduce<any>((node, key) => node[key], copy)
        parent[last] = typeof parent[last] === 'number' ? parent[last] + 1 : `${parent[last]}1`
        // Not parsed: the comparison does not depend on what a set may hold.
        expect(parameterDifferences(base, copy as typeof base)).not.to.deep.equal([])
      }),
      { numRuns: 60, seed: 3 },
    )
  })
  it('tells an empty list or object from none', () => {
    expect([...parameterLeaves({ a: {}, b: [], c: 1n })]).to.deep.equal([
      ['a', '{}'],
      ['b', '[]'],
      ['c', '1'],
    ])
  })
})

describe('parametersReport', () => {
  it('shows every underlying, scenario, asset and source to the last digit', () => {
    const text = parametersReport(base)
    for (const name of ['ETH', '16 %', '18 %', '33.3333333333333333 %', '2.772 %', 'WETH', 'file']) {
      expect(text).to.contain(name)
    }
    for (const { id } of base.classes.volatile?.scenarios ?? []) expect(text).to.contain(id)
    expect(text).to.contain('Joint rows: 24 market, 24 depeg')
  })
  it('shows a calibration that has no chain', () => {
    const text = parametersReport({ ...defaultCalibration, underlyings: defaultUnderlyings })
    for (const name of Object.keys(defaultUnderlyings)) expect(text).to.contain(name)
    expect(text).not.to.contain('read by')
  })
})

function* textsOf(node: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (typeof node !== 'object' || node === null) yield path
  else for (const [key, item] of Object.entries(node)) yield* textsOf(item, [...path, key])
}
