import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { z } from 'zod'
import { parseBook } from '../../src/core/book.ts'
import { compareMargins, defaultParameters } from '../../src/margin.ts'
import { referenceModels } from '../../src/risk/models/all.ts'
import { parseVenueAccount } from '../../src/risk/models/venueRules/venueAccount.ts'
import { bookParameters } from '../../src/risk/plimsoll/bookParameters.ts'

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const text = file('docs/models.md')

describe('docs/models.md', () => {
  it('lists every model, and each of its documents exists', () => {
    for (const { id } of referenceModels) expect(text).to.match(new RegExp(`^\\| (\\[)?\`${id}\``, 'm'))
    for (const [, path = ''] of text.matchAll(/\]\((models\/[^)]+)\)/g)) {
      expect(existsSync(new URL(`../../docs/${path}`, import.meta.url)), path).to.equal(true)
    }
  })

  it('shows a book that its schema takes and models calculate', () => {
    const example = /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? expect.fail('no book')
    const schema = z.fromJSONSchema(JSON.parse(file('docs/schemas/book.schema.json')))
    for (const plain of [example, file('docs/examples/book.json')]) {
      expect(schema.safeParse(JSON.parse(plain)).success).to.equal(true)
      const book = parseBook(plain)
      const parameters = [bookParameters, ...referenceModels.map(({ id }) => defaultParameters(id))]
      const compared = compareMargins(book, { parameters })
      const calculated = compared.filter(({ status }) => status === 'calculated').map(({ model }) => model)
      expect(calculated).to.include.members(['span', 'tims'])
    }
  })

  it('has an example with accounts that the rules of their venues take', () => {
    const { portfolio } = parseBook(file('docs/examples/book.json'))
    expect(portfolio.venueAccounts?.map((account) => parseVenueAccount(account).rule)).to.deep.equal([
      'hyperliquid',
      'lyra-avalon',
    ])
  })
})
