import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { documentedSearch, findGaps, gapTable } from '../../../scripts/probe/gaps.ts'
import type { Book } from '../../../src/core/book.ts'
import { type BookFamily, deepestLoss, searchGap } from '../../../src/risk/validation/modelGap.ts'

const perpetual = (amount: number): Book => ({
  schema: 'plimsoll-book/1',
  portfolio: { asOf: 0, quote: 'USD', positions: [{ kind: 'perpetual', underlying: 'ETH', amount, entry: 100 }] },
  market: { underlyings: { ETH: { price: 100 } } },
})
const shocks = [0.9, 1, 1.2].map((factor) => ({ name: `${factor}`, shock: { prices: { ETH: factor } } }))

describe('model-gap probe', function () {
  this.timeout(120_000)

  it('behavior: the deepest loss over the shocks, none when nothing loses', () => {
    expect(deepestLoss(perpetual(2), shocks)).to.deep.equal({ loss: 20, at: '0.9' })
    expect(deepestLoss(perpetual(-2), shocks)).to.deep.equal({ loss: 40, at: '1.2' })
    expect(deepestLoss(perpetual(0), shocks)).to.deep.equal({ loss: 0, at: null })
  })
  it('behavior: the search walks to the book that is asked too little', () => {
    const family: BookFamily = {
      id: 'long or short',
      dimensions: 1,
      scale: 1,
      make: ([draw = 0]) => perpetual(10 * draw - 5),
    }
    const marginOf = () => ({ initialMargin: 50, maintenanceMargin: 0, equity: 0 })
    const search = { marginOf, shocks, seed: 3, draws: 20, steps: 40 }
    const gap = searchGap(family, search)
    expect(gap.coordinates[0]).to.be.lessThan(0.02)
    expect(gap.ratio).to.be.within(1.9, 2)
    expect(gap.at).to.equal('1.2')
    expect(searchGap(family, search)).to.deep.equal(gap)
  })
  it('behavior: a loss too small to matter is no gap', () => {
    const family: BookFamily = { id: 'large', dimensions: 1, scale: 1e9, make: () => perpetual(1) }
    const marginOf = () => ({ initialMargin: 1, maintenanceMargin: 0, equity: 0 })
    expect(searchGap(family, { marginOf, shocks, seed: 1, draws: 2, steps: 0 }).ratio).to.equal(0)
  })
  it('docs/model-gaps.md shows what the probe finds', () => {
    const text = readFileSync(new URL('../../../docs/model-gaps.md', import.meta.url), 'utf8')
    const compact = (table: string) => table.replace(/[ -]+/g, ' ')
    const findings = ['short butterfly', 'apart'].flatMap((only) => findGaps({ ...documentedSearch, only }))
    expect(findings.map(({ region }) => region)).to.deep.equal(['between', 'a day later', 'tails', 'apart'])
    for (const row of gapTable(findings).split('\n').slice(2)) expect(compact(text)).to.contain(compact(row))
  })
})
