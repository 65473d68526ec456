import { expect } from 'chai'
import { UnpricedLiabilityError } from '../../../src/core/errors.ts'
import { isolatedPerpetualState } from '../../../src/risk/venues/isolatedPerpetual.ts'
import { thrown } from '../../support/rejection.ts'
import { isolatedPerpetual, shiftTo, unknownToken, wad } from './support/rules.ts'

const eth = (price: bigint) => shiftTo({ ETH: price * wad })

describe('isolatedPerpetualState', () => {
  it('default: long 10 ETH from 2,000 on 4,000', () => {
    // Buffer 0.75 % of 20,000 = 150, fee 0.35 % = 70, keeper 2, premium 10/1,000,000 · 20,000 = 0.2; a wei below is due.
    expect(isolatedPerpetualState(isolatedPerpetual(), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 4_000n * wad,
      slack: 4_000n * wad - (2_222n * wad) / 10n - 1n,
    })
    // At 1,619: 190 remain; 121.425 + 56.665 + 2 + 0.1619 = 180.2519 are due. At 1,617: 170 against 180.0317.
    expect(isolatedPerpetualState(isolatedPerpetual(), eth(1_619n))).to.deep.equal({
      isLiquidatable: false,
      penalty: 190n * wad,
      slack: (97_481n * wad) / 10_000n - 1n,
    })
    expect(isolatedPerpetualState(isolatedPerpetual(), eth(1_617n))).to.include({
      isLiquidatable: true,
      penalty: 170n * wad,
      slack: -(100_317n * wad) / 10_000n - 1n,
    })
  })

  it('behavior: liquidates at exactly the liquidation margin, and takes no more than there is', () => {
    const rule = isolatedPerpetual({ margin: (2_222n * wad) / 10n })
    expect(isolatedPerpetualState(rule, shiftTo())).to.include({ isLiquidatable: true, slack: -1n })
    expect(isolatedPerpetualState({ ...rule, margin: rule.margin + 1n }, shiftTo())).to.include({
      isLiquidatable: false,
      slack: 0n,
    })
    expect(isolatedPerpetualState(rule, eth(1_000n))).to.include({ isLiquidatable: true, penalty: 0n })
  })

  it('behavior: keeps the fee between its bounds', () => {
    // 0.1 ETH: 1.5 of buffer, at least 2 of fee, 2 for the keeper. 1,000 ETH: 15,000, at most 1,000, 2, and 2,000 of premium.
    const slackOf = (size: bigint, margin: bigint) =>
      isolatedPerpetualState(isolatedPerpetual({ size, cost: 2_000n * size, margin }), shiftTo()).slack
    expect(slackOf(wad / 10n, 100n * wad)).to.equal(100n * wad - (550_002n * wad) / 10n ** 5n - 1n)
    expect(slackOf(1_000n * wad, 100_000n * wad)).to.equal(100_000n * wad - 18_002n * wad - 1n)
  })

  it('behavior: a short loses as ether rises, funding counts, and margin without a position is free', () => {
    const rule = isolatedPerpetual({ size: -10n * wad, cost: -20_000n * wad, funding: -5n * wad })
    expect(isolatedPerpetualState(rule, eth(2_300n)).penalty).to.equal(995n * wad)
    expect(isolatedPerpetualState(rule, eth(2_400n)).isLiquidatable).to.equal(true)
    expect(isolatedPerpetualState(isolatedPerpetual({ size: 0n, cost: 0n }), eth(1n))).to.deep.equal({
      isLiquidatable: false,
      penalty: 0n,
      slack: 4_000n * wad,
    })
  })

  it('behavior: gives dollars at our own price of the quote asset', () => {
    const { penalty } = isolatedPerpetualState(isolatedPerpetual(), shiftTo({ SUSD: wad / 2n }))
    expect(penalty).to.equal(2_000n * wad)
  })

  it('error: UnpricedLiabilityError for a quote asset that is not in the parameter set', async () => {
    const rule = isolatedPerpetual({ quoteAsset: unknownToken })
    await thrown(() => isolatedPerpetualState(rule, shiftTo()), UnpricedLiabilityError)
  })
})
