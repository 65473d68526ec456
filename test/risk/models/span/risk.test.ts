import { expect } from 'chai'
import { MissingMarketDataError } from '../../../../src/core/errors.ts'
import { UnmodeledPositionError } from '../../../../src/risk/models/errors.ts'
import { black76, black76Greeks } from '../../../../src/risk/models/math/black76.ts'
import { calculateSpan } from '../../../../src/risk/models/span/calculation.ts'
import type { Commodity } from '../../../../src/risk/models/span/commodity.ts'
import { type SpanParameters, spanParametersSchema } from '../../../../src/risk/models/span/parameters.ts'
import { roundTo } from '../../../../src/risk/models/span/rounding.ts'
import { scanLosses } from '../../../../src/risk/models/span/scanning.ts'
import { spanModel } from '../../../../src/risk/models/span/span.ts'
import { expectClose } from '../../../support/close.ts'
import { bookOf, commodityOf, future, futureArray, optionOn, parametersOf, payoff } from './books.ts'

// Scenario 13 is the worst; it pairs with 14, and a day costs 15 at an unchanged price.
const array = [20, 10, -80, -90, 110, 100, -190, -200, 220, 205, -310, -320, 360, 300, -100, 200]

function calculate(
  positions: Parameters<typeof bookOf>[0],
  commodity: Partial<Commodity>,
  more: Partial<SpanParameters> = {},
) {
  const contracts = {
    C: { commodity: 'X', period: 1, array, delta: 0.6, value: 400 },
    P: { commodity: 'X', period: 1, array: futureArray(-200), delta: -0.4, value: 250 },
    F: { commodity: 'X', period: 1, array: futureArray(500), delta: 1 },
    G: { commodity: 'X', period: 5, array: futureArray(450), delta: 1 },
    Y: { commodity: 'Y', period: 1, array: futureArray(1000), delta: 1 },
  }
  const contract = { kind: 'contract' as const, value: 500 }
  const commodities = { X: commodityOf(500, { priceScanRange: contract, ...commodity }), Y: commodityOf(1000) }
  const parameters = parametersOf(commodities, { contracts, ...more })
  const book = bookOf(positions)
  return { ...calculateSpan(book, parameters), margin: spanModel.calculate({ book, parameters }) }
}

function first(found: ReturnType<typeof calculate>) {
  const [commodity] = found.commodities
  if (commodity === undefined) throw new Error('no commodity')
  return commodity
}

function details(found: ReturnType<typeof calculate>, name = 'X') {
  return (found.margin.details.commodities as Record<string, Record<string, number>>)[name] ?? {}
}

describe('SPAN scan risk', () => {
  it('names the active scenario, its pair, time risk and price risk', () => {
    expect(scanLosses(array)).to.include({
      scanRisk: 360,
      activeScenario: 13,
      pairedScenario: 14,
      timeRisk: 15,
      volatilityAdjustedScan: 330,
      volatilityRisk: 30,
      priceRisk: 315,
    })
  })

  it('resolves ties to the lowest scenario and pairs extreme moves with themselves', () => {
    expect(scanLosses(futureArray(0)).activeScenario).to.equal(1)
    expect(scanLosses(futureArray(30)).activeScenario).to.equal(13)
    const extreme = scanLosses([...futureArray(30).slice(0, 15), 99])
    expect(extreme).to.include({ activeScenario: 16, pairedScenario: 16, volatilityAdjustedScan: 99, priceRisk: 99 })
  })

  it('has neither risk nor price risk where every scenario gains', () => {
    expect(scanLosses(array.map((loss) => loss - 1000))).to.include({ scanRisk: 0, priceRisk: 0, activeScenario: 13 })
  })

  it('adds tiers that are scanned alone', () => {
    const scan = [
      { tier: 1, from: 1, to: 3 },
      { tier: 2, from: 4, to: 9 },
    ]
    const positions = [future('X', 2, 'F'), future('X', -2, 'G')]
    expectClose(first(calculate(positions, {})).scan.scanRisk, 100, 1e-9)
    const tiered = calculate(positions, { tiers: { scan } })
    expect(first(tiered).scan.scanRisk).to.equal(1900)
    expect(tiered.margin.worst.map(({ group, scenario, loss }) => [group, scenario, loss])).to.deep.equal([
      ['X', '13', first(calculate(positions, {})).scan.scanRisk],
      ['X/1', '13', 1000],
      ['X/2', '11', 900],
    ])
  })

  it('weighs price risk by net delta or by the scan range', () => {
    const positions = [optionOn('X', 'call', 10, 'C')]
    const found = (weightedPriceRisk: 'NORMAL' | 'SCANRANGE' | 'SCANRANGE_CAP') =>
      details(calculate(positions, { weightedPriceRisk })).weightedPriceRisk
    // 3,150 over 6 deltas against a scan range of 500.
    expect([found('NORMAL'), found('SCANRANGE'), found('SCANRANGE_CAP')]).to.deep.equal([525, 500, 500])
  })
})

describe('SPAN computed arrays', () => {
  const volatile = commodityOf(20, { volatilityScanRange: { kind: 'relative', value: 0.25 } })
  const option = {
    kind: 'option',
    underlying: 'X',
    right: 'call',
    strike: 110,
    years: 0.5,
    volatility: 0.6,
    amount: 1,
  } as const
  const row = (
    parameters: SpanParameters,
    position = option as (typeof option | { volatility: number }) & typeof option,
  ) => {
    const [found] = calculateSpan(bookOf([position]), parameters).rows
    if (found === undefined) throw new Error('no row')
    return found
  }

  it('value a long option at every move of price and volatility after the look-ahead', () => {
    const { array: found } = row(parametersOf({ X: volatile }, { lookAhead: 1 / 365 }))
    const value = (forward: number, volatility: number, time: number) =>
      black76({ forward, strike: 110, volatility, time }).call
    const now = value(100, 0.6, 0.5)
    const later = 0.5 - 1 / 365
    expectClose(found[0], now - value(100, 0.75, later), 1e-10)
    expectClose(found[9], now - value(100 - 40 / 3, 0.45, later), 1e-10)
    expectClose(found[12], now - value(80, 0.75, later), 1e-10)
    expectClose(found[14], 0.35 * (now - value(140, 0.6, later)), 1e-10)
    expectClose(found[15], 0.35 * (now - value(60, 0.6, later)), 1e-10)
  })

  it('move volatility by points where the range is absolute', () => {
    const absolute = { ...volatile, volatilityScanRange: { kind: 'absolute' as const, value: 0.1 } }
    const { array: found } = row(parametersOf({ X: absolute }))
    const value = (volatility: number) => black76({ forward: 100, strike: 110, volatility, time: 0.5 }).call
    expectClose(found[1], value(0.6) - value(0.5), 1e-10)
  })

  it('weigh deltas over the seven price moves', () => {
    const delta = (forward: number) =>
      black76Greeks({ right: 'call', forward, strike: 110, volatility: 0.6, time: 0.5 }).deltaForward
    const at = (third: number) => delta(100 + (20 * third) / 3) + delta(100 - (20 * third) / 3)
    const weighted = 0.27 * delta(100) + 0.217 * at(1) + 0.11 * at(2) + 0.037 * at(3)
    const plain = parametersOf({ X: volatile })
    expectClose(row(plain).compositeDelta, weighted / 0.998, 1e-8)
    const unscaled = { ...plain, compositeDelta: { ...plain.compositeDelta, normalize: false } }
    expectClose(row(unscaled).compositeDelta, weighted, 1e-8)
  })

  it('take the volatility that a mark implies', () => {
    const mark = black76({ forward: 100, strike: 110, volatility: 0.6, time: 0.5 }).call
    const { volatility: _, ...unquoted } = option
    const found = calculateSpan(bookOf([{ ...unquoted, mark }]), parametersOf({ X: volatile })).rows[0]
    expectClose(found?.array[0], row(parametersOf({ X: volatile })).array[0] as number, 1e-9)
  })

  it('exercise American options early', () => {
    const put = { ...option, right: 'put', strike: 160, style: 'american' } as const
    const market = { X: { price: 100, rate: 0.1 } }
    const value = (style: 'american' | 'european') =>
      calculateSpan(bookOf([{ ...put, style }], market), parametersOf({ X: volatile })).rows[0]?.value ?? 0
    expect(value('american')).to.be.at.least(60)
    expect(value('european')).to.be.below(60)
  })

  it('follow the price of the future, an inverse contract and a range of liquidity', () => {
    const parameters = parametersOf({ X: commodityOf(10) })
    const rows = calculateSpan(
      bookOf(
        [
          { kind: 'future', underlying: 'X', amount: 2, years: 1 },
          { kind: 'perpetual', underlying: 'X', amount: 500, payoff: 'inverse', entry: 100 },
          { kind: 'spot', underlying: 'X', amount: 3, rate: 1.1 },
          { kind: 'liquidity', underlying: 'X', against: 'USD', liquidity: 10, lowerPrice: 50, upperPrice: 200 },
        ],
        { X: { price: 100, forwards: [{ years: 1, price: 125 }] } },
      ),
      parameters,
    ).rows
    // A future moves by the points of the range, whatever its basis.
    expectClose(rows[0]?.array[12], 10, 1e-12)
    expect(rows[0]?.delta).to.equal(2)
    // 500 of quote: 500 · (1/100 − 1/90) coin at 90.
    expectClose((rows[1]?.array[12] as number) * 500, -500 * (1 / 100 - 1 / 90) * 90, 1e-9)
    expectClose(rows[2]?.array[12], 11, 1e-12)
    expectClose(rows[2]?.delta, 3.3, 1e-12)
    expect(rows[3]?.array[12]).to.be.above(0)
  })

  it('round array values of one contract', () => {
    const found = row(parametersOf({ X: volatile }, { rounding: { array: 1 } }))
    expect(found.array.every((value) => Math.abs(value * 10 - Math.round(value * 10)) < 1e-9)).to.equal(true)
    expect([roundTo(-2.5, 0), roundTo(2.5, 0), roundTo(1234, -2), roundTo(0.12345, 4)]).to.deep.equal([
      -3, 3, 1200, 0.1235,
    ])
  })
})

describe('SPAN requirement', () => {
  it('counts short options by either method, by period and as a share of the price', () => {
    const positions = [optionOn('X', 'call', -3, 'C'), optionOn('X', 'put', -5, 'P')]
    const charge = (shortOptionMinimum: Commodity['shortOptionMinimum']) =>
      first(calculate(positions, { shortOptionMinimum })).risk.shortOptionMinimum
    expect(charge({ rate: 30 })).to.equal(240)
    expect(charge({ rate: 30, method: 'max' })).to.equal(150)
    expect(charge({ rate: 30, tiers: [{ from: 1, to: 1, rate: 40 }] })).to.equal(320)
    expectClose(charge({ rate: { shareOfPrice: 0.03 } }), 24, 1e-9)
  })

  it('never falls below the short option minimum, whatever the credit', () => {
    // A short straddle far from its strikes scans next to nothing.
    const found = calculate([payoff('call', 150, -4), payoff('put', 50, -4)], {
      priceScanRange: { kind: 'points', value: 20 },
      shortOptionMinimum: { rate: 25 },
    })
    expect(first(found).risk).to.include({ risk: 200, shortOptionMinimum: 200 })
    expect(found.margin.maintenanceMargin).to.equal(200)
    expect(found.margin.lines.map(({ id }) => id)).to.deep.equal(['X:short-option-minimum'])
  })

  it('lets the value of options serve other commodities, unless it is limited or in another pool', () => {
    const positions = [optionOn('X', 'call', 10, 'C'), future('Y', 2, 'Y')]
    // X risks 3,600 and is worth 4,000; Y risks 2,000.
    expect(calculate(positions, {}).margin.maintenanceMargin).to.equal(1600)
    expect(calculate(positions, { limitOptionValue: true }).margin.maintenanceMargin).to.equal(2000)
    const pooled = calculate(positions, { pool: 'apart' })
    expect(pooled.margin.maintenanceMargin).to.equal(2000)
    expect(pooled.pools.map(({ pool, maintenanceExcess }) => [pool, maintenanceExcess])).to.deep.equal([
      ['all', 0],
      ['apart', 400],
    ])
  })

  it('adds what short options are worth', () => {
    const found = calculate([optionOn('X', 'call', -10, 'C')], {})
    expect(first(found).risk).to.include({ netOptionValue: -4000, longOptionValue: 0, shortOptionValue: -4000 })
    expect(found.margin.maintenanceMargin).to.equal(3200 + 4000)
  })

  it('gives no value to options that are margined like futures', () => {
    const position = { ...optionOn('X', 'call', -10, 'C'), premium: 'futures' } as const
    expect(calculate([position as never], {}).margin.maintenanceMargin).to.equal(3200)
  })

  it('caps long options at their value, after the ratio, where nothing else is held', () => {
    const cheap = { C: { commodity: 'X', period: 1, array, delta: 0.6, value: 100 } }
    const capped = calculate([optionOn('X', 'call', 10, 'C')], { initialRatio: 1.1 }, { contracts: cheap })
    expect(first(capped).risk).to.include({ risk: 3600, initial: 1000, maintenance: 1000 })
    expect(capped.margin.initialMargin).to.equal(0)
    const uncapped = calculate([optionOn('X', 'call', 10, 'C')], {}, { contracts: cheap, capLongOptions: false })
    expect(uncapped.margin.maintenanceMargin).to.equal(2600)
  })

  it('does not lose the cap, or the nearest range, to a position of nothing', () => {
    const nothing = { kind: 'perpetual', underlying: 'X', amount: 0 } as const
    const cheap = { C: { commodity: 'X', period: 1, array, delta: 0.6, value: 100, priceScanRange: 500 } }
    const more = { contracts: cheap }
    const held = optionOn('X', 'call', 10, 'C')
    const nearest = { priceScanRange: { kind: 'points', value: 7 } } as const
    expect(calculate([held, nothing], nearest, more).margin.maintenanceMargin).to.equal(0)
    expect(details(calculate([held, nothing], nearest, more)).weightedPriceRiskScanRange).to.equal(500)
    expect(details(calculate([held], nearest, more))).to.include({ risk: 3600, maintenanceRequirement: 0 })
  })

  it('scales initial and maintenance risk and rounds money', () => {
    const found = calculate(
      [future('X', 1, 'F')],
      { initialRatio: 1.1, maintenanceRatio: 1.003 },
      { rounding: { amount: 0 } },
    )
    expect([found.margin.initialMargin, found.margin.maintenanceMargin]).to.deep.equal([550, 502])
  })

  it('adds exposure to futures on both sides and to short options', () => {
    const exposure = { future: 0.02, shortOption: 0.03 }
    const positions = [
      future('X', 2, 'F'),
      future('X', -1, 'F'),
      optionOn('X', 'call', -4, 'C'),
      optionOn('X', 'put', 9, 'P'),
    ]
    expectClose(first(calculate(positions, { exposure })).risk.exposure, 3 * 2 + 4 * 3, 1e-9)
  })

  it('counts cash and holdings as equity', () => {
    const { margin } = calculate(
      [
        { kind: 'cash', currency: 'USD', amount: 700 },
        { kind: 'spot', underlying: 'X', amount: 2 },
        { kind: 'perpetual', underlying: 'X', amount: 1, entry: 90, funding: -4 },
      ],
      { priceScanRange: { kind: 'points', value: 10 } },
    )
    expect(margin.equity).to.equal(906)
    expect(margin.maintenanceMargin).to.equal(30)
    expect(margin.free.maintenance).to.equal(876)
  })
})

describe('SPAN refusals', () => {
  it('name a tier or a target that a spread needs and the set does not have', () => {
    const problem = (more: Partial<SpanParameters>, commodity: Partial<Commodity> = {}) =>
      spanParametersSchema.safeParse(parametersOf({ X: commodityOf(5, commodity) }, more)).error?.issues[0]?.message
    const legs = [
      { commodity: 'X', ratio: 1, side: 'A' as const, tier: 3 },
      { commodity: 'Y', ratio: 1, side: 'B' as const },
    ]
    const intra = [
      { tier: 4, side: 'A' as const },
      { tier: 4, side: 'B' as const },
    ]
    expect(problem({})).to.equal(undefined)
    expect(problem({}, { spreads: [{ priority: 1, rate: 1, legs: intra }] })).to.equal(
      'expected tier 4 in tiers.spread',
    )
    expect(problem({ interSpreads: [{ priority: 1, credit: 1, legs }] })).to.equal(
      'expected tier 3 in tiers.inter of X',
    )
    const scanning = legs.map(({ tier: _, ...leg }) => leg)
    expect(problem({ interSpreads: [{ priority: 1, credit: 1, method: 'SCAN', legs: scanning }] })).to.equal(
      'expected one leg as the target of a scanning spread',
    )
  })

  it('name what the parameter set does not cover', () => {
    const spot = { kind: 'spot', underlying: 'Q', amount: 1 } as const
    expect(() => calculate([spot], {})).to.throw(UnmodeledPositionError, 'no combined commodity Q')
    expect(() => calculate([future('X', 1, 'H')], {})).to.throw(UnmodeledPositionError, 'no instrument H')
    expect(() =>
      calculate([{ kind: 'option', underlying: 'X', right: 'put', strike: 90, years: 1, amount: 1 }], {}),
    ).to.throw(MissingMarketDataError, 'no volatility')
  })

  it('hold for liquidity against another commodity', () => {
    const position = {
      kind: 'liquidity',
      underlying: 'X',
      against: 'Y',
      liquidity: 1,
      lowerPrice: 0.5,
      upperPrice: 2,
    } as const
    const market = { X: { price: 100 }, Y: { price: 100 } }
    const parameters = parametersOf({ X: commodityOf(5), Y: commodityOf(5) })
    expect(() => calculateSpan(bookOf([position], market), parameters)).to.throw(UnmodeledPositionError, 'against Y')
  })
})
