import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { comparedBooks, compareLanes, joinGaps, type LaneGaps, laneTable } from '../../support/lanes.ts'

const chunks = 10

describe('the integer lane against the double lane', function () {
  this.timeout(0)
  const runs: LaneGaps[] = []

  for (let at = 0; at < chunks; at++) {
    const size = comparedBooks / chunks
    it(`behavior: books ${at * size} to ${(at + 1) * size - 1} agree`, () => {
      const gaps = compareLanes(BigInt(at * size), size)
      runs.push(gaps)
      expect(gaps.figures).to.be.greaterThan(20 * size)
      expect(gaps.value.relative).to.be.lessThan(1e-9)
      expect(gaps.pnl.relative).to.be.lessThan(1e-9)
      expect(gaps.scan.relative).to.be.lessThan(1e-9)
      expect(gaps.scan.dollars).to.be.lessThan(1e-6)
    })
  }

  it('docs/models.md states the gaps that were found', () => {
    const text = readFileSync(new URL('../../../docs/models.md', import.meta.url), 'utf8')
    const compact = (table: string) => table.replace(/[ -]+/g, ' ')
    expect(compact(text)).to.contain(compact(laneTable(joinGaps(runs))))
  })
})
