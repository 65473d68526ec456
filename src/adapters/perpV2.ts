import { type Address, pad, toEventSelector } from 'viem'
import { type AssetKey, toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import type { Wad } from '../core/units.ts'
import { amountsForLiquidity } from '../kernel/concentratedLiquidity.ts'
import { abs, ceilDiv, floorDiv, max, mul } from '../kernel/fixedPoint.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { requireDecimals } from './decimals.ts'
import { UnsupportedPositionError } from './errors.ts'
import {
  type PerpV2Configuration,
  type PerpV2Market,
  type PerpV2Order,
  type PerpV2Raw,
  perpV2Configuration,
  perpV2Witness,
  readPerpV2,
} from './perpV2Read.ts'
import { collateralValue, perpV2Rule } from './perpV2Rule.ts'

type Context = AdapterContext<PerpV2Configuration>

/**
 * Perpetual Protocol v2 (Curie). Cash is the vault balance plus realized profit and fees, floored to the settlement token;
 * the pending funding payment, also that of orders, stays with its market. An open order is a claim of its own: its range of the
 * market's pool less what was borrowed for it; its pending fees are part of the cash. Closed markets and markets outside the
 * configuration are refused: they can be liabilities that are not modeled.
 *
 * The requirement is `ratio · |position value|`, initially of the larger of that and the debt value (`Vault.getFreeCollateral`),
 * for maintenance with the vault's higher ratio once there is other collateral (`Vault.isLiquidatable`); plus the value of
 * other collateral that the vault does not count. All in WAD USD at the venue's own prices, rounded up.
 *
 * The rule values positions at the venue's mark price: the median of two averages of its market and of the index with its
 * recent premium, so it follows a move of the spot within half an hour (`AccountBalance.getMarkPrice`).
 */
export const perpV2: Adapter<PerpV2Configuration, PerpV2Raw> = {
  id: 'perp-v2',
  configuration: perpV2Configuration,

  read: ({ configuration, account }) => readPerpV2(configuration, account),

  toPositions(raw, context) {
    const { configuration, account, block, venue } = context
    const { chainId } = block
    requireSupported(raw, context)
    const quoteAsset = toAssetKey(chainId, raw.settlement.token)
    requireDecimals(context, quoteAsset, raw.settlement.decimals)
    const venueAccount = { chainId, venue, instance: configuration.clearingHouse, holder: account, subAccount: '' }
    const vaultLeg = { contract: configuration.vault, venueAccount }
    const cash = settlementCash(raw.settlement)
    const cashValue = cash * 10n ** BigInt(18 - raw.settlement.decimals)
    const positions = [
      ...tokenLeg(quoteAsset, cash, { ...vaultLeg, venueValue: cashValue }),
      ...raw.collaterals.flatMap((collateral) => {
        const asset = toAssetKey(chainId, collateral.token)
        requireDecimals(context, asset, collateral.decimals)
        return tokenLeg(asset, collateral.balance, { ...vaultLeg, venueValue: collateralValue(collateral) })
      }),
      ...raw.markets.flatMap((market) => [
        ...perpetualLeg(market, quoteAsset, venueAccount),
        ...orderLegs(market, quoteAsset, { venueAccount, orderBook: configuration.orderBook }),
      ]),
    ]
    const owes = positions.some(({ kind }) => kind !== 'balance')
    if (!owes) return { positions, requirements: [], rules: [] }
    const canBeLiquidated =
      raw.collaterals.length > 0 || raw.markets.some(({ size, orders }) => size !== 0n || orders.length > 0)
    return {
      positions,
      requirements: [requirementOf(raw, venueAccount)],
      rules: canBeLiquidated ? [perpV2Rule(raw, { quoteAsset, venueAccount, venue })] : [],
    }
  },

  witness: (raw, { configuration, account }) => perpV2Witness(raw, configuration, account),

  toldBy: (_, { configuration, account }) => {
    const { clearingHouse, accountBalance, vault, exchange, orderBook } = configuration
    const contracts = [clearingHouse, accountBalance, vault, exchange, orderBook]
    return contracts.map((contract) => ({ contract, words: [pad(account), ...insuranceTopics] }))
  },
}

/** The insurance fund pays bad debt and takes a fee of sold collateral; these logs do not name it. */
const insuranceTopics = [
  'BadDebtSettled(address,uint256)',
  'CollateralLiquidated(address,address,address,uint256,uint256,uint256,uint24)',
].map((event) => toEventSelector(event))

function requireSupported({ baseTokens, settlement, markets }: PerpV2Raw, { configuration, venue }: Context): void {
  if (settlement.token !== configuration.settlementToken) {
    throw new InconsistentReadError(
      `${venue}: the vault settles in ${settlement.token}, the configuration says ${configuration.settlementToken}.`,
      { metaMessages: ['Correct `settlementToken` in the configuration of the venue.'] },
    )
  }
  const unknown = baseTokens.find((token) => !markets.some(({ baseToken }) => baseToken === token))
  if (unknown !== undefined) {
    throw new UnsupportedPositionError({
      venue,
      position: `a position in market ${unknown}`,
      remedy: 'Add the market to the configuration of the venue.',
    })
  }
  for (const { baseToken, orders, isOpen, size, openNotional } of markets) {
    if (!isOpen && (size !== 0n || openNotional !== 0n || orders.length > 0)) {
      throw new UnsupportedPositionError({
        venue,
        position: `a position or an order in market ${baseToken}, which is paused or closed`,
        remedy: 'Close it at the market; its price no longer follows the underlying.',
      })
    }
  }
}

/** Smallest units of the settlement token, rounded down. */
function settlementCash({ decimals, balance, owedRealizedPnl, pendingFee }: PerpV2Raw['settlement']): bigint {
  return balance + floorDiv(owedRealizedPnl + pendingFee, 10n ** BigInt(18 - decimals))
}

function tokenLeg(
  asset: AssetKey,
  amount: bigint,
  {
    contract,
    venueAccount,
    venueValue,
  }: { readonly contract: Address; readonly venueAccount: VenueAccount; readonly venueValue: Wad },
): Position[] {
  if (amount === 0n) return []
  const { chainId, holder } = venueAccount
  return [
    {
      kind: amount < 0n ? 'debt' : 'balance',
      claim: { chainId, contract, holder, id: asset },
      venueAccount,
      control: 'venue',
      asset,
      amount: abs(amount),
      venueValue,
    },
  ]
}

function perpetualLeg(market: PerpV2Market, quoteAsset: AssetKey, venueAccount: VenueAccount): Position[] {
  const { baseToken, underlying, size, openNotional, pendingFunding, markPrice } = market
  if (size === 0n && openNotional === 0n && pendingFunding === 0n) return []
  const { chainId, holder, instance } = venueAccount
  return [
    {
      kind: 'perpetual',
      claim: { chainId, contract: instance, holder, id: baseToken.toLowerCase() },
      venueAccount,
      control: 'venue',
      underlying,
      quoteAsset,
      size,
      cost: -openNotional,
      funding: -pendingFunding,
      ...(markPrice !== undefined && { venueValue: mul(size, markPrice) + openNotional - pendingFunding }),
    },
  ]
}

function orderLegs(
  { underlying, orders, markPrice, sqrtPrice }: PerpV2Market,
  quoteAsset: AssetKey,
  { venueAccount, orderBook }: { readonly venueAccount: VenueAccount; readonly orderBook: Address },
): Position[] {
  const { chainId, holder } = venueAccount
  return orders.map(({ id, ...order }) => ({
    kind: 'perpetualLiquidity',
    claim: { chainId, contract: orderBook, holder, id },
    venueAccount,
    control: 'venue',
    underlying,
    quoteAsset,
    ...order,
    ...(markPrice !== undefined && sqrtPrice !== undefined && { venueValue: orderValue(order, markPrice, sqrtPrice) }),
  }))
}

/** At the pool's own amounts and the venue's mark price, WAD USD. */
function orderValue(
  { baseDebt, quoteDebt, ...range }: Omit<PerpV2Order, 'id'>,
  markPrice: Wad,
  sqrtPrice: bigint,
): Wad {
  const { amount0, amount1 } = amountsForLiquidity({ ...range, sqrtPrice })
  return mul(amount0 - baseDebt, markPrice) + amount1 - quoteDebt
}

function requirementOf({ collaterals, margin }: PerpV2Raw, venueAccount: VenueAccount): VenueRequirement {
  const uncounted = collaterals.reduce((total, { decimals, balance, ratio, price, priceDecimals }) => {
    const scale = 10n ** BigInt(decimals + priceDecimals) * 1_000_000n
    return total + ceilDiv(balance * price * 10n ** 18n * (1_000_000n - ratio), scale)
  }, 0n)
  const { positionValue, debtValue, initialRatio, maintenanceRatio, collateralMaintenanceRatio } = margin
  const ratio = collaterals.length > 0 ? collateralMaintenanceRatio : maintenanceRatio
  return {
    venueAccount,
    initial: ceilDiv(max(positionValue, debtValue) * initialRatio, 1_000_000n) + uncounted,
    maintenance: ceilDiv(positionValue * ratio, 1_000_000n) + uncounted,
  }
}
