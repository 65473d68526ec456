import { type Address, erc20Abi, isAddressEqual, zeroAddress } from 'viem'
import { z } from 'zod'
import type { Underlying } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import type { AdapterContext } from './adapter.ts'
import { readDecimals, type TokenDecimals } from './decimals.ts'
import { UnsupportedPositionError } from './errors.ts'
import { gmxDataStoreAbi, gmxReaderAbi } from './gmxV2Abi.ts'
import { gmxKeys, gmxPositionKey } from './gmxV2Keys.ts'
import { type GmxToken, readGmxPrices } from './gmxV2Prices.ts'

/** Positions that one call of the venue's `Reader` lists. */
const pageSize = 100n

export const gmxV2Configuration = z.strictObject({
  reader: address,
  dataStore: address,
  referralStorage: address,
  /** Markets by their token, each with what its index token follows; a position in another one is refused. */
  markets: z
    .array(z.strictObject({ market: address, underlying: z.string().min(1) }))
    .min(1)
    .refine((markets) => new Set(markets.map(({ market }) => market)).size === markets.length, 'lists a market twice'),
  /** Vaults of market tokens, whose shares are named if the account holds any. */
  glvs: z.array(address).default([]),
})

export type GmxV2Configuration = z.output<typeof gmxV2Configuration>

/** The tokens of a market of the configuration. */
export type GmxMarket = {
  readonly market: Address
  readonly underlying: Underlying
  readonly indexToken: Address
  readonly longToken: Address
  readonly shortToken: Address
}

/** One position with what the venue says of closing it in whole at its reference prices. USD and factors have 30 decimals. */
export type GmxPosition = {
  readonly market: GmxMarket
  readonly collateralToken: Address
  readonly isLong: boolean
  readonly sizeInUsd: bigint
  readonly sizeInTokens: bigint
  readonly collateralAmount: bigint
  /** Smallest units of the index token that opening is still to gain or to pay. */
  readonly pendingImpactAmount: bigint
  readonly index: GmxToken
  readonly collateral: GmxToken
  /** Smallest units of the collateral, accrued to the block. */
  readonly fundingFeeAmount: bigint
  readonly borrowingFeeAmount: bigint
  /** Fee of closing less discounts, smallest units of the collateral. */
  readonly closingFeeAmount: bigint
  readonly closingImpactUsd: bigint
  /** Profit or loss as the pool would pay it, and without its cap. */
  readonly profitUsd: bigint
  readonly uncappedProfitUsd: bigint
  /** Funding won and not yet credited, smallest units. */
  readonly claimable: { readonly longToken: bigint; readonly shortToken: bigint }
  /** The venue's own check at the fees that it has stored. */
  readonly stored: { readonly isLiquidatable: boolean; readonly remainingUsd: bigint }
  readonly minCollateralUsd: bigint
  readonly minCollateralUsdForLeverage: bigint
  readonly openingFactor: bigint
  readonly liquidationFeeFactor: bigint
  readonly impactFactorForLiquidations: bigint
}

export type GmxV2Raw = {
  readonly orders: bigint
  readonly positions: readonly GmxPosition[]
  /** Funding credited to the account, by market and token, and not yet claimed. */
  readonly credited: readonly { readonly market: Address; readonly token: Address; readonly amount: bigint }[]
  /** Tokens of markets and vaults in the account's hands. */
  readonly shares: readonly { readonly token: Address; readonly amount: bigint }[]
  readonly decimals: readonly TokenDecimals[]
  readonly markets: readonly GmxMarket[]
  readonly count: bigint
}

type Context = AdapterContext<GmxV2Configuration>

/**
 * Reads positions, orders, funding and shares. Prices come first: the venue's views take them as arguments and have none of
 * their own.
 *
 * @throws {UnsupportedPositionError} for a position in a market outside the configuration or without a reference price.
 * @throws {InconsistentReadError} when the venue's answers contradict one another.
 */
export function* readGmxV2(context: Context): ReadPlan<GmxV2Raw> {
  const { configuration, account } = context
  const [[count, orders], markets, balances] = yield* readTogether([
    readAll(countCalls(configuration, account)),
    readMarkets(context),
    readEach(
      sharesOf(configuration).map(
        (token) => ({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [account] }) as const,
      ),
    ),
  ])
  const funding = fundingCalls(markets, configuration, account)
  const [pages, amounts] = yield* readTogether([
    readEach(pageCalls(count, configuration, account)),
    readEach(funding.map(({ call }) => call)),
  ])
  const listed = pages.flat()
  if (BigInt(listed.length) !== count || listed.some(({ addresses }) => !isAddressEqual(addresses.account, account))) {
    throw new InconsistentReadError(
      `${context.venue}: the account has ${count} positions, the reader ${configuration.reader} lists ${listed.length} of it.`,
      { metaMessages: ['Check that reader and data store of the configuration belong together.'] },
    )
  }
  const credited = funding.map(({ market, token }, index) => ({ market, token, amount: amounts[index] ?? 0n }))
  const placed = listed.map((position) => ({ position, market: marketOf(position.addresses.market, markets, context) }))
  const tokens = placed.flatMap(({ market, position }) => [
    ...[market.indexToken, market.longToken, market.shortToken],
    position.addresses.collateralToken,
  ])
  const { dataStore } = configuration
  const [prices, decimals] = yield* readTogether([
    readGmxPrices(tokens, { venue: context.venue, dataStore, timestamp: context.block.timestamp }),
    readDecimals([
      ...placed.flatMap(({ market, position }) => [
        ...[market.longToken, market.shortToken],
        position.addresses.collateralToken,
      ]),
      ...credited.flatMap(({ token, amount }) => (amount > 0n ? [token] : [])),
    ]),
  ])
  const positions = yield* readTogether(
    placed.map(({ position, market }) => readPosition(position, { market, prices, context })),
  )
  const shares = sharesOf(configuration).map((token, index) => ({ token, amount: balances[index] ?? 0n }))
  return { orders, positions, credited, shares, decimals, markets, count }
}

/**
 * Positions as the venue has stored them, the number of them and of orders, and funding that was credited: these change when
 * something is done to the account, and neither as fees accrue nor as prices move.
 */
export function gmxV2Witness(
  { markets, count }: Pick<GmxV2Raw, 'markets' | 'count'>,
  { configuration, account }: Pick<Context, 'configuration' | 'account'>,
): PlannedCall[] {
  return [
    ...countCalls(configuration, account),
    ...pageCalls(count, configuration, account),
    ...fundingCalls(markets, configuration, account).map(({ call }) => call),
  ]
}

type Props = {
  readonly addresses: { readonly account: Address; readonly market: Address; readonly collateralToken: Address }
  readonly numbers: Pick<GmxPosition, 'sizeInUsd' | 'sizeInTokens' | 'collateralAmount' | 'pendingImpactAmount'>
  readonly flags: { readonly isLong: boolean }
}

function countCalls({ dataStore }: GmxV2Configuration, account: Address) {
  const store = { address: dataStore, abi: gmxDataStoreAbi, functionName: 'getBytes32Count' } as const
  return [
    { ...store, args: [gmxKeys.accountPositions(account)] },
    { ...store, args: [gmxKeys.accountOrders(account)] },
  ] as const
}

/** As many pages as the positions fill; the reader cuts a page at the end of the list. */
function pageCalls(count: bigint, { reader, dataStore }: GmxV2Configuration, account: Address) {
  const pages = Number((count + pageSize - 1n) / pageSize)
  return Array.from({ length: pages }, (_, page) => {
    const start = BigInt(page) * pageSize
    const view = { address: reader, abi: gmxReaderAbi, functionName: 'getAccountPositions' } as const
    return { ...view, args: [dataStore, account, start, start + pageSize] } as const
  })
}

function fundingCalls(markets: readonly GmxMarket[], { dataStore }: GmxV2Configuration, account: Address) {
  return markets.flatMap(({ market, longToken, shortToken }) =>
    [...new Set([longToken, shortToken])].map((token) => {
      const key = gmxKeys.claimableFunding(market, token, account)
      const call = { address: dataStore, abi: gmxDataStoreAbi, functionName: 'getUint', args: [key] } as const
      return { market, token, call }
    }),
  )
}

function sharesOf({ markets, glvs }: GmxV2Configuration): readonly Address[] {
  return [...new Set([...markets.map(({ market }) => market), ...glvs])]
}

function* readMarkets({ configuration, venue }: Context): ReadPlan<readonly GmxMarket[]> {
  const { reader, dataStore, markets } = configuration
  const props = yield* readEach(
    markets.map(
      ({ market }) =>
        ({ address: reader, abi: gmxReaderAbi, functionName: 'getMarket', args: [dataStore, market] }) as const,
    ),
  )
  return markets.map(({ market, underlying }, index) => {
    const { marketToken, indexToken, longToken, shortToken } = props[index] as (typeof props)[number]
    if (isAddressEqual(marketToken, market) && indexToken !== zeroAddress) {
      return { market, underlying, indexToken, longToken, shortToken }
    }
    throw new InconsistentReadError(`${venue}: ${market} is no market of the data store ${dataStore} with positions.`, {
      metaMessages: ['Take it out of the configuration; markets for swaps alone have no index token.'],
    })
  })
}

function marketOf(market: Address, markets: readonly GmxMarket[], { venue }: Context): GmxMarket {
  const found = markets.find((known) => isAddressEqual(known.market, market))
  if (found) return found
  throw new UnsupportedPositionError({
    venue,
    position: `a position in market ${market}`,
    remedy: 'Add the market to the configuration of the venue, with the underlying that its index token follows.',
  })
}

function* readPosition(
  { addresses, numbers, flags: { isLong } }: Props,
  {
    market,
    prices,
    context: { venue, configuration },
  }: {
    readonly market: GmxMarket
    readonly prices: ReadonlyMap<Address, GmxToken>
    readonly context: Context
  },
): ReadPlan<GmxPosition> {
  const { reader, dataStore, referralStorage } = configuration
  const { collateralToken } = addresses
  const priceOf = (token: Address) => prices.get(token) as GmxToken
  const [index, collateral] = [priceOf(market.indexToken), priceOf(collateralToken)]
  const key = gmxPositionKey({ ...addresses, isLong })
  const given = {
    indexTokenPrice: index.price,
    longTokenPrice: priceOf(market.longToken).price,
    shortTokenPrice: priceOf(market.shortToken).price,
  }
  const { indexToken, longToken, shortToken } = market
  const props = { marketToken: market.market, indexToken, longToken, shortToken }
  const view = { address: reader, abi: gmxReaderAbi } as const
  const store = { address: dataStore, abi: gmxDataStoreAbi, functionName: 'getUint' } as const
  const [info, [isLiquidatable, , state], openingFactor, liquidationFeeFactor, impactFactorForLiquidations] =
    yield* readAll([
      {
        ...view,
        functionName: 'getPositionInfo',
        args: [dataStore, referralStorage, key, given, 0n, zeroAddress, true],
      },
      {
        ...view,
        functionName: 'isPositionLiquidatable',
        args: [dataStore, referralStorage, key, props, given, true, true],
      },
      { ...store, args: [gmxKeys.minCollateralFactor(market.market)] },
      { ...store, args: [gmxKeys.liquidationFeeFactor(market.market)] },
      { ...store, args: [gmxKeys.impactFactorForLiquidations(market.market)] },
    ])
  const { fees, position } = info
  const { sizeInUsd, sizeInTokens, collateralAmount, pendingImpactAmount } = numbers
  const repeats =
    position.numbers.sizeInUsd === sizeInUsd &&
    position.numbers.sizeInTokens === sizeInTokens &&
    position.numbers.collateralAmount === collateralAmount &&
    position.numbers.pendingImpactAmount === pendingImpactAmount &&
    position.flags.isLong === isLong &&
    fees.collateralTokenPrice.min === collateral.price.min &&
    fees.collateralTokenPrice.max === collateral.price.max &&
    fees.totalCostAmount === fees.totalCostAmountExcludingFunding + fees.funding.fundingFeeAmount
  if (!repeats) {
    throw new InconsistentReadError(
      `${venue}: what the reader ${reader} says of the fees of position ${key} does not repeat its position and prices.`,
      {
        metaMessages: ['Check that the reader is one of release 2.2 of GMX v2; others order their answers otherwise.'],
      },
    )
  }
  return {
    ...{ market, collateralToken, isLong, sizeInUsd, sizeInTokens, collateralAmount, pendingImpactAmount },
    ...{ index, collateral, openingFactor, liquidationFeeFactor, impactFactorForLiquidations },
    fundingFeeAmount: fees.funding.fundingFeeAmount,
    borrowingFeeAmount: fees.borrowing.borrowingFeeAmount,
    closingFeeAmount: fees.totalCostAmountExcludingFunding - fees.borrowing.borrowingFeeAmount,
    closingImpactUsd: info.executionPriceResult.priceImpactUsd,
    profitUsd: info.basePnlUsd,
    uncappedProfitUsd: info.uncappedBasePnlUsd,
    claimable: {
      longToken: fees.funding.claimableLongTokenAmount,
      shortToken: fees.funding.claimableShortTokenAmount,
    },
    stored: { isLiquidatable, remainingUsd: state.remainingCollateralUsd },
    minCollateralUsd: state.minCollateralUsd,
    minCollateralUsdForLeverage: state.minCollateralUsdForLeverage,
  }
}
