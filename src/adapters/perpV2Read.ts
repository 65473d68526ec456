import { type Address, erc20Abi, type Hex, parseAbi } from 'viem'
import { z } from 'zod'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'

const accountBalanceAbi = parseAbi([
  'function getBaseTokens(address trader) view returns (address[])',
  'function getTakerPositionSize(address trader, address baseToken) view returns (int256)',
  'function getTakerOpenNotional(address trader, address baseToken) view returns (int256)',
  'function getPnlAndPendingFee(address trader) view returns (int256 owedRealizedPnl, int256 unrealizedPnl, uint256 pendingFee)',
  'function getTotalAbsPositionValue(address trader) view returns (uint256)',
  'function getTotalDebtValue(address trader) view returns (uint256)',
  'function getMarkPrice(address baseToken) view returns (uint256)',
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
  'function getSqrtMarketTwapX96(address baseToken, uint32 twapInterval) view returns (uint160)',
])
const configurationAbi = parseAbi([
  'function getImRatio() view returns (uint24)',
  'function getMmRatio() view returns (uint24)',
  'function getLiquidationPenaltyRatio() view returns (uint24)',
])
const orderBookAbi = parseAbi([
  'function getOpenOrderIds(address trader, address baseToken) view returns (bytes32[])',
  'function getOpenOrderById(bytes32 orderId) view returns ((uint128 liquidity, int24 lowerTick, int24 upperTick, uint256 lastFeeGrowthInsideX128, int256 lastTwPremiumGrowthInsideX96, int256 lastTwPremiumGrowthBelowX96, int256 lastTwPremiumDivBySqrtPriceGrowthInsideX96, uint256 baseDebt, uint256 quoteDebt))',
  'function getTotalOrderDebt(address trader, address baseToken, bool fetchBase) view returns (uint256)',
])
const baseTokenAbi = parseAbi(['function isOpen() view returns (bool)'])
const collateralManagerAbi = parseAbi([
  'function getCollateralConfig(address token) view returns ((address priceFeed, uint24 collateralRatio, uint24 discountRatio, uint256 depositCap))',
  'function getPrice(address token, uint256 interval) view returns (uint256)',
  'function getPriceFeedDecimals(address token) view returns (uint8)',
  'function getCLInsuranceFundFeeRatio() view returns (uint24)',
  'function getDebtNonSettlementTokenValueRatio() view returns (uint24)',
  'function getDebtThresholdByTrader(address trader) view returns (uint256)',
])

export const perpV2Configuration = z.strictObject({
  clearingHouse: address,
  accountBalance: address,
  vault: address,
  exchange: address,
  clearingHouseConfig: address,
  orderBook: address,
  settlementToken: address,
  markets: z.array(z.strictObject({ baseToken: address, underlying: z.string().min(1) })).min(1),
})

export type PerpV2Configuration = z.output<typeof perpV2Configuration>
export type PerpV2Market = {
  readonly baseToken: Address
  readonly underlying: string
  readonly isOpen: boolean
  /** WAD base units; long positive. */
  readonly size: bigint
  /** WAD USD received less paid. */
  readonly openNotional: bigint
  /** WAD USD that the trader owes. */
  readonly pendingFunding: bigint
  readonly orders: readonly PerpV2Order[]
  /** The venue's mark price, WAD USD, of an open market with a position or orders. */
  readonly markPrice?: bigint
  /** √(quote per base) of the market's pool, Q96, of an open market with orders. */
  readonly sqrtPrice?: bigint
}

/** An open order: a range of the market's pool and what was borrowed to provide it, WAD of the virtual tokens. */
export type PerpV2Order = {
  readonly id: Hex
  readonly liquidity: bigint
  readonly tickLower: number
  readonly tickUpper: number
  readonly baseDebt: bigint
  readonly quoteDebt: bigint
}

export type PerpV2Collateral = {
  readonly token: Address
  readonly decimals: number
  readonly balance: bigint
  /** Share of the value that counts, 1e6 is all. */
  readonly ratio: bigint
  /** Share of the value that a forced sale costs, before the fee of the insurance fund; 1e6 is all. */
  readonly discountRatio: bigint
  readonly price: bigint
  readonly priceDecimals: number
}

/** When the vault sells other collateral; ratios with 1e6 for one, the limit in units of the settlement token. */
export type PerpV2CollateralLimits = {
  readonly insuranceFeeRatio: bigint
  readonly debtValueRatio: bigint
  readonly debtLimit: bigint
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
  readonly markets: readonly PerpV2Market[]
  readonly collaterals: readonly PerpV2Collateral[]
  /** Of a trader with other collateral. */
  readonly collateralLimits?: PerpV2CollateralLimits
  /** Values in WAD USD, ratios with 1e6 for one. */
  readonly margin: {
    readonly positionValue: bigint
    readonly debtValue: bigint
    readonly initialRatio: bigint
    readonly maintenanceRatio: bigint
    readonly collateralMaintenanceRatio: bigint
    readonly penaltyRatio: bigint
  }
}

/** The vault's own window for the price of a collateral token, seconds. */
const collateralTwapInterval = 900n

/** Reads everything of a trader: cash, collateral, every configured market and what the venue demands. */
export function* readPerpV2(configuration: PerpV2Configuration, account: Address): ReadPlan<PerpV2Raw> {
  const { accountBalance, vault, clearingHouseConfig, settlementToken } = configuration
  const balances = { address: accountBalance, abi: accountBalanceAbi } as const
  const [
    [baseTokens, [owedRealizedPnl, , pendingFee]],
    [token, decimals, balance, collateralTokens, collateralManager, collateralMaintenanceRatio],
    [initialRatio, maintenanceRatio, penaltyRatio],
    markets,
  ] = yield* readTogether([
    readAll([
      { ...balances, functionName: 'getBaseTokens', args: [account] },
      { ...balances, functionName: 'getPnlAndPendingFee', args: [account] },
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
      { address: clearingHouseConfig, abi: configurationAbi, functionName: 'getLiquidationPenaltyRatio' },
    ]),
    readTogether(configuration.markets.map((market) => readMarket(market, configuration, account))),
  ])
  const [[positionValue = 0n, debtValue = 0n], fundings, collaterals, limits, priced] = yield* readTogether([
    readEach(
      baseTokens.length === 0
        ? []
        : ([
            { ...balances, functionName: 'getTotalAbsPositionValue', args: [account] },
            { ...balances, functionName: 'getTotalDebtValue', args: [account] },
          ] as const),
    ),
    readTogether(markets.map((market) => readFunding(market, baseTokens, configuration, account))),
    readTogether(collateralTokens.map((collateral) => readCollateral(collateral, vault, collateralManager, account))),
    readCollateralLimits(collateralTokens, collateralManager, account),
    readTogether(markets.map((market) => readOrdersAndPrices(market, configuration))),
  ])
  return {
    baseTokens,
    settlement: { token, decimals, balance, owedRealizedPnl, pendingFee },
    markets: priced.map((market, index) => ({ ...market, pendingFunding: fundings[index] ?? 0n })),
    collaterals,
    ...(limits && { collateralLimits: limits }),
    margin: {
      positionValue,
      debtValue,
      initialRatio: BigInt(initialRatio),
      maintenanceRatio: BigInt(maintenanceRatio),
      collateralMaintenanceRatio: BigInt(collateralMaintenanceRatio),
      penaltyRatio: BigInt(penaltyRatio),
    },
  }
}

/** Lists and amounts that only the trader's actions change: no price, no funding. */
export function perpV2Witness(
  { collaterals }: PerpV2Raw,
  configuration: PerpV2Configuration,
  account: Address,
): PlannedCall[] {
  const { accountBalance, vault, settlementToken, markets } = configuration
  return [
    { address: accountBalance, abi: accountBalanceAbi, functionName: 'getBaseTokens', args: [account] },
    { address: vault, abi: vaultAbi, functionName: 'getCollateralTokens', args: [account] },
    ...[settlementToken, ...collaterals.map(({ token }) => token)].map((token) => balanceOf(vault, account, token)),
    ...markets.flatMap(({ baseToken }): readonly PlannedCall[] => [
      ...takerCalls(baseToken, configuration, account),
      // Every change of an order moves its debts; the order itself also holds growths that anyone may settle.
      ...orderDebtCalls(baseToken, configuration, account),
    ]),
  ]
}

function* readMarket(
  { baseToken, underlying }: PerpV2Configuration['markets'][number],
  configuration: PerpV2Configuration,
  account: Address,
): ReadPlan<ListedMarket> {
  const [[size, openNotional, orderIds], [isOpen]] = yield* readTogether([
    readAll(takerCalls(baseToken, configuration, account)),
    readAll([{ address: baseToken, abi: baseTokenAbi, functionName: 'isOpen' }]),
  ])
  return { baseToken, underlying, isOpen, size, openNotional, orderIds }
}

/** Only a market that the venue registers for the trader pays funding; the view is the costliest of all where it is zero too. */
function* readFunding(
  { baseToken, size, openNotional, orderIds }: ListedMarket,
  baseTokens: readonly Address[],
  { exchange }: PerpV2Configuration,
  account: Address,
): ReadPlan<bigint> {
  if (!baseTokens.includes(baseToken) && size === 0n && openNotional === 0n && orderIds.length === 0) return 0n
  const [payment] = yield* readAll([
    { address: exchange, abi: exchangeAbi, functionName: 'getPendingFundingPayment', args: [account, baseToken] },
  ])
  return payment
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

function orderDebtCalls(
  baseToken: Address,
  { orderBook }: Pick<PerpV2Configuration, 'orderBook'>,
  account: Address,
): readonly PlannedCall[] {
  return [true, false].map((fetchBase) => ({
    address: orderBook,
    abi: orderBookAbi,
    functionName: 'getTotalOrderDebt',
    args: [account, baseToken, fetchBase],
  }))
}

type ListedMarket = Omit<PerpV2Market, 'orders' | 'markPrice' | 'sqrtPrice' | 'pendingFunding'> & {
  readonly orderIds: readonly Hex[]
}

/** The orders of a market, and the prices at which the venue values a position and orders; asked only of markets with any. */
function* readOrdersAndPrices(
  { orderIds, ...market }: ListedMarket,
  { accountBalance, exchange, orderBook }: PerpV2Configuration,
): ReadPlan<Omit<PerpV2Market, 'pendingFunding'>> {
  const { baseToken, size, isOpen } = market
  const hasOrders = orderIds.length > 0
  const [stored, [markPrice], [sqrtPrice]] = yield* readTogether([
    readEach(
      orderIds.map(
        (id) => ({ address: orderBook, abi: orderBookAbi, functionName: 'getOpenOrderById', args: [id] }) as const,
      ),
    ),
    readEach(
      isOpen && (size !== 0n || hasOrders)
        ? [
            {
              address: accountBalance,
              abi: accountBalanceAbi,
              functionName: 'getMarkPrice',
              args: [baseToken],
            } as const,
          ]
        : [],
    ),
    readEach(
      isOpen && hasOrders
        ? [{ address: exchange, abi: exchangeAbi, functionName: 'getSqrtMarketTwapX96', args: [baseToken, 0] } as const]
        : [],
    ),
  ])
  const orders = orderIds.map((id, index): PerpV2Order => {
    const { liquidity, lowerTick, upperTick, baseDebt, quoteDebt } = stored[index] as (typeof stored)[number]
    return { id, liquidity, tickLower: lowerTick, tickUpper: upperTick, baseDebt, quoteDebt }
  })
  return {
    ...market,
    orders,
    ...(markPrice !== undefined && { markPrice }),
    ...(sqrtPrice !== undefined && { sqrtPrice }),
  }
}

function* readCollateralLimits(
  tokens: readonly Address[],
  manager: Address,
  account: Address,
): ReadPlan<PerpV2CollateralLimits | undefined> {
  if (tokens.length === 0) return undefined
  const collateralManager = { address: manager, abi: collateralManagerAbi } as const
  const [insuranceFeeRatio, debtValueRatio, debtLimit] = yield* readAll([
    { ...collateralManager, functionName: 'getCLInsuranceFundFeeRatio' },
    { ...collateralManager, functionName: 'getDebtNonSettlementTokenValueRatio' },
    { ...collateralManager, functionName: 'getDebtThresholdByTrader', args: [account] },
  ])
  return { insuranceFeeRatio: BigInt(insuranceFeeRatio), debtValueRatio: BigInt(debtValueRatio), debtLimit }
}

function* readCollateral(
  token: Address,
  vault: Address,
  manager: Address,
  account: Address,
): ReadPlan<PerpV2Collateral> {
  const collateralManager = { address: manager, abi: collateralManagerAbi } as const
  const [decimals, balance, { collateralRatio, discountRatio }, price, priceDecimals] = yield* readAll([
    { address: token, abi: erc20Abi, functionName: 'decimals' },
    balanceOf(vault, account, token),
    { ...collateralManager, functionName: 'getCollateralConfig', args: [token] },
    { ...collateralManager, functionName: 'getPrice', args: [token, collateralTwapInterval] },
    { ...collateralManager, functionName: 'getPriceFeedDecimals', args: [token] },
  ])
  const ratios = { ratio: BigInt(collateralRatio), discountRatio: BigInt(discountRatio) }
  return { token, decimals, balance, ...ratios, price, priceDecimals }
}

function balanceOf(vault: Address, account: Address, token: Address) {
  return { address: vault, abi: vaultAbi, functionName: 'getBalanceByToken', args: [account, token] } as const
}
