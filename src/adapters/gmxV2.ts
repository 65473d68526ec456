import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Balance, Position, VenueAccount } from '../core/position.ts'
import { powerOfTen, type Wad } from '../core/units.ts'
import type { CollateralizedPerpetualRule } from '../core/venueRule.ts'
import { ceilDiv, floorDiv, max, min } from '../kernel/fixedPoint.ts'
import type { Adapter, AdapterContext, VenuePositions } from './adapter.ts'
import { requireTokenDecimals } from './decimals.ts'
import { UnsupportedPositionError } from './errors.ts'
import { gmxUnit } from './gmxV2Prices.ts'
import {
  type GmxPosition,
  type GmxV2Configuration,
  type GmxV2Raw,
  gmxV2Configuration,
  gmxV2Witness,
  readGmxV2,
} from './gmxV2Read.ts'

type Context = AdapterContext<GmxV2Configuration>

/** The venue's dollars have 30 decimals. */
const perWad = 10n ** 12n

/**
 * GMX v2. Every position is a venue account of its own: its collateral less the funding that it owes, and a perpetual in
 * dollars from which the borrowing fee is taken off. Impact of opening that is still to be paid is part of its size, as it is
 * an amount of the index token; what is still to be gained counts nothing, since the pool may not have it. A profit that the
 * pool caps counts with the cap.
 *
 * The venue trades at prices that are signed off chain, and its views take prices as arguments. They are given those of the
 * venue's own reference feeds, which are the quotes of the rule. What they answer is what is accrued to the block.
 *
 * A pending order is refused, as a keeper turns it into another position. Tokens of markets and vaults in the account's hands
 * are named and count zero.
 */
export const gmxV2: Adapter<GmxV2Configuration, GmxV2Raw> = {
  id: 'gmx-v2',
  configuration: gmxV2Configuration,

  read: readGmxV2,

  toPositions(raw, context) {
    if (raw.orders > 0n) {
      throw new UnsupportedPositionError({
        venue: context.venue,
        position: `a pending order (of ${raw.orders})`,
        remedy:
          'Cancel the orders or wait until they are executed; until then a keeper may turn them into other positions.',
      })
    }
    requireTokenDecimals(context, raw.decimals)
    const decimalsOf = new Map(raw.decimals.map(({ token, decimals }) => [token, decimals]))
    const positions = raw.positions.map((position) => {
      requireVerdict(position, context)
      const { collateralToken, collateral } = position
      if (decimalsOf.get(collateralToken) !== collateral.decimals) {
        throw new InconsistentReadError(
          `${context.venue}: ${collateralToken} has ${decimalsOf.get(collateralToken)} decimals, its price at the venue is made for ${collateral.decimals}.`,
          { metaMessages: ['Check that the address in the configuration is the DataStore of GMX v2.'] },
        )
      }
      return positionsOf(position, context)
    })
    return {
      positions: [...positions.flatMap(({ positions }) => positions), ...balancesOf(raw, context)],
      requirements: positions.flatMap(({ requirements }) => requirements),
      rules: positions.flatMap(({ rules }) => rules),
    }
  },

  witness: gmxV2Witness,
}

function positionsOf(position: GmxPosition, context: Context): VenuePositions {
  const { market, collateralToken, isLong, collateralAmount, fundingFeeAmount, collateral } = position
  const { account, venue, block, configuration } = context
  const { chainId } = block
  const id = [market.market, collateralToken, isLong ? 'long' : 'short'].join(':')
  const subAccount = [collateralToken, isLong ? 'long' : 'short'].join(':')
  const venueAccount: VenueAccount = { chainId, venue, instance: market.market, holder: account, subAccount }
  const claim = (part: string) => ({
    ...{ chainId, contract: configuration.dataStore, holder: account },
    id: `${id}:${part}`,
  })
  const asset = toAssetKey(chainId, collateralToken)
  const amount = max(0n, collateralAmount - fundingFeeAmount)
  const linear = linearOf(position)
  const common = { venueAccount, control: 'venue' } as const
  const positions: Position[] = [
    {
      ...common,
      kind: 'perpetual',
      claim: claim('position'),
      underlying: market.underlying,
      quoteAsset: null,
      ...linear,
      size: linear.size + min(0n, pendingOf(position)),
      venueValue: floorDiv(position.profitUsd, perWad),
    },
    {
      ...common,
      kind: 'balance',
      claim: claim('collateral'),
      asset,
      amount,
      venueValue: (amount * collateral.price.min) / perWad,
    },
  ]
  const rule: CollateralizedPerpetualRule = {
    kind: 'collateralizedPerpetual',
    venueAccount,
    underlying: market.underlying,
    quote: wholePrice(isLong ? position.index.price.min : position.index.price.max, position.index.decimals),
    collateral: {
      ...{ asset, amount, decimals: collateral.decimals },
      quote: wholePrice(collateral.price.min, collateral.decimals),
    },
    ...linear,
    pendingImpact: pendingOf(position),
    closingImpact: floorDiv(position.closingImpactUsd, perWad),
    impactLimit: ceilDiv(applyFactor(position.sizeInUsd, position.impactFactorForLiquidations), perWad),
    closingFee: closingFeeOf(position),
    liquidationFee: ceilDiv(position.sizeInUsd * position.liquidationFeeFactor, gmxUnit * perWad),
    minimum: ceilDiv(max(position.minCollateralUsd, position.minCollateralUsdForLeverage), perWad),
  }
  return {
    positions: positions.filter((held) => held.kind !== 'balance' || held.amount > 0n),
    requirements: [requirementOf(position, rule)],
    rules: [rule],
  }
}

/** Size, cost and funding, WAD. The cost is rounded up; funding is what is owed in dollars, or beyond the collateral. */
function linearOf(position: GmxPosition): { readonly size: Wad; readonly cost: Wad; readonly funding: Wad } {
  const { isLong, sizeInTokens, sizeInUsd, collateralAmount, fundingFeeAmount, borrowingFeeAmount } = position
  const side = isLong ? 1n : -1n
  const beyond = max(0n, fundingFeeAmount - collateralAmount)
  const owed = (borrowingFeeAmount + beyond) * position.collateral.price.min
  const cut = position.uncappedProfitUsd - position.profitUsd
  return {
    size: side * toUnits(sizeInTokens, position),
    cost: ceilDiv(side * sizeInUsd, perWad),
    funding: -ceilDiv(owed + cut, perWad),
  }
}

function pendingOf(position: GmxPosition): Wad {
  return toUnits(position.pendingImpactAmount, position)
}

/** Whole index tokens, WAD. */
function toUnits(amount: bigint, { index }: GmxPosition): Wad {
  return amount * powerOfTen(18 - index.decimals)
}

/** USD of one whole token, WAD, of the venue's price of its smallest unit. */
function wholePrice(price: bigint, decimals: number): Wad {
  return (price * powerOfTen(decimals)) / perWad
}

function closingFeeOf({ closingFeeAmount, collateral }: GmxPosition): Wad {
  return ceilDiv(closingFeeAmount * collateral.price.min, perWad)
}

/**
 * What must remain of the collateral after closing, and what closing costs. To open, the venue asks for its opening factor,
 * and for more where the side's open interest is large, which is not counted here.
 */
function requirementOf(position: GmxPosition, rule: CollateralizedPerpetualRule): VenueRequirement {
  const costs = rule.closingFee + ceilDiv(-impactOf(position), perWad)
  const opening = max(position.minCollateralUsd, applyFactor(position.sizeInUsd, position.openingFactor))
  return {
    venueAccount: rule.venueAccount,
    initial: max(rule.minimum, ceilDiv(opening, perWad)) + costs,
    maintenance: rule.minimum + costs,
  }
}

/** Impact of closing in whole with what is pending, USD with 30 decimals: never for the account, and within its limit. */
function impactOf(position: GmxPosition): bigint {
  const { closingImpactUsd, pendingImpactAmount, index, sizeInUsd, impactFactorForLiquidations } = position
  const pending = pendingImpactAmount * (pendingImpactAmount < 0n ? index.price.max : index.price.min)
  return max(min(0n, closingImpactUsd + pending), -applyFactor(sizeInUsd, impactFactorForLiquidations))
}

function applyFactor(value: bigint, factor: bigint): bigint {
  return (value * factor) / gmxUnit
}

/**
 * The venue's own check takes fees as it stored them last, which are at most what is accrued, and may count a little more of
 * an impact for the account. So what it says remains lies between ours and ours without accrued fees and impact, and who it
 * says can be liquidated is liquidatable here.
 */
function requireVerdict(position: GmxPosition, { venue }: Context): void {
  const { market, collateral, stored, collateralAmount, fundingFeeAmount, borrowingFeeAmount } = position
  const accrued = (fundingFeeAmount + borrowingFeeAmount) * collateral.price.min
  const impact = impactOf(position)
  const before = (collateralAmount - position.closingFeeAmount) * collateral.price.min + position.profitUsd
  const [least, most] = [before + impact - accrued, before]
  const minimum = max(1n, max(position.minCollateralUsd, position.minCollateralUsdForLeverage))
  const holds = stored.isLiquidatable === stored.remainingUsd < minimum
  if (holds && least <= stored.remainingUsd && stored.remainingUsd <= most) return
  throw new InconsistentReadError(
    `${venue}: of a position in market ${market.market} the venue says that ${stored.remainingUsd} remain and that it ${stored.isLiquidatable ? 'can' : 'cannot'} be liquidated; its parts say otherwise.`,
    {
      metaMessages: [
        `Between ${least} and ${most} should remain, of which ${minimum} are needed, in USD with 30 decimals.`,
        'Check that the reader is one of release 2.2 of GMX v2.',
      ],
    },
  )
}

/** Funding that was won, at the venue outside any position, and tokens of markets and vaults that no parameter set prices. */
function balancesOf({ positions, credited, shares }: GmxV2Raw, context: Context): Balance[] {
  const { account, venue, block, configuration, assets } = context
  const { chainId } = block
  const venueAccount: VenueAccount = {
    ...{ chainId, venue, instance: configuration.dataStore, holder: account },
    subAccount: 'funding',
  }
  const won = (market: string, token: string) =>
    positions.reduce((sum, { market: own, claimable }) => {
      if (own.market !== market) return sum
      const short = own.shortToken === own.longToken ? 0n : claimable.shortToken
      return sum + (own.longToken === token ? claimable.longToken : short)
    }, 0n)
  const funding = credited.map(
    ({ market, token, amount }): Balance => ({
      ...{ kind: 'balance', venueAccount, control: 'venue' },
      claim: { chainId, contract: configuration.dataStore, holder: account, id: `${market}:${token}:funding` },
      asset: toAssetKey(chainId, token),
      amount: amount + won(market, token),
    }),
  )
  const unpriced = shares
    .filter(({ token }) => !(toAssetKey(chainId, token) in assets))
    .map(
      ({ token, amount }): Balance => ({
        ...{ kind: 'balance', control: 'free' },
        venueAccount: { chainId, venue, instance: token, holder: account, subAccount: '' },
        claim: { chainId, contract: token, holder: account, id: 'shares' },
        asset: toAssetKey(chainId, token),
        amount,
      }),
    )
  return [...funding, ...unpriced].filter(({ amount }) => amount > 0n)
}
