import { expect } from 'chai'
import { canonicalHash } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { parametersHash } from '../../src/core/parameters.ts'
import { wad } from '../../src/core/units.ts'
import { assets, testParameters } from '../support/books.ts'

/** The problem that refuses an edited parameter set. */
function problemOf(change: Parameters<typeof testParameters>[0]): string {
  try {
    testParameters(change)
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message
    throw error
  }
  return ''
}

describe('parameters', () => {
  it('has the 24 volatile and 6 stable scenarios of plimsoll-1 in order', () => {
    const { volatile, stable } = testParameters().classes
    expect(volatile?.scenarios.map(({ id }) => id)).to.deep.equal([
      ...[
        '0 up',
        '0 down',
        '+1/3 up',
        '+1/3 down',
        '-1/3 up',
        '-1/3 down',
        '+2/3 up',
        '+2/3 down',
        '-2/3 up',
        '-2/3 down',
      ],
      ...['+1 up', '+1 down', '-1 up', '-1 down', '+2', '-2'],
      ...['-66% up', '-33% up', '+50% up', '+100% up', '+200% up', '+300% up', '+400% up', '+500% up'],
    ])
    expect(volatile?.scenarios[2]?.move).to.equal(333333333333333333n)
    expect(volatile?.scenarios[18]?.weight).to.equal(277200000000000000n)
    expect(stable?.scenarios.map(({ move, weight }) => [Number(move) / 1e18, Number(weight) / 1e18])).to.deep.equal([
      ...[
        [0.01, 1],
        [-0.01, 1],
        [0.03, 1],
        [-0.03, 1],
        [-0.1, 0.5],
        [-0.5, 0.15],
      ],
    ])
    expect(testParameters().jointRows).to.have.length(48)
  })

  it('hashes independently of key order and differently for any changed constant', () => {
    const base = testParameters()
    const reordered = Object.fromEntries(Object.entries(base).reverse())
    expect(canonicalHash(reordered)).to.equal(parametersHash(base))
    const changed = testParameters((plain) => {
      plain.lines.arithmetic.epsilon += 1n
    })
    expect(parametersHash(changed)).not.to.equal(parametersHash(base))
  })

  it('error: unknown fields and versions', () => {
    expect(problemOf((plain) => Object.assign(plain, { surprise: 1 }))).to.contain('surprise')
    expect(problemOf((plain) => Object.assign(plain, { schema: 'plimsoll-parameters/2' }))).to.contain('schema')
    expect(problemOf((plain) => Object.assign(plain.lines, { generosity: '1' }))).to.contain('lines')
  })
  it('error: a model id that a record cannot carry', () => {
    expect(problemOf((plain) => Object.assign(plain, { modelId: 24 }))).to.contain('modelId')
  })
  it('error: d below its minimum', () => {
    expect(problemOf((plain) => Object.assign(plain, { decorrelation: wad / 2n }))).to.contain('decorrelation')
  })
  it('error: a maintenance rate above the initial rate', () => {
    expect(problemOf((plain) => Object.assign(plain.lines.scan, { maintenance: 2n * wad }))).to.contain('lines.scan')
  })
  it('error: a range whose clamp takes a price to zero', () => {
    const problem = problemOf((plain) => {
      Object.assign(plain.underlyings.ETH ?? {}, { range: wad / 4n })
    })
    expect(problem).to.contain('scenario -2 takes the price to zero')
  })
  it('error: a joint row that names a scenario which the class lacks, or a class that is not there', () => {
    expect(problemOf((plain) => plain.classes.volatile?.scenarios.pop())).to.contain('no scenario +500% up')
    expect(problemOf((plain) => Object.assign(plain.jointRows[0]?.take ?? {}, { exotic: 'still' }))).to.contain(
      'exotic',
    )
  })
  it('error: an asset on an unknown underlying, an underlying without a price', () => {
    const asset = `assets.${assets.weth}.underlying: no underlying DOGE`
    expect(problemOf((plain) => Object.assign(plain.assets[assets.weth] ?? {}, { underlying: 'DOGE' }))).to.contain(
      asset,
    )
    expect(problemOf((plain) => delete (plain.prices as Record<string, unknown>).ETH)).to.contain(
      'nothing for underlying ETH',
    )
  })
  it('error: a class or scenario named like a member of every object, or like standing still', () => {
    expect(problemOf((plain) => Object.assign(plain.underlyings.ETH ?? {}, { class: 'toString' }))).to.contain(
      'Object.prototype',
    )
    expect(problemOf((plain) => Object.assign(plain.classes.stable?.scenarios[0] ?? {}, { id: 'still' }))).to.contain(
      'reserved',
    )
  })
  it('error: credit between underlyings without the joint rows that it rests on, or below the floor of every set', () => {
    const noRows = problemOf((plain) => Object.assign(plain, { decorrelation: (8n * wad) / 10n, jointRows: [] }))
    expect(noRows).to.contain('no row takes scenario 0 up')
    expect(problemOf((plain) => Object.assign(plain, { decorrelationMinimum: 0n }))).to.contain(
      'no parameter set may undercut',
    )
  })
  it('error: the same scenario, row or venue twice', () => {
    const twice = problemOf((plain) => {
      const [first] = plain.classes.stable?.scenarios ?? []
      if (first) plain.classes.stable?.scenarios.push(first)
    })
    expect(twice).to.contain('+1% is listed twice')
  })
})
