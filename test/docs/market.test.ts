import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { z } from 'zod'
import { parseWith } from '../../src/core/schema.ts'
import { wad } from '../../src/core/units.ts'
import { choose } from '../../src/market/choose.ts'
import { fileMarket } from '../../src/market/fileMarket.ts'
import { median } from '../../src/market/median.ts'
import { fileHistory } from '../../src/market/priceHistory.ts'
import { chainSources } from '../../src/market/readMarket.ts'

const page = readFileSync(new URL('../../docs/market.md', import.meta.url), 'utf8')

/** Text below a heading, up to the next one that is not deeper. */
function section(text: string, heading: string): string {
  const level = heading.indexOf(' ')
  const start = text.indexOf(`\n${heading}\n`)
  if (start < 0) return expect.fail(`no ${heading}`)
  const rest = text.slice(start + heading.length + 2)
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

const { price, volatility } = fileMarket({ schema: 'plimsoll-market/1', name: 'test', prices: {}, volatilities: {} })
const history = fileHistory({
  schema: 'plimsoll-price-history/1',
  name: 'test',
  samples: { ETH: [{ time: 1, price: `${wad}` }] },
})
const documented = {
  '## Prices': [...chainSources.prices, price],
  '## Volatilities': [...chainSources.volatilities, volatility],
  '## Rates': chainSources.rates,
  '## Price histories': [...(chainSources.histories ?? []), history],
}

describe('docs/market.md', () => {
  for (const [heading, sources] of Object.entries(documented)) {
    it(`describes every source and field below ${heading}`, () => {
      const part = `\n${section(page, heading)}`
      const described = [...part.matchAll(/^### `(.+)`$/gm)].map(([, id]) => id)
      expect(described.sort()).to.deep.equal(sources.map(({ id }) => id).sort())
      for (const { id, configuration } of sources) {
        const { properties = {} } = z.toJSONSchema(configuration, { io: 'input', unrepresentable: 'any' })
        const text = section(part, `### \`${id}\``)
        for (const field of Object.keys(properties)) {
          if (field !== 'source') expect(text, `${id}.${field}`).to.contain(`\`${field}\``)
        }
      }
    })
  }
  it('shows a median that its sources take', () => {
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? expect.fail('no entry'))
    const { of } = parseWith(median.configuration, example, 'prices.ETH')
    for (const [index, entry] of of.entries()) choose(chainSources.prices, entry, `prices.ETH.of.${index}`)
    expect(of.map(({ source }) => source)).to.deep.equal(['chainlink', 'pyth'])
  })
  it('shows a chain of rates that its sources take', () => {
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(section(page, '## Rates'))?.[1] ?? expect.fail('no entry'))
    const { configuration } = choose(chainSources.rates, example, 'assets.wstETH.rate')
    const { rates } = configuration as { readonly rates: readonly { readonly source: string }[] }
    for (const [index, entry] of rates.entries()) choose(chainSources.rates, entry, `assets.wstETH.rate.rates.${index}`)
    expect(rates.map(({ source }) => source)).to.deep.equal(['view', 'fixed'])
  })
})
