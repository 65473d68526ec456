import { type Address, parseAbi } from 'viem'
import { z } from 'zod'
import { InconsistentReadError } from '../core/errors.ts'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import type { Wad } from '../core/units.ts'
import type { AdapterContext } from './adapter.ts'

const cometAbi = parseAbi([
  'struct AssetInfo { uint8 offset; address asset; address priceFeed; uint64 scale; uint64 borrowCollateralFactor; uint64 liquidateCollateralFactor; uint64 liquidationFactor; uint128 supplyCap; }',
  'function baseToken() view returns (address)',
  'function decimals() view returns (uint8)',
  'function baseTokenPriceFeed() view returns (address)',
  'function numAssets() view returns (uint8)',
  'function getAssetInfo(uint8 i) view returns (AssetInfo)',
  'function getPrice(address priceFeed) view returns (uint256)',
  'function userBasic(address account) view returns (int104 principal, uint64 baseTrackingIndex, uint64 baseTrackingAccrued, uint16 assetsIn, uint8 reserved)',
  'function userCollateral(address account, address asset) view returns (uint128 balance, uint128 reserved)',
  'function balanceOf(address account) view returns (uint256)',
  'function borrowBalanceOf(address account) view returns (uint256)',
  'function isLiquidatable(address account) view returns (bool)',
  'function totalsBasic() view returns ((uint64 baseSupplyIndex, uint64 baseBorrowIndex, uint64 trackingSupplyIndex, uint64 trackingBorrowIndex, uint104 totalSupplyBase, uint104 totalBorrowBase, uint40 lastAccrualTime, uint8 pauseFlags))',
])
const feedAbi = parseAbi(['function description() view returns (string)'])

/** Of the market's indices. */
const indexScale = 10n ** 15n

export const compoundV3Configuration = z.strictObject({
  /** Markets, one base token each, whose prices are in US dollars; an account at each is a venue account of its own. */
  comets: z
    .array(address)
    .min(1)
    .refine((comets) => new Set(comets).size === comets.length, 'lists a market twice'),
})

export type CompoundV3Configuration = z.output<typeof compoundV3Configuration>

/** A collateral that the account has; `price` of one whole token with 8 decimals, factors in WAD. */
export type CompoundV3Collateral = {
  readonly asset: Address
  readonly decimals: number
  readonly amount: bigint
  readonly price: bigint
  readonly borrowCollateralFactor: Wad
  readonly liquidateCollateralFactor: Wad
  readonly liquidationFactor: Wad
}

/** One market with what the account has there, base amounts accrued to the block, smallest units. */
export type CompoundV3Market = {
  readonly comet: Address
  readonly base: { readonly asset: Address; readonly decimals: number; readonly price: bigint }
  readonly supplied: bigint
  readonly owed: bigint
  /** What the market itself counts until its next accrual, and its verdict on that. */
  readonly stored: { readonly owed: bigint; readonly isLiquidatable: boolean }
  readonly collaterals: readonly CompoundV3Collateral[]
  /** Every collateral of the market, held or not. */
  readonly assets: readonly Address[]
}

type Context = AdapterContext<CompoundV3Configuration>

/** Reads all markets. The last rounds also ask what the witness will ask. */
export function* readCompoundV3({
  configuration,
  account,
  venue,
}: Pick<Context, 'configuration' | 'account' | 'venue'>): ReadPlan<readonly CompoundV3Market[]> {
  return yield* readTogether(configuration.comets.map((address) => readMarket(address, account, venue)))
}

/**
 * What changes when the account supplies, withdraws, borrows, repays or is absorbed. The first also carries what the account
 * earned in rewards, which anyone may have counted anew (`accrueAccount`): the witness then fails without an action of the account.
 */
export function compoundV3Witness({ comet, assets }: Pick<CompoundV3Market, 'comet' | 'assets'>, account: Address) {
  const market = { address: comet, abi: cometAbi } as const
  return [
    { ...market, functionName: 'userBasic', args: [account] },
    ...assets.map((asset) => ({ ...market, functionName: 'userCollateral', args: [account, asset] }) as const),
  ] satisfies PlannedCall[]
}

function* readMarket(comet: Address, account: Address, venue: string): ReadPlan<CompoundV3Market> {
  const market = { address: comet, abi: cometAbi } as const
  const [count, asset, decimals, priceFeed, [principal], supplied, owed, isLiquidatable, totals] = yield* readAll([
    { ...market, functionName: 'numAssets' },
    { ...market, functionName: 'baseToken' },
    { ...market, functionName: 'decimals' },
    { ...market, functionName: 'baseTokenPriceFeed' },
    { ...market, functionName: 'userBasic', args: [account] },
    { ...market, functionName: 'balanceOf', args: [account] },
    { ...market, functionName: 'borrowBalanceOf', args: [account] },
    { ...market, functionName: 'isLiquidatable', args: [account] },
    { ...market, functionName: 'totalsBasic' },
  ])
  if (principal < 0n !== owed > 0n || (supplied > 0n && principal <= 0n)) {
    throw new InconsistentReadError(
      `${venue}: market ${comet} has a principal of ${principal}, a balance of ${supplied} and a debt of ${owed}.`,
      { metaMessages: ['One of them contradicts the sign of another; check that the address is a Comet.'] },
    )
  }
  const [infos, [price, description]] = yield* readTogether([
    readEach(
      Array.from(
        { length: count },
        (_, index) => ({ ...market, functionName: 'getAssetInfo', args: [index] }) as const,
      ),
    ),
    readAll([
      { ...market, functionName: 'getPrice', args: [priceFeed] },
      { address: priceFeed, abi: feedAbi, functionName: 'description' },
    ]),
  ])
  requireDollars({ venue, comet, priceFeed, description })
  const collateral = yield* readEach(
    infos.map((info) => ({ ...market, functionName: 'userCollateral', args: [account, info.asset] }) as const),
  )
  const held = infos.flatMap((info, index) => {
    const [amount] = collateral[index] ?? [0n]
    return amount > 0n ? [{ ...info, amount, decimals: decimalsOf(info, { venue, comet }) }] : []
  })
  const prices = yield* readEach(
    held.map((info) => ({ ...market, functionName: 'getPrice', args: [info.priceFeed] }) as const),
  )
  const storedOwed = principal < 0n ? (-principal * totals.baseBorrowIndex) / indexScale : 0n
  return {
    comet,
    base: { asset, decimals, price },
    supplied,
    owed,
    stored: { owed: storedOwed, isLiquidatable },
    collaterals: held.map(
      ({ borrowCollateralFactor, liquidateCollateralFactor, liquidationFactor, ...info }, index) => ({
        asset: info.asset,
        decimals: info.decimals,
        amount: info.amount,
        price: prices[index] ?? 0n,
        borrowCollateralFactor,
        liquidateCollateralFactor,
        liquidationFactor,
      }),
    ),
    assets: infos.map((info) => info.asset),
  }
}

/** Markets of other bases count in their base, by a feed that is constant or against it. */
function requireDollars(feed: {
  readonly venue: string
  readonly comet: Address
  readonly priceFeed: Address
  readonly description: string
}): void {
  if (/\/ ?USD$/.test(feed.description)) return
  throw new InconsistentReadError(
    `${feed.venue}: market ${feed.comet} does not count in US dollars: its base feed ${feed.priceFeed} is "${feed.description}".`,
    { metaMessages: ['Take the market out of the configuration; only markets with dollar prices are understood.'] },
  )
}

function decimalsOf(
  { asset, scale }: { readonly asset: Address; readonly scale: bigint },
  { venue, comet }: { readonly venue: string; readonly comet: Address },
): number {
  const decimals = scale.toString().length - 1
  if (scale === 10n ** BigInt(decimals)) return decimals
  throw new InconsistentReadError(`${venue}: market ${comet} has a scale of ${scale} for ${asset}, no power of ten.`, {
    metaMessages: ['Check that the address in the configuration is a Comet.'],
  })
}
