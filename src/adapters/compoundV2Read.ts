import { type Address, erc20Abi, isAddressEqual, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { InconsistentReadError } from '../core/errors.ts'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address, fraction } from '../core/schema.ts'
import { readOnce } from '../core/sharedPlan.ts'
import { type Wad, wad } from '../core/units.ts'
import type { AdapterContext } from './adapter.ts'
import { type AccruedMarket, accrue, accruedDebt, exchangeRateOf, type StoredMarket } from './compoundV2Interest.ts'

const comptrollerAbi = parseAbi([
  'function getAllMarkets() view returns (address[])',
  'function getAssetsIn(address account) view returns (address[])',
  'function getAccountLiquidity(address account) view returns (uint256 code, uint256 liquidity, uint256 shortfall)',
  'function oracle() view returns (address)',
  'function liquidationIncentiveMantissa() view returns (uint256)',
])
const compoundAbi = parseAbi([
  'function getBlockNumber() view returns (uint256)',
  'function markets(address cToken) view returns (bool isListed, uint256 collateralFactorMantissa)',
  'function isDeprecated(address cToken) view returns (bool)',
])
const venusAbi = parseAbi([
  'function markets(address vToken) view returns (bool isListed, uint256 collateralFactorMantissa, uint256 liquidationThresholdMantissa)',
  'function isForcedLiquidationEnabled(address vToken) view returns (bool)',
])
const marketAbi = parseAbi([
  'function underlying() view returns (address)',
  'function balanceOf(address account) view returns (uint256)',
  'function borrowBalanceStored(address account) view returns (uint256)',
  'function exchangeRateStored() view returns (uint256)',
  'function getCash() view returns (uint256)',
  'function totalBorrows() view returns (uint256)',
  'function totalReserves() view returns (uint256)',
  'function reserveFactorMantissa() view returns (uint256)',
  'function totalSupply() view returns (uint256)',
  'function borrowIndex() view returns (uint256)',
  'function accrualBlockNumber() view returns (uint256)',
  'function borrowRatePerBlock() view returns (uint256)',
])
const venusMarketAbi = parseAbi([
  'function badDebt() view returns (uint256)',
  'function getBlockNumberOrTimestamp() view returns (uint256)',
])
const oracleAbi = parseAbi(['function getUnderlyingPrice(address market) view returns (uint256)'])

export const compoundV2Configuration = z.strictObject({
  /** Which protocol: Compound v2 and forks that kept its Comptroller, or the isolated pools of Venus. */
  variant: z.enum(['compound', 'venus-isolated']).default('compound'),
  /** One pool each; an account at each is a venue account of its own. */
  comptrollers: z
    .array(address)
    .min(1)
    .refine((pools) => new Set(pools).size === pools.length, 'lists a pool twice'),
  /** Markets whose underlying is the chain's own coin (cETH), which name no token. */
  nativeMarkets: z.array(address).default([]),
  /** Share of the debt that liquidations repay, WAD. The venue's own close factor limits a single one of several. */
  closeFactor: fraction.default(wad),
})

export type CompoundV2Configuration = z.output<typeof compoundV2Configuration>

/** How the comptroller counts a market; factors in WAD, the price in USD per smallest unit scaled by 1e36. */
export type CompoundV2Risk = {
  readonly price: bigint
  /** Share of the value that may be borrowed, and that carries debt until a liquidation. */
  readonly collateralFactor: Wad
  readonly liquidationThreshold: Wad
  /** Whether anyone may liquidate a debt here whatever the account is worth. */
  readonly isForced: boolean
}

/** One market in which the account has shares or a debt, as stored and accrued to the block. Smallest units, WAD. */
export type CompoundV2Market = {
  readonly market: Address
  readonly asset: Address
  readonly decimals: number
  readonly isEntered: boolean
  readonly shares: bigint
  readonly exchangeRate: Wad
  readonly debt: bigint
  readonly stored: { readonly exchangeRate: Wad; readonly debt: bigint }
  /** Where the account owes, or has entered the market. */
  readonly risk?: CompoundV2Risk
}

export type CompoundV2Pool = {
  readonly comptroller: Address
  readonly markets: readonly CompoundV2Market[]
  readonly liquidationIncentive: Wad
  /** Of an account that owes: what the comptroller itself says of it at its last accruals, WAD USD; `error` is its code for none. */
  readonly liquidity?: { readonly error: bigint; readonly liquidity: Wad; readonly shortfall: Wad }
  /** Every market that the pool lists or the account has entered, held or not. */
  readonly all: readonly CompoundV2Place[]
}

/** A market and whether the account may owe there: it can in those entered, and the pool names none that was taken off its list. */
type CompoundV2Place = { readonly market: Address; readonly isEntered: boolean; readonly isListed: boolean }

type Holding = Pick<CompoundV2Market, 'market' | 'asset' | 'isEntered' | 'shares'> & { readonly storedDebt: bigint }

/** Reads all pools. */
export function* readCompoundV2(context: AdapterContext<CompoundV2Configuration>): ReadPlan<readonly CompoundV2Pool[]> {
  return yield* readTogether(context.configuration.comptrollers.map((comptroller) => readPool(comptroller, context)))
}

/**
 * Entered markets, shares of all, and stored debts of those entered: borrowing enters a market and none that is owed can be left
 * (`borrowAllowed`, `exitMarket`), so a debt in another changes `getAssetsIn`. Only markets that Venus has taken off its list
 * (`unlistMarket`) are left out there, with debts still in them, so those are asked of every account. No view shows a debt
 * without its interest, so a stored debt changes with the accruals of its market; where nothing is owed it stays zero.
 */
export function compoundV2Witness({ comptroller, all }: Pick<CompoundV2Pool, 'comptroller' | 'all'>, account: Address) {
  return [
    { address: comptroller, abi: comptrollerAbi, functionName: 'getAssetsIn', args: [account] },
    ...all.flatMap((place): readonly PlannedCall[] => [
      sharesCall(place.market, account),
      ...(mayOwe(place) ? [storedDebtCall(place.market, account)] : []),
    ]),
  ] satisfies PlannedCall[]
}

function mayOwe({ isEntered, isListed }: CompoundV2Place): boolean {
  return isEntered || !isListed
}

function sharesCall(market: Address, account: Address) {
  return { address: market, abi: marketAbi, functionName: 'balanceOf', args: [account] } as const
}

function storedDebtCall(market: Address, account: Address) {
  return { address: market, abi: marketAbi, functionName: 'borrowBalanceStored', args: [account] } as const
}

function* readPool(comptroller: Address, context: AdapterContext<CompoundV2Configuration>): ReadPlan<CompoundV2Pool> {
  const { account, shared } = context
  const pool = { address: comptroller, abi: comptrollerAbi } as const
  const [{ listings, oracle, liquidationIncentive }, [entered]] = yield* readTogether([
    readOnce(shared, `pool ${comptroller}`, () => readTerms(comptroller, context)),
    readAll([{ ...pool, functionName: 'getAssetsIn', args: [account] }]),
  ])
  const has = (markets: readonly Address[], market: Address) => markets.some((other) => isAddressEqual(other, market))
  const listed = listings.map(({ market }) => market)
  const all = [
    ...listings.map((listing) => ({ ...listing, isEntered: has(entered, listing.market) })),
    // Some forks strike a market from `getAllMarkets` and leave it with who has entered it.
    ...entered.filter((market) => !has(listed, market)).map((market) => ({ market, isListed: false, isEntered: true })),
  ]
  const holdings = yield* readTogether(all.map((market) => readHolding(market, context)))
  const held = holdings.filter(({ shares, storedDebt }) => shares > 0n || storedDebt > 0n)
  const [markets, [liquidity]] = yield* readTogether([
    readTogether(held.map((holding) => readMarket(holding, { comptroller, oracle, context }))),
    readEach(
      held.every(({ storedDebt }) => storedDebt === 0n)
        ? []
        : [{ ...pool, functionName: 'getAccountLiquidity', args: [account] } as const],
    ),
  ])
  return { comptroller, markets, liquidationIncentive, all, ...(liquidity && { liquidity: toLiquidity(liquidity) }) }
}

/** What every account finds at a pool. */
function* readTerms(comptroller: Address, { configuration }: AdapterContext<CompoundV2Configuration>) {
  const pool = { address: comptroller, abi: comptrollerAbi } as const
  const [all, oracle, liquidationIncentive] = yield* readAll([
    { ...pool, functionName: 'getAllMarkets' },
    { ...pool, functionName: 'oracle' },
    { ...pool, functionName: 'liquidationIncentiveMantissa' },
  ])
  const venus = { address: comptroller, abi: venusAbi, functionName: 'markets' } as const
  const states = yield* readEach(
    configuration.variant === 'compound' ? [] : all.map((market) => ({ ...venus, args: [market] }) as const),
  )
  const listings = all.map((market, index) => ({ market, isListed: states[index]?.[0] ?? true }))
  return { listings, oracle, liquidationIncentive }
}

function toLiquidity([error, liquidity, shortfall]: readonly [bigint, bigint, bigint]) {
  return { error, liquidity, shortfall }
}

function* readHolding(
  place: CompoundV2Place,
  { account, shared, configuration: { nativeMarkets } }: AdapterContext<CompoundV2Configuration>,
): ReadPlan<Holding> {
  const { market, isEntered } = place
  const isNative = nativeMarkets.some((native) => isAddressEqual(native, market))
  const [[shares], [storedDebt = 0n], [underlying = zeroAddress]] = yield* readTogether([
    readAll([sharesCall(market, account)]),
    readEach(mayOwe(place) ? [storedDebtCall(market, account)] : []),
    readOnce(shared, `underlying ${market}`, () =>
      readEach(isNative ? [] : [{ address: market, abi: marketAbi, functionName: 'underlying' } as const]),
    ),
  ])
  return { market, asset: underlying, isEntered, shares, storedDebt }
}

type Place = {
  readonly comptroller: Address
  readonly oracle: Address
  readonly context: AdapterContext<CompoundV2Configuration>
}

function* readMarket({ storedDebt, ...holding }: Holding, place: Place): ReadPlan<CompoundV2Market> {
  const { market, asset, isEntered } = holding
  const token = { address: market, abi: marketAbi } as const
  const [[rate, accruedAt, ...amounts], { badDebt, slot }, [decimals], risk] = yield* readTogether([
    readAll([
      { ...token, functionName: 'borrowRatePerBlock' },
      { ...token, functionName: 'accrualBlockNumber' },
      { ...token, functionName: 'getCash' },
      { ...token, functionName: 'totalBorrows' },
      { ...token, functionName: 'totalReserves' },
      { ...token, functionName: 'reserveFactorMantissa' },
      { ...token, functionName: 'totalSupply' },
      { ...token, functionName: 'borrowIndex' },
      { ...token, functionName: 'exchangeRateStored' },
    ]),
    readSlot(market, place),
    readEach(asset === zeroAddress ? [] : [{ address: asset, abi: erc20Abi, functionName: 'decimals' } as const]),
    isEntered || storedDebt > 0n ? readRisk(market, place) : readNothing(),
  ])
  const [cash, totalBorrows, totalReserves, reserveFactor, totalSupply, borrowIndex, exchangeRate] = amounts
  const stored: StoredMarket = {
    cash,
    totalBorrows,
    totalReserves,
    reserveFactor,
    badDebt,
    totalSupply,
    borrowIndex,
    exchangeRate,
  }
  const accrued = accrueMarket(stored, { rate, accruedAt, slot, market, venue: place.context.venue })
  return {
    ...holding,
    decimals: decimals ?? 18,
    exchangeRate: accrued.exchangeRate,
    debt: accruedDebt(storedDebt, borrowIndex, accrued.borrowIndex),
    stored: { exchangeRate, debt: storedDebt },
    ...(risk && { risk }),
  }
}

/** The block number or time that the market itself sees, which on some chains is not that of the block. */
function* readSlot(market: Address, { comptroller, context }: Place): ReadPlan<{ slot: bigint; badDebt: bigint }> {
  if (context.configuration.variant === 'compound') {
    const [slot] = yield* readAll([{ address: comptroller, abi: compoundAbi, functionName: 'getBlockNumber' }])
    return { slot, badDebt: 0n }
  }
  const token = { address: market, abi: venusMarketAbi } as const
  const [slot, badDebt] = yield* readAll([
    { ...token, functionName: 'getBlockNumberOrTimestamp' },
    { ...token, functionName: 'badDebt' },
  ])
  return { slot, badDebt }
}

function* readRisk(market: Address, { comptroller, oracle, context }: Place): ReadPlan<CompoundV2Risk> {
  const quoted = { address: oracle, abi: oracleAbi, functionName: 'getUnderlyingPrice', args: [market] } as const
  if (context.configuration.variant === 'compound') {
    const pool = { address: comptroller, abi: compoundAbi, args: [market] } as const
    const [price, [, collateralFactor], isForced] = yield* readAll([
      quoted,
      { ...pool, functionName: 'markets' },
      { ...pool, functionName: 'isDeprecated' },
    ])
    return { price, collateralFactor, liquidationThreshold: collateralFactor, isForced }
  }
  const pool = { address: comptroller, abi: venusAbi, args: [market] } as const
  const [price, [, collateralFactor, liquidationThreshold], isForced] = yield* readAll([
    quoted,
    { ...pool, functionName: 'markets' },
    { ...pool, functionName: 'isForcedLiquidationEnabled' },
  ])
  return { price, collateralFactor, liquidationThreshold, isForced }
}

// biome-ignore lint/correctness/useYield: a plan that asks nothing.
function* readNothing(): ReadPlan<undefined> {
  return undefined
}

function accrueMarket(
  stored: StoredMarket,
  {
    rate,
    accruedAt,
    slot,
    market,
    venue,
  }: {
    readonly rate: bigint
    readonly accruedAt: bigint
    readonly slot: bigint
    readonly market: Address
    readonly venue: string
  },
): AccruedMarket {
  const expected = exchangeRateOf(stored)
  if (expected !== stored.exchangeRate) {
    throw new InconsistentReadError(
      `${venue}: the shares of ${market} are worth ${stored.exchangeRate} by its own rate, ${expected} by its totals.`,
      { metaMessages: ['The market may be of another variant than the configured one.'] },
    )
  }
  if (slot < accruedAt) {
    throw new InconsistentReadError(`${venue}: ${market} accrued at ${accruedAt}, after the ${slot} of the read.`, {
      metaMessages: ['The market may count seconds where this variant counts blocks.'],
    })
  }
  const accrued = accrue(stored, { rate, slots: slot - accruedAt })
  if (accrued.exchangeRate >= stored.exchangeRate) return accrued
  throw new InconsistentReadError(
    `${venue}: interest takes the shares of ${market} from ${stored.exchangeRate} to ${accrued.exchangeRate}.`,
    { metaMessages: ['Its reserves cannot take more than all interest.'] },
  )
}
