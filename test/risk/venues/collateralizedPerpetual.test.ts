import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseWith } from '../../../src/core/schema.ts'
import { gmxV2Schema, gmxV2State } from '../../../src/risk/models/venueRules/gmxV2.ts'
import {
  collateralizedPerpetualState,
  collateralizedPerpetualTotals,
} from '../../../src/risk/venues/collateralizedPerpetual.ts'
import { collateralizedPerpetual, shiftTo, unknownToken, wad, wethCollateral } from './support/rules.ts'

const eth = (price: bigint) => shiftTo({ ETH: price * wad })

type Figures = {
  readonly cases: readonly {
    readonly name: string
    readonly account: Record<string, unknown> & { readonly sizeInTokens: string }
    readonly expect: { readonly isLiquidatable: boolean; readonly 'details.remainingCollateralUsd'?: string }
  }[]
}

describe('collateralizedPerpetualState', () => {
  it('default: long 10 ETH from 2,000 on 2,000 USDC', () => {
    // 2,000 less 12 to close; 100 must remain.
    expect(collateralizedPerpetualState(collateralizedPerpetual(), shiftTo())).to.deep.equal({
      isLiquidatable: false,
      penalty: 52n * wad,
      slack: 1_888n * wad,
    })
    // 1,811.2 · 10 = 18,112: exactly 100 remain. A cent lower it is a dime less.
    const at = (cents: bigint) =>
      collateralizedPerpetualState(collateralizedPerpetual(), shiftTo({ ETH: (cents * wad) / 100n }))
    expect(at(181_120n)).to.include({ isLiquidatable: false, slack: 0n })
    expect(at(181_119n)).to.include({ isLiquidatable: true, slack: -wad / 10n })
  })

  it('behavior: at zero it is liquidated whatever the minimum is', () => {
    const rule = collateralizedPerpetual({ minimum: 0n, closingFee: 0n })
    expect(collateralizedPerpetualState(rule, eth(1_800n))).to.include({ isLiquidatable: true, slack: -1n })
    expect(collateralizedPerpetualState({ ...rule, funding: 1n }, eth(1_800n))).to.include({ isLiquidatable: false })
  })

  it('behavior: impact counts against the account alone and no further than its limit', () => {
    const impactOf = (closingImpact: bigint, pendingImpact: bigint, price = 2_000n) =>
      collateralizedPerpetualTotals(collateralizedPerpetual({ closingImpact, pendingImpact }), eth(price)).impact
    expect(impactOf(50n * wad, 0n)).to.equal(0n)
    expect(impactOf(-30n * wad, 0n)).to.equal(-30n * wad)
    expect(impactOf(50n * wad, -wad / 25n)).to.equal(-30n * wad)
    expect(impactOf(-50n * wad, wad / 25n)).to.equal(0n)
    expect(impactOf(-101n * wad, 0n)).to.equal(-100n * wad)
    // What is pending is in ether: 0.02 of it at 2,000 and at 4,000.
    expect([impactOf(0n, -wad / 50n), impactOf(0n, -wad / 50n, 4_000n)]).to.deep.equal([-40n * wad, -80n * wad])
    const { penalty } = collateralizedPerpetualState(collateralizedPerpetual({ closingImpact: -300n * wad }), shiftTo())
    expect(penalty).to.equal(152n * wad)
  })

  it('behavior: collateral in ether falls with it, an unknown token counts nothing, and without a position it is free', () => {
    const rule = collateralizedPerpetual({ collateral: { ...wethCollateral(wad), quote: 2_000n * wad } })
    expect(collateralizedPerpetualState(rule, eth(1_900n)).slack).to.equal((1_900n - 1_000n - 112n) * wad)
    const unknown = collateralizedPerpetual({ collateral: { ...wethCollateral(wad), asset: unknownToken } })
    expect(collateralizedPerpetualState(unknown, shiftTo()).isLiquidatable).to.equal(true)
    expect(collateralizedPerpetualState({ ...rule, size: 0n, cost: 0n }, eth(1n))).to.deep.equal({
      isLiquidatable: false,
      penalty: 0n,
      slack: wad,
    })
  })

  it('gives the verdicts and remainders of GMX’s own liquidation tests', () => {
    const path = new URL('../../vectors/models/venue-rules/gmx-v2.json', import.meta.url)
    const { cases } = JSON.parse(readFileSync(path, 'utf8')) as Figures
    const subjects = cases.filter(({ account }) => BigInt(account.sizeInTokens) > 0n)
    expect(subjects.length).to.be.at.least(3)
    for (const { name, account, expect: expected } of subjects) {
      const position = parseWith(gmxV2Schema, account, name)
      const { remainingCollateralUsd, minCollateralUsd, minCollateralUsdForLeverage, priceImpactUsd } =
        gmxV2State(position)
      const { isLong, sizeInUsd, sizeInTokens, collateralAmount, collateralPrice, indexPrice } = position
      // Amount times price is 30 decimals of a dollar whatever the decimals of a token are.
      const least = minCollateralUsd ?? 0n
      const side = isLong ? 1n : -1n
      const rule = collateralizedPerpetual({
        quote: (isLong ? indexPrice.min : indexPrice.max) * 10n ** 6n,
        collateral: { ...wethCollateral(collateralAmount), quote: collateralPrice.min * 10n ** 6n },
        size: side * sizeInTokens,
        cost: (side * sizeInUsd) / 10n ** 12n,
        closingImpact: priceImpactUsd / 10n ** 12n,
        impactLimit: sizeInUsd,
        closingFee: 0n,
        minimum: (least > minCollateralUsdForLeverage ? least : minCollateralUsdForLeverage) / 10n ** 12n,
      })
      const { remaining } = collateralizedPerpetualTotals(rule, shiftTo())
      expect(remaining, name).to.equal(remainingCollateralUsd / 10n ** 12n)
      const own = expected['details.remainingCollateralUsd']
      if (own !== undefined) expect(remaining, name).to.equal(BigInt(own) / 10n ** 12n)
      expect(collateralizedPerpetualState(rule, shiftTo()).isLiquidatable, name).to.equal(expected.isLiquidatable)
    }
  })
})
