import { expect } from 'chai'
import { calculateSpan } from '../../../../src/risk/models/span/calculation.ts'
import type { Commodity } from '../../../../src/risk/models/span/commodity.ts'
import type { InterSpread, SpanParameters } from '../../../../src/risk/models/span/parameters.ts'
import { spanModel } from '../../../../src/risk/models/span/span.ts'
import { expectClose } from '../../../support/close.ts'
import { bookOf, commodityOf, future, futureArray, optionOn, parametersOf } from './books.ts'

const contracts: NonNullable<SpanParameters['contracts']> = {
  ...Object.fromEntries(
    [1, 2, 3, 4].map((period) => [`X${period}`, { commodity: 'X', period, array: futureArray(500), delta: 1 }]),
  ),
  Y1: { commodity: 'Y', period: 1, array: futureArray(300), delta: 1 },
  Z1: { commodity: 'Z', period: 1, array: futureArray(200), delta: 1 },
}

function result(
  commodity: Partial<Commodity>,
  positions: Parameters<typeof bookOf>[0],
  more: Partial<SpanParameters> = {},
) {
  const contract = (value: number) => ({ priceScanRange: { kind: 'contract' as const, value } })
  const commodities = {
    X: commodityOf(500, { ...contract(500), ...commodity }),
    Y: commodityOf(300, contract(300)),
    Z: commodityOf(200, contract(200)),
  }
  const parameters = parametersOf(commodities, { contracts, ...more })
  const book = bookOf(positions)
  return { ...calculateSpan(book, parameters), margin: spanModel.calculate({ book, parameters }) }
}

function only(found: ReturnType<typeof result>) {
  const [commodity] = found.commodities
  if (commodity === undefined) throw new Error('no commodity')
  return commodity
}

const tiers = [
  { tier: 1, from: 1, to: 2 },
  { tier: 2, from: 3, to: 4 },
]

describe('SPAN calendar spreads', () => {
  it('form in the order of priority and leave what they have not consumed', () => {
    // +3 of month 1, −2 of month 2, −4 of month 3: first 2 spreads 1/2 at 10, then 1 spread 1/3 at 30; −3 remain in month 3.
    const found = only(
      result(
        {
          spreads: [
            { priority: 2, rate: 30, legs: [leg(1, 'A'), leg(3, 'B')] },
            { priority: 1, rate: 10, legs: [leg(1, 'A'), leg(2, 'B')] },
          ],
        },
        [future('X', 3, 'X1'), future('X', -2, 'X2'), future('X', -4, 'X3')],
      ),
    )
    expect(found.intraSpreads.map(({ spreads, charge }) => [spreads, charge])).to.deep.equal([
      [2, 20],
      [1, 30],
    ])
    expect(found.combined.ledger.map(({ remaining }) => remaining)).to.deep.equal([0, 0, -3])
    expect(found.risk.intraCharge).to.equal(50)
  })

  it('are tried in both directions, and both may form between tiers', () => {
    // Tier 1: +1 and −2, tier 2: +4 and −5. A long and B short forms min(1, 5) = 1, then B long and A short min(2, 4) = 2.
    const found = only(
      result(
        { tiers: { spread: tiers }, spreads: [{ priority: 1, rate: 7, legs: [tierLeg(1, 'A'), tierLeg(2, 'B')] }] },
        [future('X', 1, 'X1'), future('X', -2, 'X2'), future('X', 4, 'X3'), future('X', -5, 'X4')],
      ),
    )
    expect(found.intraSpreads.map(({ longSide, spreads }) => [longSide, spreads])).to.deep.equal([
      ['A', 1],
      ['B', 2],
    ])
    expect(found.risk.intraCharge).to.equal(21)
    expect(found.combined.ledger.map(({ remaining }) => remaining)).to.deep.equal([0, 0, 2, -4])
  })

  it('form within one tier and by ratio', () => {
    // A butterfly 1 : 2 : 1 of months 1, 2, 3 out of +2, −3, +5: min(2 / 1, 3 / 2, 5 / 1) = 1.5 spreads.
    const butterfly = only(
      result({ spreads: [{ priority: 1, rate: 100, legs: [leg(1, 'A'), leg(2, 'B', 2), leg(3, 'A')] }] }, [
        future('X', 2, 'X1'),
        future('X', -3, 'X2'),
        future('X', 5, 'X3'),
      ]),
    )
    expect(butterfly.risk.intraCharge).to.equal(150)
    const within = only(
      result(
        { tiers: { spread: tiers }, spreads: [{ priority: 1, rate: 9, legs: [tierLeg(1, 'A'), tierLeg(1, 'B')] }] },
        [future('X', 2, 'X1'), future('X', -1, 'X2')],
      ),
    )
    expect(within.risk.intraCharge).to.equal(9)
  })

  it('take strategies first, then named months, then tiers, whatever their numbers', () => {
    const found = only(
      result(
        {
          tiers: { spread: tiers },
          spreads: [
            { priority: 1, rate: 1, legs: [tierLeg(1, 'A'), tierLeg(2, 'B')] },
            { priority: 5, rate: 2, legs: [leg(1, 'A'), leg(3, 'B')] },
            { priority: 9, rate: 4, strategy: true, legs: [leg(1, 'A'), leg(4, 'B')] },
          ],
        },
        [future('X', 3, 'X1'), future('X', -1, 'X3'), future('X', -1, 'X4')],
      ),
    )
    expect(found.intraSpreads.map(({ rate }) => rate)).to.deep.equal([4, 2])
  })

  it('charge shares of the price where the rate is one', () => {
    const found = only(
      result(
        {
          contractSize: 50,
          spreads: [{ priority: 1, rate: { shareOfPrice: 0.01 }, legs: [leg(1, 'A'), leg(2, 'B')] }],
        },
        [future('X', 2, 'X1'), future('X', -2, 'X2')],
      ),
    )
    // 2 spreads · 1 % · price 100 · 50 units.
    expect(found.risk.intraCharge).to.equal(100)
  })
})

describe('SPAN spot charges', () => {
  const spotCharges = [{ from: 1, to: 1, remaining: 100, consumed: 10 }]
  const spreads = [{ priority: 1, rate: 0, legs: [leg(1, 'A'), leg(2, 'B')] }]
  const positions = [future('X', 5, 'X1'), future('X', -2, 'X2')]

  it('charge what remains and what spreads consumed at a rate each', () => {
    // 2 of 5 consumed: 3 · 100 + 2 · 10.
    expect(only(result({ spotCharges, spreads }, positions)).risk.spotCharge).to.equal(320)
  })

  it('fall on one side where they say so', () => {
    const charge = (side: 'long' | 'short') =>
      only(result({ spotCharges: spotCharges.map((item) => ({ ...item, side })), spreads }, positions)).risk.spotCharge
    expect([charge('long'), charge('short')]).to.deep.equal([320, 0])
  })

  it('see deltas before or after spreads between commodities', () => {
    const inter: InterSpread[] = [{ priority: 1, credit: 0.5, legs: [interLeg('X', 1, 'A'), interLeg('Y', 1, 'B')] }]
    const charge = (spotCharge: 'before-inter' | 'after-inter') =>
      result({ spotCharges }, [future('X', 1, 'X1'), future('Y', -1, 'Y1')], {
        interSpreads: inter,
        spotCharge,
      }).commodities.find(({ combined }) => combined.name === 'X')?.risk.spotCharge
    expect([charge('before-inter'), charge('after-inter')]).to.deep.equal([100, 10])
  })
})

describe('SPAN spreads between commodities', () => {
  const pair = (more: Partial<InterSpread> = {}): InterSpread[] => [
    { priority: 1, credit: 0.8, legs: [interLeg('X', 1, 'A'), interLeg('Y', 2, 'B')], ...more },
  ]
  const credits = (found: ReturnType<typeof result>) => found.commodities.map(({ risk }) => risk.interCredit)

  it('credit both legs for as many spreads as the smaller allows', () => {
    // min(3 / 1, 4 / 2) = 2 spreads: 2 · 500 · 80 % and 4 · 300 · 80 %.
    const found = result({}, [future('X', 3, 'X1'), future('Y', -4, 'Y1')], { interSpreads: pair() })
    expect(credits(found)).to.deep.equal([800, 960])
    expect(found.commodities.map(({ combined }) => combined.ledger[0]?.remaining)).to.deep.equal([1, 0])
    expect(found.interSpreads[0]?.spreads).to.equal(2)
    expect(found.margin.maintenanceMargin).to.equal(1500 + 1200 - 1760)
  })

  it('take either direction, and nothing when deltas have one sign', () => {
    expect(credits(result({}, [future('X', -3, 'X1'), future('Y', 4, 'Y1')], { interSpreads: pair() }))).to.deep.equal([
      800, 960,
    ])
    expect(credits(result({}, [future('X', 3, 'X1'), future('Y', 4, 'Y1')], { interSpreads: pair() }))).to.deep.equal([
      0, 0,
    ])
    const oneSided = pair({ legs: [interLeg('X', 1, 'A'), interLeg('Y', 2, 'A')] })
    expect(credits(result({}, [future('X', 3, 'X1'), future('Y', 4, 'Y1')], { interSpreads: oneSided }))).to.deep.equal(
      [800, 960],
    )
  })

  it('count a long put as short', () => {
    const put = { commodity: 'Y', period: 1, array: futureArray(-120), delta: -0.5, value: 100 }
    const found = result({}, [future('X', 1, 'X1'), optionOn('Y', 'put', 4, 'YP')], {
      contracts: { ...contracts, YP: put },
      interSpreads: pair(),
    })
    // One spread takes two deltas; the put's price risk is 480 over 2 deltas, 240 each, below the scan range of 300.
    expect(credits(found)).to.deep.equal([400, 2 * 240 * 0.8])
  })

  it('credit a share of each leg, money per spread, and charge where the credit is negative', () => {
    const positions = [future('X', 3, 'X1'), future('Y', -4, 'Y1')]
    const legs = [{ ...interLeg('X', 1, 'A'), credit: 0.5 }, interLeg('Y', 2, 'B')]
    expect(credits(result({}, positions, { interSpreads: pair({ legs }) }))).to.deep.equal([500, 960])
    expect(credits(result({}, positions, { interSpreads: pair({ method: 'FLAT', credit: 70 }) }))).to.deep.equal([
      70, 70,
    ])
    expect(credits(result({}, positions, { interSpreads: pair({ method: 'FLAT', credit: -70 }) }))).to.deep.equal([
      -70, -70,
    ])
  })

  it('run by priority and leave the rest to the next', () => {
    const spreads: InterSpread[] = [
      { priority: 2, credit: 0.5, legs: [interLeg('X', 1, 'A'), interLeg('Z', 1, 'B')] },
      { priority: 1, credit: 0.8, legs: [interLeg('X', 1, 'A'), interLeg('Y', 1, 'B')] },
    ]
    const found = result({}, [future('X', 3, 'X1'), future('Y', -2, 'Y1'), future('Z', -9, 'Z1')], {
      interSpreads: spreads,
    })
    // X: 2 · 500 · 80 % and then 1 · 500 · 50 %.
    expect(credits(found)).to.deep.equal([1050, 480, 100])
  })

  it('form super spreads before calendars and others after', () => {
    const spreads = [{ priority: 1, rate: 40, legs: [leg(1, 'A'), leg(2, 'B')] }]
    const positions = [future('X', 2, 'X1'), future('X', -1, 'X2'), future('Y', -4, 'Y1')]
    const plain = result({ spreads }, positions, { interSpreads: pair() })
    expect(plain.commodities[0]?.risk).to.include({ intraCharge: 40, interCredit: 400 })
    // Net +1 of X either way; the super spread takes it out of month 1 first, where a calendar still finds one.
    const better = result({ spreads }, positions, { interSpreads: pair({ super: true }) })
    expect(better.interSpreads[0]).to.include({ super: true, spreads: 1 })
    expect(better.commodities[0]?.risk).to.include({ intraCharge: 40, interCredit: 400 })
  })

  it('use the price risk of a tier where a leg names one', () => {
    const legs = [{ ...interLeg('X', 1, 'A'), tier: 2 }, interLeg('Y', 1, 'B')]
    const found = result(
      { tiers: { inter: tiers } },
      [future('X', 5, 'X1'), future('X', 2, 'X3'), future('Y', -4, 'Y1')],
      {
        interSpreads: pair({ legs }),
      },
    )
    expect(found.interSpreads[0]?.spreads).to.equal(2)
    expect(found.commodities[0]?.combined.ledger.map(({ remaining }) => remaining)).to.deep.equal([5, 0])
    expect(credits(found)).to.deep.equal([800, 480])
  })

  it('need every leg', () => {
    const legs = [interLeg('X', 1, 'A'), interLeg('Y', 1, 'B'), interLeg('Z', 1, 'B')]
    const held = [future('X', 1, 'X1'), future('Y', -1, 'Y1')]
    expect(credits(result({}, held, { interSpreads: pair({ legs }) }))).to.deep.equal([0, 0])
    expect(credits(result({}, [...held, future('Z', -1, 'Z1')], { interSpreads: pair({ legs }) }))).to.deep.equal([
      400, 240, 160,
    ])
  })

  it('count ratios in money where the spread says so', () => {
    const legs = [interLeg('X', 1, 'A'), interLeg('Y', 1, 'B')]
    const found = result({}, [future('X', 3, 'X1'), future('Y', -4, 'Y1')], {
      interSpreads: pair({ legs, ratioByValue: true }),
    })
    // Both cost 100: 300 of X against 400 of Y make 300 spreads of one unit of money, three deltas of each.
    expect(credits(found).map((credit) => Math.round(credit))).to.deep.equal([1200, 720])
  })

  it('scan legs as one commodity, gains at the credit', () => {
    // +2 X scans 1,000 down, −3 Y scans 900 up. Together: down 1,000 − 900 · 80 % = 280, up 900 − 1,000 · 80 % = 100.
    const spread = pair({
      method: 'SCAN',
      super: true,
      legs: [{ ...interLeg('X', 1, 'A'), target: true }, interLeg('Y', 2, 'A')],
    })
    const found = result({}, [future('X', 2, 'X1'), future('Y', -3, 'Y1')], { interSpreads: spread })
    expect(found.commodities).to.have.lengthOf(1)
    expectClose(found.commodities[0]?.scan.scanRisk, 280, 1e-9)
    expect(found.commodities[0]?.scan.activeScenario).to.equal(13)
    // Deltas of Y in those of X: −3 · 1 / 2.
    expect(found.commodities[0]?.combined.ledger).to.deep.equal([{ period: 1, net: 0.5, remaining: 0.5 }])
    expectClose(found.margin.maintenanceMargin, 280, 1e-9)
  })

  it('are left out, with calendars, where positions are margined gross', () => {
    const found = result({}, [future('X', 3, 'X1'), future('X', -2, 'X2'), future('Y', -4, 'Y1')], {
      interSpreads: pair(),
      margining: 'gross',
    })
    expect(found.margin.maintenanceMargin).to.equal(1500 + 1000 + 1200)
  })
})

function leg(period: number, side: 'A' | 'B', ratio = 1) {
  return { period, ratio, side }
}

function tierLeg(tier: number, side: 'A' | 'B') {
  return { tier, ratio: 1, side }
}

function interLeg(commodity: string, ratio: number, side: 'A' | 'B') {
  return { commodity, ratio, side }
}
