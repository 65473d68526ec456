import { expect } from 'chai'
import fc from 'fast-check'
import { BaseError } from '../../../src/core/errors.ts'
import type { Position } from '../../../src/core/position.ts'
import { wad } from '../../../src/core/units.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import {
  assets,
  balance,
  debt,
  fullParameters,
  lendingRule,
  liquidity,
  option,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
} from '../../support/books.ts'
import { randomInputs } from '../../support/exact/randomPortfolio.ts'

const parameters = fullParameters()
const market = testMarket()
const smile = testMarket({ volatility: { low: (7n * wad) / 10n, high: (9n * wad) / 10n } })

const venue = fc.constantFrom('a', 'b', 'c')
const size = fc.bigInt(-50n * wad, 50n * wad).filter((value) => value !== 0n)
const magnitude = fc.bigInt(1n, 50n * wad)
const strike = fc.constantFrom(1500, 2000, 2500)
const token = fc.constantFrom(assets.weth, assets.seth, assets.susd)

const linear: fc.Arbitrary<Position> = fc.oneof(
  fc.tuple(token, magnitude, venue).map(([asset, amount, at]) => balance(asset, amount, { venue: at })),
  fc.tuple(token, magnitude, venue).map(([asset, amount, at]) => debt(asset, amount, { venue: at })),
  fc
    .tuple(size, fc.bigInt(1500n * wad, 2500n * wad), fc.bigInt(-100n * wad, 100n * wad), venue)
    .map(([amount, entry, funding, at]) => perpetual(amount, entry, { funding, venue: at })),
)
const pooled = fc
  .tuple(fc.integer({ min: -2100, max: -1920 }), fc.integer({ min: 1, max: 100 }), fc.bigInt(1n, 10n ** 17n), venue)
  .map(([lower, width, amount, at]) => liquidity(lower * 100, (lower + width) * 100, amount, { venue: at }))
const anyPosition: fc.Arbitrary<Position> = fc.oneof(
  linear,
  fc
    .tuple(fc.constantFrom('call' as const, 'put' as const), strike, size, venue)
    .map(([right, at, amount, place]) => option(right, at, amount, { venue: place })),
  pooled,
)
const book = fc.array(anyPosition, { minLength: 1, maxLength: 6 })

const margin = (positions: readonly Position[], at = smile, set = parameters) =>
  calculateMargin({ portfolio: portfolioOf(...positions), market: at, parameters: set })
/** `npm run soak:laws` sets more cases and another seed. */
const numRuns = Number(process.env.PLIMSOLL_LAW_CASES ?? 1000)
const seed = Number(process.env.PLIMSOLL_LAW_SEED ?? 7)
const check = (property: Parameters<typeof fc.assert>[0]) => fc.assert(property, { numRuns, seed })

describe('laws of plimsoll-1', function () {
  this.timeout(0)

  it('lines sum to the totals and 0 ≤ MM ≤ IM', () => {
    check(
      fc.property(book, (positions) => {
        const result = margin(positions)
        const sum = (stage: 'initial' | 'maintenance') => result.lines.reduce((total, line) => total + line[stage], 0n)
        expect(sum('initial')).to.equal(result.initialMargin)
        expect(sum('maintenance')).to.equal(result.maintenanceMargin)
        expect(result.maintenanceMargin >= 0n).to.equal(true)
        expect(result.maintenanceMargin <= result.initialMargin).to.equal(true)
        expect(result.freeEquity).to.equal(result.equity - result.initialMargin)
      }),
    )
  })

  it('order does not matter', () => {
    check(
      fc.property(book, fc.infiniteStream(fc.nat()), (positions, keys) => {
        const shuffled = positions
          .map((position) => ({ position, key: keys.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ position }) => position)
        expect(margin(shuffled)).to.deep.equal(margin(positions))
      }),
    )
  })

  it('a position of size zero changes nothing', () => {
    check(
      fc.property(book, strike, venue, (positions, at, place) => {
        const zero = [
          option('call', at, 0n, { venue: place }),
          balance(assets.weth, 0n, { venue: place }),
          debt(assets.usdc, 0n, { venue: place }),
          perpetual(0n, wad, { venue: place }),
          liquidity(-201_000, -199_000, 0n, { venue: place }),
        ]
        expect(margin([...positions, ...zero])).to.deep.equal(margin(positions))
      }),
    )
  })

  it('scaling a linear book scales equity and requirement, to the rounding of each line', () => {
    check(
      fc.property(fc.array(linear, { minLength: 1, maxLength: 5 }), fc.bigInt(2n, 50n), (positions, factor) => {
        const scaled = positions.map((position) => times(position, factor))
        const linearInSize = testParameters()
        const [one, many] = [margin(positions, smile, linearInSize), margin(scaled, smile, linearInSize)]
        const gap = many.initialMargin - one.initialMargin * factor
        expect(gap <= 7n * factor && gap >= -7n * factor).to.equal(true)
        const drift = many.equity - one.equity * factor
        expect(drift <= factor && drift >= -factor).to.equal(true)
      }),
    )
  })

  it('splitting a claim inside its venue account never lowers the requirement', () => {
    check(
      fc.property(book, fc.bigInt(1n, 99n), (positions, share) => {
        const [first, ...rest] = positions
        if (!first || first.kind === 'consumerDebt') return
        const part = (value: bigint) => (value * share) / 100n
        const pieces = split(first, part)
        const whole = margin(positions)
        const cut = margin([...pieces, ...rest])
        // Concentrated liquidity may lose one raw unit of each token per piece: 1e-18 WETH and 1e-6 USDC.
        const slack = first.kind === 'concentratedLiquidity' ? 10n : 0n
        expect(cut.initialMargin + slack >= whole.initialMargin).to.equal(true)
        expect(cut.equity <= whole.equity + slack).to.equal(true)
      }),
    )
  })

  it('one underlying, one volatility: scan(A + B) ≤ scan(A) + scan(B) + one wei per claim', () => {
    const ethOnly = fc.array(
      fc.oneof(
        fc.tuple(magnitude, venue).map(([amount, at]) => balance(assets.weth, amount, { venue: at })),
        fc.tuple(magnitude, venue).map(([amount, at]) => debt(assets.weth, amount, { venue: at })),
        fc
          .tuple(fc.constantFrom('call' as const, 'put' as const), strike, size, venue)
          .map(([right, at, amount, place]) => option(right, at, amount, { venue: place })),
      ),
      { minLength: 1, maxLength: 4 },
    )
    check(
      fc.property(ethOnly, ethOnly, (a, b) => {
        const scan = (positions: readonly Position[]) =>
          margin(positions, market).scan.underlyings.find(({ underlying }) => underlying === 'ETH')?.charge ?? 0n
        expect(scan([...a, ...b]) <= scan(a) + scan(b) + BigInt(a.length + b.length)).to.equal(true)
      }),
    )
  })

  it('one contract offset inside a venue account, or over venues at one volatility, scans to zero', () => {
    check(
      fc.property(fc.constantFrom('call' as const, 'put' as const), strike, magnitude, (right, at, amount) => {
        const inside = margin([option(right, at, amount, { venue: 'a' }), option(right, at, -amount, { venue: 'a' })])
        expect(inside.scan.charge).to.equal(0n)
        const over = margin(
          [option(right, at, amount, { venue: 'a' }), option(right, at, -amount, { venue: 'b' })],
          market,
        )
        expect(over.scan.charge).to.equal(0n)
      }),
    )
  })

  it('removing a scenario never raises the requirement', () => {
    check(
      fc.property(book, fc.nat(23), (positions, index) => {
        const fewer = fullParameters((plain) => {
          const [removed] = plain.classes.volatile?.scenarios.splice(index, 1) ?? []
          plain.jointRows = plain.jointRows.filter(({ take }) => take.volatile !== removed?.id)
        })
        const [all, less] = [margin(positions), margin(positions, smile, fewer)]
        expect(less.initialMargin <= all.initialMargin && less.maintenanceMargin <= all.maintenanceMargin).to.equal(
          true,
        )
      }),
    )
  })

  it('J ≤ scan(d < 1) ≤ scan(d = 1)', () => {
    check(
      fc.property(book, fc.bigInt((75n * wad) / 100n, wad), (positions, decorrelation) => {
        const softer = fullParameters((plain) => {
          plain.decorrelation = decorrelation
        })
        const [strict, soft] = [margin(positions).scan, margin(positions, smile, softer).scan]
        expect(soft.jointCharge <= soft.charge && soft.charge <= strict.charge).to.equal(true)
      }),
    )
  })

  it('a book that is worth something in every scenario is never charged more than its equity', () => {
    const owned = fc.array(
      fc.oneof(
        fc.tuple(token, magnitude, venue).map(([asset, amount, at]) => balance(asset, amount, { venue: at })),
        fc
          .tuple(fc.constantFrom('call' as const, 'put' as const), strike, magnitude, venue)
          .map(([right, at, amount, place]) => option(right, at, amount, { venue: place })),
        pooled,
      ),
      { minLength: 1, maxLength: 5 },
    )
    check(
      fc.property(owned, (positions) => {
        const { initialMargin, equity } = margin(positions)
        expect(initialMargin <= equity).to.equal(true)
      }),
    )
  })

  it('a further debt lowers the equity, and what is free falls by no less', () => {
    check(
      fc.property(book, magnitude, (positions, amount) => {
        const before = margin(positions)
        // At a venue of its own, so that no other failure is made smaller by it.
        const after = margin([...positions, debt(assets.susd, amount, { venue: 'elsewhere' })])
        expect(after.equity <= before.equity).to.equal(true)
        expect(after.freeEquity <= before.freeEquity).to.equal(true)
      }),
    )
  })

  it('venue physics never lowers the scan, and a venue without legs changes nothing', () => {
    const plain = fullParameters((set) => {
      set.venuePhysics = 'off'
    })
    const weth = fc.bigInt(1n, 50n * wad)
    const usdc = fc.bigInt(1n, 100_000n * 10n ** 6n)
    check(
      fc.property(book, weth, usdc, (positions, held, owed) => {
        const loan = [balance(assets.weth, held, { venue: 'loan' }), debt(assets.usdc, owed, { venue: 'loan' })]
        const portfolio = {
          ...portfolioOf(...positions, ...loan),
          rules: [lendingRule('loan', { weth: held, usdc: owed }), lendingRule('nobody', { weth: held, usdc: owed })],
        }
        const [on, off] = [parameters, plain].map((set) =>
          calculateMargin({ portfolio, market: smile, parameters: set }),
        )
        expect((on?.scan.charge ?? 0n) >= (off?.scan.charge ?? 0n)).to.equal(true)
        const { rules: _, ...rest } = portfolio
        const onlyOwn = { ...rest, rules: portfolio.rules.slice(0, 1) }
        expect(calculateMargin({ portfolio: onlyOwn, market: smile, parameters })).to.deep.equal(on)
      }),
    )
  })

  it('venue physics never lowers the scan, whatever the venues', () => {
    for (let seed = 0n; seed < 1000n; seed++) {
      const inputs = randomInputs(2_000_000n + seed, seed % 4n === 3n ? 'moneyMarket' : 'lendingPool')
      const scanOf = (venuePhysics: 'on' | 'off') => {
        try {
          return calculateMargin({ ...inputs, parameters: { ...inputs.parameters, venuePhysics } }).scan.charge
        } catch (error) {
          if (error instanceof BaseError) return undefined
          throw error
        }
      }
      const [on, off] = [scanOf('on'), scanOf('off')]
      expect((on === undefined) === (off === undefined) && (on ?? 0n) >= (off ?? 0n), `seed ${seed}`).to.equal(true)
    }
  })

  it('every line but the closing ones is monotone in the size of the book', () => {
    check(
      fc.property(book, fc.bigInt(2n, 20n), (positions, factor) => {
        const [less, more] = [margin(positions), margin(positions.map((position) => times(position, factor)))]
        less.lines.slice(0, 7).forEach((line, index) => {
          expect((more.lines[index]?.initial ?? 0n) >= line.initial, line.id).to.equal(true)
          expect((more.lines[index]?.maintenance ?? 0n) >= line.maintenance, line.id).to.equal(true)
        })
        const boundOf = ({ lines }: typeof less) => lines.find(({ id }) => id === 'arithmetic')?.initial ?? 0n
        expect(boundOf(more) >= boundOf(less)).to.equal(true)
      }),
    )
  })

  it('every line is monotone in its rate', () => {
    check(
      fc.property(book, fc.bigInt(wad, 3n * wad), (positions, factor) => {
        const scaled = fullParameters((plain) => {
          const { shortOptionMinimum, hedgedDeltaMinimum, settlementGap, liquidity, arithmetic } = plain.lines
          arithmetic.epsilon = (arithmetic.epsilon * factor) / wad
          for (const rate of [shortOptionMinimum, hedgedDeltaMinimum, settlementGap, liquidity.impact]) {
            rate.initial = (rate.initial * factor) / wad
            rate.maintenance = (rate.maintenance * factor) / wad
          }
        })
        const [less, more] = [margin(positions), margin(positions, smile, scaled)]
        for (const id of [
          'shortOptionMinimum',
          'hedgedDeltaMinimum',
          'settlementGap',
          'liquidity',
          'arithmetic',
        ] as const) {
          const of = (result: typeof less) => result.lines.find((line) => line.id === id)
          expect((of(more)?.initial ?? 0n) >= (of(less)?.initial ?? 0n)).to.equal(true)
          expect((of(more)?.maintenance ?? 0n) >= (of(less)?.maintenance ?? 0n)).to.equal(true)
        }
        expect(more.initialMargin >= less.initialMargin).to.equal(true)
      }),
    )
  })

  it('one unit of price moves the requirement by a bounded amount away from declared cliffs', () => {
    check(
      fc.property(
        fc.array(linear, { minLength: 1, maxLength: 5 }),
        fc.bigInt(1000n * wad, 4000n * wad),
        (positions, eth) => {
          const [here, next] = [eth, eth + 10n ** 10n].map((price) => margin(positions, testMarket({ eth: price })))
          // Linear books: at most all quantities together times the largest shock factor, 6, for 1e-8 USD of price.
          const size = positions.reduce(
            (sum, position) =>
              sum +
              ('amount' in position
                ? position.amount
                : 'size' in position
                  ? position.size < 0n
                    ? -position.size
                    : position.size
                  : 0n),
            0n,
          )
          const bound = (size * 12n) / 10n ** 20n + 12n
          const moved = (next?.initialMargin ?? 0n) - (here?.initialMargin ?? 0n)
          expect(moved <= bound && moved >= -bound).to.equal(true)
        },
      ),
    )
  })
})

function times(position: Position, factor: bigint): Position {
  switch (position.kind) {
    case 'balance':
    case 'debt':
    case 'consumerDebt':
      return { ...position, amount: position.amount * factor }
    case 'perpetual': {
      const { size, cost, funding } = position
      return { ...position, size: size * factor, cost: cost * factor, funding: funding * factor }
    }
    case 'option':
      return { ...position, size: position.size * factor }
    case 'concentratedLiquidity':
      return { ...position, liquidity: position.liquidity * factor }
    case 'perpetualLiquidity': {
      const { liquidity, baseDebt, quoteDebt } = position
      return {
        ...position,
        liquidity: liquidity * factor,
        baseDebt: baseDebt * factor,
        quoteDebt: quoteDebt * factor,
      }
    }
  }
}

function split(position: Position, part: (value: bigint) => bigint): readonly Position[] {
  const half = (make: (value: (whole: bigint) => bigint, suffix: string) => Position) => [
    make(part, '/1'),
    make((whole) => whole - part(whole), '/2'),
  ]
  const claim = (suffix: string) => ({ ...position.claim, id: `${position.claim.id}${suffix}` })
  switch (position.kind) {
    case 'balance':
    case 'debt':
      return half((take, suffix) => ({ ...position, claim: claim(suffix), amount: take(position.amount) }))
    case 'perpetual':
      return half((take, suffix) => ({
        ...position,
        claim: claim(suffix),
        size: take(position.size),
        cost: take(position.cost),
        funding: take(position.funding),
      }))
    case 'option':
      return half((take, suffix) => ({ ...position, claim: claim(suffix), size: take(position.size) }))
    case 'concentratedLiquidity':
      return half((take, suffix) => ({ ...position, claim: claim(suffix), liquidity: take(position.liquidity) }))
    case 'perpetualLiquidity':
      return half((take, suffix) => ({
        ...position,
        claim: claim(suffix),
        liquidity: take(position.liquidity),
        baseDebt: take(position.baseDebt),
        quoteDebt: take(position.quoteDebt),
      }))
    case 'consumerDebt':
      return [position]
  }
}
