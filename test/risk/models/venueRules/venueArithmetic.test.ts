import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { percentDiv, percentMul, type Rounding } from '../../../../src/kernel/aaveRounding.ts'
import { driftProfitWeight, driftSpotWeights } from '../../../../src/risk/models/venueRules/driftMargin.ts'
import { applyImpactFactor, gmxPriceImpact } from '../../../../src/risk/models/venueRules/gmxPriceImpact.ts'
import { parseVenueAccount } from '../../../../src/risk/models/venueRules/venueAccount.ts'

// biome-ignore lint/suspicious/noExplicitAny: figures of a file, checked by what they are compared with.
function load(name: string): any {
  return JSON.parse(readFileSync(new URL(`../../../vectors/models/venue-rules/${name}.json`, import.meta.url), 'utf8'))
}

function parsedDrift(spot: readonly unknown[], perpetuals: readonly unknown[]) {
  const account = parseVenueAccount({ rule: 'drift', spot, perpetuals })
  return account.rule === 'drift' ? account : expect.fail('not a Drift account')
}

describe('published arithmetic of venues', () => {
  it('percentages of Aave', () => {
    const { percentMul: products, percentDiv: quotients } = load('aave-math')
    type Row = readonly [string, string, Rounding, string]
    for (const [value, share, rounding, result] of products as Row[]) {
      expect(percentMul(BigInt(value), BigInt(share), rounding)).to.equal(BigInt(result))
    }
    for (const [value, share, rounding, result] of quotients as Row[]) {
      expect(percentDiv(BigInt(value), BigInt(share), rounding)).to.equal(BigInt(result))
    }
  })

  it('impact factors of GMX, to the last of up to 45 digits', () => {
    const rows = load('gmx-v2').impactFactors
    expect(rows).to.have.length(21)
    for (const { difference, exponent, factor, half } of rows) {
      const impact = applyImpactFactor(BigInt(difference), BigInt(factor), BigInt(exponent))
      expect(impact / 2n, `${difference} to ${exponent}`).to.equal(BigInt(half))
    }
  })

  it('price impacts of GMX along a sequence of orders', () => {
    const account = (impact: unknown) => {
      const price = { min: '1', max: '1' }
      const parsed = parseVenueAccount({
        ...{ rule: 'gmx-v2', isLong: true, sizeInUsd: '0', sizeInTokens: '0', collateralAmount: '0', impact },
        ...{ collateralPrice: price, indexPrice: price, minCollateralUsd: '0', minCollateralFactor: '0' },
      })
      return parsed.rule === 'gmx-v2' && parsed.impact !== undefined ? parsed.impact : expect.fail('no impact')
    }
    for (const { impact, usdDelta, isLong, priceImpactUsd } of load('gmx-v2').priceImpacts) {
      expect(gmxPriceImpact(account(impact), { usdDelta: BigInt(usdDelta), isLong })).to.equal(BigInt(priceImpactUsd))
    }
  })

  it('weights of Drift by size and type', () => {
    for (const { spot, size, type, asset, liability } of load('drift').spotWeights) {
      const [market] = parsedDrift([spot], []).spot
      if (market === undefined) expect.fail('no market')
      const weights = driftSpotWeights(market, BigInt(size), type)
      if (asset !== undefined) expect(weights.asset, JSON.stringify(spot)).to.equal(BigInt(asset))
      if (liability !== undefined) expect(weights.liability, JSON.stringify(spot)).to.equal(BigInt(liability))
    }
  })

  it('weights of unsettled profit of Drift', () => {
    const { cases, profitWeights } = load('drift')
    const btc = cases.find(({ name }: { name: string }) => name.endsWith('at 22050')).account.perpetuals[0]
    const [market] = parsedDrift([], [btc]).perpetuals ?? []
    if (market === undefined) expect.fail('no market')
    for (const { profit, weight } of profitWeights) {
      expect(driftProfitWeight(market, BigInt(profit), 'initial'), profit).to.equal(BigInt(weight))
    }
  })
})
