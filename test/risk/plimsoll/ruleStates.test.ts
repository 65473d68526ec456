import { expect } from 'chai'
import { wad } from '../../../src/core/units.ts'
import { createValuer } from '../../../src/risk/plimsoll/revalue.ts'
import { createRuleStates } from '../../../src/risk/plimsoll/ruleStates.ts'
import { venueState } from '../../../src/risk/venues/venueState.ts'
import { assets, expiry, lendingRule, testMarket, testParameters } from '../../support/books.ts'
import { optionCollateral, short } from '../venues/support/rules.ts'

describe('createRuleStates', () => {
  const valuer = createValuer(testMarket(), testParameters(), expiry - 30 * 86_400)
  const states = [1500n, 2000n, 2500n].map((price) => valuer.priced(new Map([['ETH', price * wad]])))
  const shorts = [
    short('call', 'quote', { collateral: 700n * wad, expiry }),
    short('put', 'quote', { collateral: 500n * wad, expiry }),
    short('call', 'base', { collateral: wad / 2n, expiry }),
  ]
  const option = optionCollateral(shorts, { quoteAsset: assets.susd })

  it('gives what the rule says of each state, short by short or whole, and of rules that share shorts', () => {
    const statesOf = createRuleStates(valuer)
    const list = { moved: ['ETH'], states, same: states.map(() => undefined) }
    const rules = [
      option,
      { ...option, shorts: [] },
      { ...option, shorts: shorts.slice(1) },
      { ...option, minimumPenalty: 900n * wad },
      { ...option, penaltyRatio: wad },
      { ...option, quote: 2100n * wad },
      { ...option, minimum: { ...option.minimum, quoteCollateral: 900n * wad } },
      { ...option, quoteAsset: assets.weth },
      { ...option, underlying: 'BTC' },
      lendingRule('lending', { weth: wad, usdc: 1400n * 10n ** 6n }),
    ]
    for (const rule of rules) {
      const expected = states.map((state) => venueState(rule, valuer.shiftTo(state)))
      expect(statesOf(rule, list)).to.deep.equal(expected)
    }
  })
})
