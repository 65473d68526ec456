import { type AssetKey, toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueAccount } from '../core/position.ts'
import { type Wad, wad } from '../core/units.ts'
import type { PerpetualAccountRule } from '../core/venueRule.ts'
import { min } from '../kernel/fixedPoint.ts'
import type { PerpV2Collateral, PerpV2Market, PerpV2Raw } from './perpV2Read.ts'

/** Value of other collateral before its ratio, WAD USD (`Vault._getSettlementByCollateral`). */
export function collateralValue({ balance, price, decimals, priceDecimals }: PerpV2Collateral): Wad {
  return (balance * price * wad) / 10n ** BigInt(decimals + priceDecimals)
}

/**
 * The rule of an account with a position or with other collateral, in the venue's own ratios and prices.
 *
 * @throws {InconsistentReadError} for a position without a mark price.
 */
export function perpV2Rule(
  { settlement, markets, collaterals, collateralLimits, margin }: PerpV2Raw,
  { quoteAsset, venueAccount, venue }: { quoteAsset: AssetKey; venueAccount: VenueAccount; venue: string },
): PerpetualAccountRule {
  const settlementUnit = 10n ** BigInt(18 - settlement.decimals)
  const toWad = (ratio: bigint) => ratio * 10n ** 12n
  const insuranceFee = collateralLimits?.insuranceFeeRatio ?? 0n
  return {
    kind: 'perpetualAccount',
    venueAccount,
    quoteAsset,
    quoteDecimals: settlement.decimals,
    cash: settlement.balance * settlementUnit + settlement.owedRealizedPnl + settlement.pendingFee,
    collaterals: collaterals.map((collateral) => ({
      asset: toAssetKey(venueAccount.chainId, collateral.token),
      value: collateralValue(collateral),
      ratio: toWad(collateral.ratio),
      // What is repaid is short of the discount and of the fund's fee; their sum is not less than both in turn.
      discount: min(toWad(collateral.discountRatio + insuranceFee), wad),
    })),
    markets: markets
      .filter(
        ({ size, openNotional, pendingFunding, orders }) =>
          size !== 0n || openNotional !== 0n || pendingFunding !== 0n || orders.length > 0,
      )
      .map((market) => ({
        underlying: market.underlying,
        size: market.size,
        cost: -market.openNotional,
        funding: -market.pendingFunding,
        // A market without size has no value, whatever the quote.
        quote: market.size === 0n && market.orders.length === 0 ? 1n : requirePrice(market, 'markPrice', venue),
        ...(market.orders.length > 0 && {
          maker: { sqrtPrice: requirePrice(market, 'sqrtPrice', venue), orders: market.orders },
        }),
      })),
    maintenanceRatio: toWad(collaterals.length > 0 ? margin.collateralMaintenanceRatio : margin.maintenanceRatio),
    penaltyRatio: toWad(margin.penaltyRatio),
    ...(collateralLimits && {
      settlementDebt: {
        ratio: toWad(collateralLimits.debtValueRatio),
        limit: collateralLimits.debtLimit * settlementUnit,
      },
    }),
  }
}

function requirePrice(market: PerpV2Market, kind: 'markPrice' | 'sqrtPrice', venue: string): bigint {
  const price = market[kind]
  if (price !== undefined && price > 0n) return price
  const name = kind === 'markPrice' ? 'mark price' : 'price of its pool'
  throw new InconsistentReadError(`${venue}: market ${market.baseToken} has a position or orders and no ${name}.`)
}
