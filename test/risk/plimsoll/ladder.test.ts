import { expect } from 'chai'
import { InvalidInputError } from '../../../src/core/errors.ts'
import type { Portfolio } from '../../../src/core/portfolio.ts'
import { type Position, venueAccountKey } from '../../../src/core/position.ts'
import { wad } from '../../../src/core/units.ts'
import type { VenueRule } from '../../../src/core/venueRule.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import { calculateLadder, type Ladder, type Rung } from '../../../src/risk/plimsoll/ladder.ts'
import { moveMarket } from '../../../src/risk/plimsoll/moveMarket.ts'
import {
  assets,
  balance,
  debt,
  expiry,
  option,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
} from '../../support/books.ts'
import { thrown } from '../../support/rejection.ts'
import { ethMarket, lendingPool, optionCollateral, perpetualAccount, short } from '../venues/support/rules.ts'

const parameters = testParameters()
const usdc = (amount: bigint) => amount * 10n ** 6n
const cent = 10n ** 16n
const cents = (price: bigint) => price / cent

/** A portfolio whose rules stand at the venue accounts of the given positions. */
function book(positions: readonly Position[], rules: readonly (readonly [Position, VenueRule])[] = []): Portfolio {
  return {
    ...portfolioOf(...positions),
    rules: rules.map(([{ venueAccount }, rule]) => ({ ...rule, venueAccount })),
  }
}

const tokens = (asset: typeof assets.weth, amount: bigint, quote: bigint, decimals: number) => ({
  asset,
  amount,
  quote,
  decimals,
})

/** WETH at a threshold of 82.5 % against USDC, as positions and as the pool's rule. */
function loan(weth: bigint, borrowed: bigint, extra: bigint = 0n): { positions: Position[]; rule: VenueRule } {
  const place = { venue: 'lending' }
  return {
    positions: [
      balance(assets.weth, weth * wad, place),
      debt(assets.usdc, usdc(borrowed), place),
      ...(extra > 0n ? [balance(assets.usdc, extra, place)] : []),
    ],
    rule: lendingPool({
      collaterals: [
        { ...tokens(assets.weth, weth * wad, 2_000n * 10n ** 8n, 18), liquidationThreshold: 8_250, bonus: 500 },
      ],
      debts: [tokens(assets.usdc, usdc(borrowed), 10n ** 8n, 6)],
    }),
  }
}

function ladderOf(portfolio: Portfolio, options: Partial<Parameters<typeof calculateLadder>[0]> = {}): Ladder {
  return calculateLadder({ portfolio, market: testMarket(), parameters, underlyings: ['ETH'], ...options })
}

function rung(ladder: Ladder, kind: Rung['subject']['kind'], direction: 'down' | 'up'): Rung {
  const found = ladder.underlyings[0]?.rungs.find(
    (candidate) => candidate.subject.kind === kind && candidate.direction === direction,
  )
  if (!found) throw new Error(`no rung ${kind} ${direction}`)
  return found
}

describe('ladder', function () {
  this.timeout(60_000)

  describe('by hand', () => {
    it('10 WETH against 12,000 USDC at 82.5 %: 12,000 / 8.25 = 1,454.5454…', () => {
      const { positions, rule } = loan(10n, 12_000n)
      const [weth] = positions
      const ladder = ladderOf(book(positions, [[weth as Position, rule]]))
      const down = rung(ladder, 'venue', 'down')
      expect(down.outcome).to.equal('one')
      expect(down.isBadNow).to.equal(false)
      const [crossing] = down.crossings
      expect(crossing?.badSide).to.equal('below')
      expect(cents(crossing?.good ?? 0n)).to.equal(145_455n)
      expect(cents(crossing?.bad ?? 0n)).to.equal(145_454n)
      // (1,454.55 − 2,000) / 2,000
      expect(crossing?.distance).to.equal(-272_725n * 10n ** 12n)
      // 10 · 1,454.55 − 12,000
      expect(crossing?.equity).to.equal(usdc(254_550n) / 100n)
      const up = rung(ladder, 'venue', 'up')
      expect([up.outcome, up.scannedTo, up.refusal]).to.deep.equal(['none', 20_000n * wad, null])
    })

    it('without netting the same loan is insolvent below 12,000 / 10', () => {
      const { positions } = loan(10n, 12_000n)
      const down = rung(ladderOf(book(positions)), 'insolvency', 'down')
      expect(down.crossings.map(({ good, bad }) => [cents(good), cents(bad)])).to.deep.equal([[120_000n, 119_999n]])
    })

    it('short 14 ETH from 2,000 on 16,000: value 44,000 − 14 S = 6.25 % of 14 S at 44,000 / 14.875', () => {
      const place = { venue: 'perp' }
      const positions = [perpetual(-14n * wad, 2_000n * wad, place), balance(assets.usdc, usdc(16_000n), place)]
      const rule = perpetualAccount({ quoteAsset: assets.usdc })
      const ladder = ladderOf(book(positions, [[positions[0] as Position, rule]]))
      const up = rung(ladder, 'venue', 'up')
      expect(cents(up.crossings[0]?.good ?? 0n)).to.equal((44_000n * 100_000n) / 14_875n)
      expect([up.outcome, up.crossings[0]?.badSide]).to.deep.equal(['one', 'above'])
      expect(rung(ladder, 'venue', 'down').outcome).to.equal('none')
      // 44,000 / 14: the account is worth nothing.
      expect(cents(rung(ladder, 'insolvency', 'up').crossings[0]?.good ?? 0n)).to.equal(314_285n)
    })
  })

  describe('shapes', () => {
    it('a monotone book crosses each level once: called, then below maintenance, then insolvent', () => {
      const { positions } = loan(10n, 8_000n)
      const ladder = ladderOf(book(positions))
      const kinds = ['marginCall', 'maintenance', 'insolvency'] as const
      const down = kinds.map((kind) => rung(ladder, kind, 'down'))
      expect(down.map(({ outcome }) => outcome)).to.deep.equal(['one', 'one', 'one'])
      expect(kinds.map((kind) => rung(ladder, kind, 'up').outcome)).to.deep.equal(['none', 'none', 'none'])
      const prices = down.map(({ crossings }) => crossings[0]?.good ?? 0n)
      expect(prices).to.deep.equal([...new Set(prices)].sort((a, b) => (a < b ? 1 : -1)))
      expect(ladder.order.map(({ subject }) => subject.kind)).to.deep.equal(kinds)
    })

    it('its margins at a crossing are those of the engine at that price, a step apart', () => {
      const { positions } = loan(10n, 8_000n)
      const portfolio = book(positions)
      const [crossing] = rung(ladderOf(portfolio), 'marginCall', 'down').crossings
      const at = (price: bigint) =>
        calculateMargin(moveMarket({ portfolio, market: testMarket(), parameters }, new Map([['ETH', price]])))
      const [good, bad] = [at(crossing?.good ?? 0n), at(crossing?.bad ?? 0n)]
      expect(good.equity >= good.initialMargin && bad.equity < bad.initialMargin).to.equal(true)
      expect((crossing?.good ?? 0n) - (crossing?.bad ?? 0n)).to.equal(cent)
      expect(crossing?.equity).to.equal(good.equity)
    })

    it('a short strangle has one root on each side, at its venue and for itself', () => {
      const place = { venue: 'options' }
      const positions = [
        option('call', 2500, -wad, place),
        option('put', 1500, -wad, place),
        balance(assets.usdc, usdc(2_000n), place),
      ]
      const shorts = [
        { ...short('call', 'quote', { collateral: 1_000n * wad, expiry }), strike: 2_500n * wad },
        { ...short('put', 'quote', { collateral: 1_000n * wad, expiry }), strike: 1_500n * wad },
      ]
      const rule = optionCollateral(shorts, { quoteAsset: assets.usdc })
      const ladder = ladderOf(book(positions, [[positions[0] as Position, rule]]))
      for (const kind of ['venue', 'marginCall', 'maintenance'] as const) {
        expect(
          rung(ladder, kind, 'down').crossings.map(({ badSide }) => badSide),
          kind,
        ).to.deep.equal(['below'])
        expect(
          rung(ladder, kind, 'up').crossings.map(({ badSide }) => badSide),
          kind,
        ).to.deep.equal(['above'])
      }
    })

    it('orders crossings by their distance, up and down alike', () => {
      const { positions, rule } = loan(10n, 8_000n)
      const short = perpetual(-5n * wad, 2_000n * wad, { venue: 'perp' })
      const cash = balance(assets.usdc, usdc(1_500n), { venue: 'perp' })
      const perp = perpetualAccount({
        quoteAsset: assets.usdc,
        cash: 1_500n * wad,
        markets: [ethMarket(-5n * wad, 2_000n * wad)],
      })
      const hedged = book(
        [...positions, short, cash],
        [
          [positions[0] as Position, rule],
          [short, perp],
        ],
      )
      const venues = ladderOf(hedged).order.filter(({ subject }) => subject.kind === 'venue')
      // The perpetual: 1,500 − 5 (S − 2,000) = 0.0625 · 5 S at 11,500 / 5.3125 = 2,164.70. The loan: 8,000 / 8.25 = 969.69….
      expect(venues.map(({ direction, price }) => [direction, cents(price)])).to.deep.equal([
        ['up', 216_470n],
        ['down', 96_970n],
      ])
    })

    it('a book that owes exactly its equity is not called', () => {
      const capped = testParameters((plain) => {
        const seth = plain.assets[assets.seth]
        if (seth) seth.basis = { initial: `${2n * wad}`, maintenance: `${2n * wad}` }
      })
      const ladder = ladderOf(book([balance(assets.seth, wad)]), { parameters: capped })
      const { equity, initialMargin, maintenanceMargin } = ladder.margin
      expect([initialMargin, maintenanceMargin]).to.deep.equal([equity, equity])
      for (const kind of ['marginCall', 'maintenance'] as const) {
        expect(rung(ladder, kind, 'down').isBadNow).to.equal(false)
        expect(rung(ladder, kind, 'down').outcome).to.equal('none')
      }
    })

    it('says both crossings of a book that is bad only in between', () => {
      // Long call and put struck at the money, financed by debt: worth least where neither pays.
      const positions = [
        option('call', 2000, 10n * wad, { venue: 'options' }),
        option('put', 2000, 10n * wad, { venue: 'options' }),
        debt(assets.usdc, usdc(4_500n), { venue: 'other' }),
      ]
      const ladder = ladderOf(book(positions))
      const [down, up] = [rung(ladder, 'insolvency', 'down'), rung(ladder, 'insolvency', 'up')]
      expect([down.isBadNow, up.isBadNow]).to.deep.equal([true, true])
      expect([down.crossings[0]?.badSide, up.crossings[0]?.badSide]).to.deep.equal(['above', 'below'])
      expect(ladder.order.filter(({ subject }) => subject.kind === 'insolvency')).to.deep.equal([
        { underlying: 'ETH', subject: { kind: 'insolvency' }, direction: 'down', price: 2_000n * wad, distance: 0n },
      ])
    })

    it('a book that never liquidates says so, and how far it looked', () => {
      const ladder = ladderOf(book([balance(assets.weth, 10n * wad)]))
      const rungs = ladder.underlyings[0]?.rungs ?? []
      expect(rungs.map(({ outcome }) => outcome)).to.deep.equal(Array(6).fill('none'))
      expect(new Set(rungs.map(({ scannedTo }) => scannedTo))).to.deep.equal(new Set([20n * wad, 20_000n * wad]))
      expect(ladder.order).to.deep.equal([])
    })

    it('names accounts without a rule, whose liquidation nobody can tell', () => {
      const { positions } = loan(10n, 12_000n)
      const [{ venueAccount }] = positions as [Position]
      expect(ladderOf(book(positions)).withoutPhysics).to.deep.equal([venueAccountKey(venueAccount)])
    })
  })

  describe('what must be moved', () => {
    it('repays 12,000 − 0.825 · 14,000 = 450 USDC, or adds collateral, to survive −30 %', () => {
      const { positions, rule } = loan(10n, 12_000n)
      const portfolio = book(positions, [[positions[0] as Position, rule]])
      const [need] = ladderOf(portfolio).underlyings[0]?.needs ?? []
      expect(need?.isSafe).to.equal(false)
      const [repay, add] = need?.alternatives.flat() ?? []
      expect([repay?.action, repay?.asset, repay?.value]).to.deep.equal(['repay', assets.usdc, 450n * wad])
      expect(repay?.amount).to.equal(usdc(450n))
      // 450 / (0.825 · 1,400) WETH; the pool counts in 1e-8 USD, so a few wei less can do.
      const exact = (450n * wad * 1_000n) / (825n * 1_400n)
      expect([add?.action, add?.asset]).to.deep.equal(['addCollateral', assets.weth])
      expect((add?.amount ?? 0n) <= exact + 1n && (add?.amount ?? 0n) > exact - 10n ** 8n).to.equal(true)
    })

    it('does when run again, and one unit less does not', () => {
      const { positions, rule } = loan(10n, 12_000n)
      if (rule.kind !== 'lendingPool') throw new Error('a lending pool was expected')
      const repaid = (amount: bigint) => {
        const debts = rule.debts.map((owed) => ({ ...owed, amount: owed.amount - amount }))
        const portfolio = book(positions, [[positions[0] as Position, { ...rule, debts }]])
        return ladderOf(portfolio).underlyings[0]?.needs[0]?.isSafe
      }
      // Aave rounds a health factor half up, so that a unit less than 450 is still safe at 1e-8 USD; a cent is not.
      expect([repaid(usdc(450n)), repaid(usdc(450n) - 10_000n)]).to.deep.equal([true, false])
    })

    it('tells each short option what it lacks', () => {
      const place = { venue: 'options' }
      const positions = [option('call', 2000, -wad, place), balance(assets.usdc, usdc(700n), place)]
      const rule = optionCollateral(
        [
          short('call', 'quote', { collateral: 700n * wad, expiry }),
          short('call', 'base', { collateral: wad, expiry }),
        ],
        { quoteAsset: assets.usdc },
      )
      const [need] = ladderOf(book(positions, [[positions[0] as Position, rule]])).underlyings[0]?.needs ?? []
      expect(need?.alternatives).to.have.length(1)
      const transfers = need?.alternatives[0] ?? []
      expect(transfers.map(({ asset }) => asset)).to.deep.equal([assets.usdc])
      expect((transfers[0]?.amount ?? 0n) > 100n * wad).to.equal(true)
    })

    it('needs nothing within the range of a safe account', () => {
      const { positions, rule } = loan(10n, 5_000n)
      const [need] = ladderOf(book(positions, [[positions[0] as Position, rule]])).underlyings[0]?.needs ?? []
      expect([need?.isSafe, need?.alternatives]).to.deep.equal([true, []])
    })
  })

  it('a hedge whose loan is liquidated at −25 % shows it and pays for it; topped up, neither', () => {
    const hedgedBook = (borrowed: bigint, cash: bigint) => {
      const { positions, rule } = loan(10n, borrowed)
      const place = { venue: 'perp' }
      const hedge = [perpetual(-10n * wad, 2_000n * wad, place), balance(assets.usdc, usdc(cash), place)]
      const perp = perpetualAccount({
        quoteAsset: assets.usdc,
        cash: cash * wad,
        markets: [ethMarket(-10n * wad, 2_000n * wad)],
      })
      const rules = [
        [positions[0] as Position, rule],
        [hedge[0] as Position, perp],
      ] as const
      return book([...positions, ...hedge], rules)
    }
    // 0.825 · 10 · 1,500 = 12,375: liquidated at −25 %. With 7,500 USDC moved over from the hedge it survives −66 %.
    const thin = ladderOf(hedgedBook(12_375n, 120_000n))
    const toppedUp = ladderOf(hedgedBook(4_875n, 112_500n))
    const distances = [thin, toppedUp].map((ladder) =>
      ladder.underlyings[0]?.rungs
        .filter(
          ({ subject, direction }) => subject.kind === 'venue' && subject.venue === 'lending' && direction === 'down',
        )
        .flatMap(({ crossings }) => crossings.map(({ distance }) => distance)),
    )
    // 4,875 / 8.25 = 590.909…
    expect(distances).to.deep.equal([[-wad / 4n], [-704_545n * 10n ** 12n]])
    const safe = [thin, toppedUp].map((ladder) => ladder.underlyings[0]?.needs.find(({ venue }) => venue === 'lending'))
    expect(safe.map((need) => need?.isSafe)).to.deep.equal([false, true])

    // At −33 % 5 % of 12,375 USDC is lost, with weight 42 %; the hedge gains nothing more once the loan is closed.
    const eth = [thin, toppedUp].map(({ margin }) =>
      margin.scan.underlyings.find(({ underlying }) => underlying === 'ETH'),
    )
    expect(eth.map((outcome) => [outcome?.worst, outcome?.charge])).to.deep.equal([
      ['-33% up', 259_875n * 10n ** 15n],
      [null, 0n],
    ])
    const scan = ({ margin }: Ladder) => margin.lines.find(({ id }) => id === 'scan')?.initial ?? 0n
    expect(scan(thin) - scan(toppedUp)).to.equal(259_875_000n)
    expect(thin.margin.initialMargin > toppedUp.margin.initialMargin).to.equal(true)
  })

  describe('options', () => {
    it('error: InvalidInputError for an underlying that the account does not depend on and for ranges without sense', async () => {
      const portfolio = book([balance(assets.weth, wad)])
      const bad = [
        { underlyings: ['BTC'] },
        { floor: 0n },
        { ceiling: wad / 2n },
        { range: wad },
        { step: 0n },
        { venueGrid: wad },
      ]
      for (const options of bad) {
        await thrown(() => ladderOf(portfolio, options), InvalidInputError)
      }
    })

    it('error: InvalidInputError for a market moved to a price of zero; the least price is one', async () => {
      const portfolio = book([balance(assets.weth, wad)])
      const moveTo = (price: bigint) =>
        moveMarket({ portfolio, market: testMarket(), parameters }, new Map([['ETH', price]]))
      await thrown(() => moveTo(0n), InvalidInputError)
      expect(moveTo(1n).market.prices.ETH?.price).to.equal(1n)
    })

    it('tells every price at which it calculates a margin, once, and never that of today', () => {
      const { positions, rule } = loan(10n, 12_000n)
      const told: string[] = []
      const onPrice = (underlying: string, price: bigint) => told.push(`${underlying} ${price}`)
      const portfolio = book(
        positions,
        positions.slice(0, 1).map((position) => [position, rule] as const),
      )
      const ladder = ladderOf(portfolio, { marginGrid: wad / 4n, onPrice })
      expect(told.length).to.be.greaterThan(10)
      expect(new Set(told).size).to.equal(told.length)
      expect(told).not.to.include(`ETH ${2000n * wad}`)
      expect(told).to.include(`ETH ${rung(ladder, 'insolvency', 'down').crossings[0]?.good}`)
    })

    it('states grid and step, and resolves finer when asked', () => {
      const { positions, rule } = loan(10n, 12_000n)
      const portfolio = book(positions, [[positions[0] as Position, rule]])
      const fine = rung(ladderOf(portfolio, { step: 10n ** 12n }), 'venue', 'down')
      expect(fine.grid).to.equal(wad / 400n)
      expect(fine.crossings[0]?.good).to.equal(1_454_545_455n * 10n ** 12n)
    })
  })
})
