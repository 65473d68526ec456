import { type Address, erc20Abi, parseAbi } from 'viem'
import { z } from 'zod'
import { type AssetKey, toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import { type PlannedCall, type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { abs, ceilDiv, floorDiv, max } from '../kernel/fixedPoint.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { requireDecimals } from './decimals.ts'
import { UnsupportedPositionError } from './errors.ts'

const accountBalanceAbi = parseAbi([
  'function getBaseTokens(address trader) view returns (address[])',
  'function getTakerPositionSize(address trader, address baseToken) view returns (int256)',
  'function getTakerOpenNotional(address trader, address baseToken) view returns (int256)',
  'function getPnlAndPendingFee(address trader) view returns (int256 owedRealizedPnl, int256 unrealizedPnl, uint256 pendingFee)',
  'function getTotalAbsPositionValue(address trader) view returns (uint256)',
  'function getTotalDebtValue(address trader) view returns (uint256)',
])
const vaultAbi = parseAbi([
  'function getSettlementToken() view returns (address)',
  'function decimals() view returns (uint8)',
  'function getBalanceByToken(address trader, address token) view returns (int256)',
  'function getCollateralTokens(address trader) view returns (address[])',
  'function getCollateralManager() view returns (address)',
  'function getCollateralMmRatio() view returns (uint24)',
])
const exchangeAbi = parseAbi([
  'function getPendingFundingPayment(address trader, address baseToken) view returns (int256)',
])
const configurationAbi = parseAbi([
  'function getImRatio() view returns (uint24)',
  'function getMmRatio() view returns (uint24)',
])
const orderBookAbi = parseAbi(['function getOpenOrderIds(address trader, address baseToken) view returns (bytes32[])'])
const baseTokenAbi = parseAbi(['function isOpen() view returns (bool)'])
const collateralManagerAbi = parseAbi([
  'function getCollateralConfig(address token) view returns ((address priceFeed, uint24 collateralRatio, uint24 discountRatio, uint256 depositCap))',
  'function getPrice(address token, uint256 interval) view returns (uint256)',
  'function getPriceFeedDecimals(address token) view returns (uint8)',
])

const configuration = z.strictObject({
  clearingHouse: address,
  accountBalance: address,
  vault: address,
  exchange: address,
  clearingHouseConfig: address,
  orderBook: address,
  settlementToken: address,
  markets: z.array(z.strictObject({ baseToken: address, underlying: z.string().min(1) })).min(1),
})

type PerpV2Configuration = z.output<typeof configuration>
type Context = AdapterContext<PerpV2Configuration>

type Market = {
  readonly baseToken: Address
  readonly underlying: string
  readonly isOpen: boolean
  /** WAD base units; long positive. */
  readonly size: bigint
  /** WAD USD received less paid. */
  readonly openNotional: bigint
  /** WAD USD that the trader owes. */
  readonly pendingFunding: bigint
  readonly orders: number
}

type Collateral = {
  readonly token: Address
  readonly decimals: number
  readonly balance: bigint
  /** Share of the value that counts, 1e6 is all. */
  readonly ratio: bigint
  readonly price: bigint
  readonly priceDecimals: number
}

export type PerpV2Raw = {
  readonly baseTokens: readonly Address[]
  readonly settlement: {
    readonly token: Address
    readonly decimals: number
    readonly balance: bigint
    /** WAD USD. */
    readonly owedRealizedPnl: bigint
    readonly pendingFee: bigint
  }
  readonly markets: readonly Market[]
  readonly collaterals: readonly Collateral[]
  /** Values in WAD USD, ratios with 1e6 for one. */
  readonly margin: {
    readonly positionValue: bigint
    readonly debtValue: bigint
    readonly initialRatio: bigint
    readonly maintenanceRatio: bigint
    readonly collateralMaintenanceRatio: bigint
  }
}

/** The vault's own window for the price of a collateral token, seconds. */
const collateralTwapInterval = 900n

/**
 * Perpetual Protocol v2 (Curie). Cash is the vault balance plus realized profit and fees, floored to the settlement token;
 * the pending funding payment stays with its market. Maker orders, closed markets and markets outside the configuration are
 * refused: they can be liabilities that are not modeled.
 *
 * The requirement is `ratio · |position value|`, initially of the larger of that and the debt value (`Vault.getFreeCollateral`),
 * for maintenance with the vault's higher ratio once there is other collateral (`Vault.isLiquidatable`); plus the value of
 * other collateral that the vault does not count. All in WAD USD at the venue's own prices, rounded up.
 */
export const perpV2: Adapter<PerpV2Configuration, PerpV2Raw> = {
  id: 'perp-v2',
  configuration,

  *read({ configuration, account }) {
    const { accountBalance, vault, clearingHouseConfig, settlementToken } = configuration
    const balances = { address: accountBalance, abi: accountBalanceAbi } as const
    const [
      [baseTokens, [owedRealizedPnl, , pendingFee], positionValue, debtValue],
      [token, decimals, balance, collateralTokens, collateralManager, collateralMaintenanceRatio],
      [initialRatio, maintenanceRatio],
      markets,
    ] = yield* readTogether([
      readAll([
        { ...balances, functionName: 'getBaseTokens', args: [account] },
        { ...balances, functionName: 'getPnlAndPendingFee', args: [account] },
        { ...balances, functionName: 'getTotalAbsPositionValue', args: [account] },
        { ...balances, functionName: 'getTotalDebtValue', args: [account] },
      ]),
      readAll([
        { address: vault, abi: vaultAbi, functionName: 'getSettlementToken' },
        { address: vault, abi: vaultAbi, functionName: 'decimals' },
        balanceOf(vault, account, settlementToken),
        { address: vault, abi: vaultAbi, functionName: 'getCollateralTokens', args: [account] },
        { address: vault, abi: vaultAbi, functionName: 'getCollateralManager' },
        { address: vault, abi: vaultAbi, functionName: 'getCollateralMmRatio' },
      ]),
      readAll([
        { address: clearingHouseConfig, abi: configurationAbi, functionName: 'getImRatio' },
        { address: clearingHouseConfig, abi: configurationAbi, functionName: 'getMmRatio' },
      ]),
      readTogether(configuration.markets.map((market) => readMarket(market, configuration, account))),
    ])
    const collaterals = yield* readTogether(
      collateralTokens.map((collateral) => readCollateral(collateral, vault, collateralManager, account)),
    )
    return {
      baseTokens,
      settlement: { token, decimals, balance, owedRealizedPnl, pendingFee },
      markets,
      collaterals,
      margin: {
        positionValue,
        debtValue,
        initialRatio: BigInt(initialRatio),
        maintenanceRatio: BigInt(maintenanceRatio),
        collateralMaintenanceRatio: BigInt(collateralMaintenanceRatio),
      },
    }
  },

  toPositions(raw, context) {
    const { configuration, account, block, venue } = context
    const { chainId } = block
    requireSupported(raw, context)
    const quoteAsset = toAssetKey(chainId, raw.settlement.token)
    requireDecimals(context, quoteAsset, raw.settlement.decimals)
    const venueAccount = { chainId, venue, instance: configuration.clearingHouse, holder: account, subAccount: '' }
    const vaultLeg = { contract: configuration.vault, venueAccount }
    const positions = [
      ...tokenLeg(quoteAsset, settlementCash(raw.settlement), vaultLeg),
      ...raw.collaterals.flatMap(({ token, decimals, balance }) => {
        const asset = toAssetKey(chainId, token)
        requireDecimals(context, asset, decimals)
        return tokenLeg(asset, balance, vaultLeg)
      }),
      ...raw.markets.flatMap((market) => perpetualLeg(market, quoteAsset, venueAccount)),
    ]
    const owes = positions.some(({ kind }) => kind === 'perpetual' || kind === 'debt')
    return { positions, requirements: owes ? [requirementOf(raw, venueAccount)] : [], rules: [] }
  },

  witness({ collaterals }, { configuration, account }) {
    const { accountBalance, vault, settlementToken, markets } = configuration
    return [
      { address: accountBalance, abi: accountBalanceAbi, functionName: 'getBaseTokens', args: [account] },
      { address: vault, abi: vaultAbi, functionName: 'getCollateralTokens', args: [account] },
      ...[settlementToken, ...collaterals.map(({ token }) => token)].map((token) => balanceOf(vault, account, token)),
      ...markets.flatMap(({ baseToken }): readonly PlannedCall[] => takerCalls(baseToken, configuration, account)),
    ]
  },
}

function* readMarket(
  { baseToken, underlying }: PerpV2Configuration['markets'][number],
  configuration: PerpV2Configuration,
  account: Address,
): ReadPlan<Market> {
  const [[size, openNotional, orders], [isOpen, pendingFunding]] = yield* readTogether([
    readAll(takerCalls(baseToken, configuration, account)),
    readAll([
      { address: baseToken, abi: baseTokenAbi, functionName: 'isOpen' },
      {
        address: configuration.exchange,
        abi: exchangeAbi,
        functionName: 'getPendingFundingPayment',
        args: [account, baseToken],
      },
    ]),
  ])
  return { baseToken, underlying, isOpen, size, openNotional, pendingFunding, orders: orders.length }
}

function takerCalls(
  baseToken: Address,
  { accountBalance, orderBook }: Pick<PerpV2Configuration, 'accountBalance' | 'orderBook'>,
  account: Address,
) {
  const args = [account, baseToken] as const
  return [
    { address: accountBalance, abi: accountBalanceAbi, functionName: 'getTakerPositionSize', args },
    { address: accountBalance, abi: accountBalanceAbi, functionName: 'getTakerOpenNotional', args },
    { address: orderBook, abi: orderBookAbi, functionName: 'getOpenOrderIds', args },
  ] as const
}

function* readCollateral(token: Address, vault: Address, manager: Address, account: Address): ReadPlan<Collateral> {
  const collateralManager = { address: manager, abi: collateralManagerAbi } as const
  const [decimals, balance, { collateralRatio }, price, priceDecimals] = yield* readAll([
    { address: token, abi: erc20Abi, functionName: 'decimals' },
    balanceOf(vault, account, token),
    { ...collateralManager, functionName: 'getCollateralConfig', args: [token] },
    { ...collateralManager, functionName: 'getPrice', args: [token, collateralTwapInterval] },
    { ...collateralManager, functionName: 'getPriceFeedDecimals', args: [token] },
  ])
  return { token, decimals, balance, ratio: BigInt(collateralRatio), price, priceDecimals }
}

function balanceOf(vault: Address, account: Address, token: Address) {
  return { address: vault, abi: vaultAbi, functionName: 'getBalanceByToken', args: [account, token] } as const
}

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
    if (orders > 0) {
      throw new UnsupportedPositionError({
        venue,
        position: `liquidity in market ${baseToken} (${orders} open ${orders === 1 ? 'order' : 'orders'})`,
        remedy: 'Remove the liquidity; it can turn into a liability that is not modeled.',
      })
    }
    if (!isOpen && (size !== 0n || openNotional !== 0n)) {
      throw new UnsupportedPositionError({
        venue,
        position: `a position in market ${baseToken}, which is paused or closed`,
        remedy: 'Close the position at the market; its price no longer follows the underlying.',
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
  { contract, venueAccount }: { readonly contract: Address; readonly venueAccount: VenueAccount },
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
    },
  ]
}

function perpetualLeg(market: Market, quoteAsset: AssetKey, venueAccount: VenueAccount): Position[] {
  const { baseToken, underlying, size, openNotional, pendingFunding } = market
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
    },
  ]
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
