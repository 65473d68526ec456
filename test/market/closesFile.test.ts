import { expect } from 'chai'
import { InvalidInputError } from '../../src/core/errors.ts'
import { parseCloses } from '../../src/market/closesFile.ts'

describe('parseCloses', () => {
  it('behavior: one column or several, dates or Unix seconds, columns in any order', () => {
    expect(parseCloses('date,close\n2024-02-28,1\n2024-02-29,2.5\n2024-03-01,3\n')).to.deep.equal({
      interval: 86_400,
      times: [1709078400, 1709164800, 1709251200],
      columns: { close: [1, 2.5, 3] },
    })
    const several = parseCloses('# source: an exchange\r\n"ETH","time","BTC"\r\n2000,0,40000\r\n2100,3600,41000\r\n')
    expect(several).to.deep.equal({
      interval: 3_600,
      times: [0, 3600],
      columns: { ETH: [2000, 2100], BTC: [40000, 41000] },
    })
  })

  it('option: steps, where weekends count as no step', () => {
    const text = 'date,close\n2024-03-01,1\n2024-03-04,2\n2024-03-05,3\n'
    expect(() => parseCloses(text)).to.throw(InvalidInputError, 'line 4')
    expect(parseCloses(text, { steps: 'trading-days' })).to.include({ interval: 86_400 })
    const gap = text.replace('2024-03-05', '2024-03-12')
    expect(() => parseCloses(gap, { steps: 'trading-days' })).to.throw(InvalidInputError, 'line 4')
  })

  for (const [what, text, where] of [
    ['a gap', 'date,close\n2024-01-01,1\n2024-01-02,1\n2024-01-04,1\n', 'line 4'],
    ['rows out of order', 'date,close\n2024-01-02,1\n2024-01-01,1\n', 'line 3'],
    ['a day listed twice', 'date,close\n2024-01-02,1\n2024-01-02,1\n', 'line 3'],
    ['a price of zero', 'date,close\n2024-01-01,0\n2024-01-02,1\n', 'line 2'],
    ['a missing price', 'date,close\n2024-01-01,\n2024-01-02,1\n', 'line 2'],
    ['a missing cell', 'date,close\n2024-01-01\n2024-01-02,1\n', 'line 2'],
    ['a day that is none', 'date,close\n2024-02-30,1\n2024-03-01,1\n', 'line 2'],
    ['no header', '2024-01-01,1\n2024-01-02,1\n', 'the columns'],
    ['two columns of one name', 'date,close,close\n2024-01-01,1,1\n2024-01-02,1,1\n', 'the columns'],
    ['one row', 'date,close\n2024-01-01,1\n', '1 rows'],
    ['nothing', '', 'no line'],
  ] as const) {
    it(`error: ${what}`, () => expect(() => parseCloses(text)).to.throw(InvalidInputError, where))
  }
})
