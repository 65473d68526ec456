import { type Address, type Hex, parseAbi } from 'viem'
import { z } from 'zod'
import { type PlannedCall, type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import type { Wad } from '../core/units.ts'

const marketAbi = parseAbi([
  'struct Position { uint64 id; uint64 lastFundingIndex; uint128 margin; uint128 lastPrice; int128 size; }',
  'struct DelayedOrder { bool isOffchain; int128 sizeDelta; uint128 desiredFillPrice; uint128 targetRoundId; uint128 commitDeposit; uint128 keeperDeposit; uint256 executableAtTime; uint256 intentionTime; bytes32 trackingCode; }',
  'function marketKey() view returns (bytes32)',
  'function positions(address account) view returns (Position)',
  'function delayedOrders(address account) view returns (DelayedOrder)',
  'function isFlagged(address account) view returns (bool)',
  'function assetPrice() view returns (uint256 price, bool invalid)',
  'function accruedFunding(address account) view returns (int256 funding, bool invalid)',
])
const settingsAbi = parseAbi([
  'function minKeeperFee() view returns (uint256)',
  'function maxKeeperFee() view returns (uint256)',
  'function liquidationFeeRatio() view returns (uint256)',
  'function keeperLiquidationFee() view returns (uint256)',
  'function minInitialMargin() view returns (uint256)',
  'function maxLeverage(bytes32 marketKey) view returns (uint256)',
  'function liquidationBufferRatio(bytes32 marketKey) view returns (uint256)',
  'function skewScale(bytes32 marketKey) view returns (uint256)',
  'function liquidationPremiumMultiplier(bytes32 marketKey) view returns (uint256)',
])

export const synthetixPerpsConfiguration = z.strictObject({
  /** `PerpsV2MarketSettings`. */
  marketSettings: address,
  /** sUSD. */
  marginToken: address,
  /** Proxies of the markets. */
  markets: z.array(z.strictObject({ market: address, underlying: z.string().min(1) })).min(1),
})

export type SynthetixPerpsConfiguration = z.output<typeof synthetixPerpsConfiguration>

/** A position and the terms of its market; WAD. */
export type OpenPosition = {
  readonly size: Wad
  /** At which profit starts to count. */
  readonly lastPrice: Wad
  readonly funding: Wad
  /** The venue's price, and whether the venue takes it for stale, suspended or broken. */
  readonly price: Wad
  readonly isPriceInvalid: boolean
  readonly maxLeverage: Wad
  readonly bufferRatio: Wad
  readonly skewScale: Wad
  readonly premiumMultiplier: Wad
}

export type SynthetixMarket = {
  readonly market: Address
  readonly underlying: string
  /** WAD sUSD, without what the open position has won or lost since. */
  readonly margin: Wad
  readonly hasOrder: boolean
  readonly isFlagged: boolean
  readonly open?: OpenPosition
}

/** The same in all markets; WAD. */
export type SynthetixTerms = {
  readonly feeRatio: Wad
  readonly minimumFee: Wad
  readonly maximumFee: Wad
  readonly keeperFee: Wad
  readonly minimumInitialMargin: Wad
}

export type SynthetixPerpsRaw = {
  readonly markets: readonly SynthetixMarket[]
  /** Of an account with a position. */
  readonly terms?: SynthetixTerms
}

/** Reads margin, position, pending order and flag of an account in every configured market. */
export function* readSynthetixPerps(
  configuration: SynthetixPerpsConfiguration,
  account: Address,
): ReadPlan<SynthetixPerpsRaw> {
  const listed = yield* readTogether(configuration.markets.map(({ market }) => readListed(market, account)))
  const hasPosition = listed.some(({ position }) => position.size !== 0n)
  const [open, terms] = yield* readTogether([
    readTogether(
      configuration.markets.map(({ market }, index) =>
        readOpen(market, listed[index] as Listed, { account, settings: configuration.marketSettings }),
      ),
    ),
    readTerms(configuration.marketSettings, hasPosition),
  ])
  return {
    markets: configuration.markets.map(({ market, underlying }, index) => {
      const { position, order, isFlagged } = listed[index] as Listed
      const opened = open[index]
      const state = { margin: position.margin, hasOrder: order.sizeDelta !== 0n, isFlagged }
      return { market, underlying, ...state, ...(opened && { open: opened }) }
    }),
    ...(terms && { terms }),
  }
}

/** Positions, orders and flags change with what is done to the account, and with no price and no funding. */
export function synthetixPerpsWitness({ markets }: SynthetixPerpsConfiguration, account: Address): PlannedCall[] {
  return markets.flatMap(({ market }): readonly PlannedCall[] => stateCalls(market, account))
}

type Listed = {
  readonly key: Hex
  readonly position: { readonly margin: bigint; readonly lastPrice: bigint; readonly size: bigint }
  readonly order: { readonly sizeDelta: bigint }
  readonly isFlagged: boolean
}

function stateCalls(market: Address, account: Address) {
  const read = { address: market, abi: marketAbi, args: [account] } as const
  return [
    { ...read, functionName: 'positions' },
    { ...read, functionName: 'delayedOrders' },
    { ...read, functionName: 'isFlagged' },
  ] as const
}

function* readListed(market: Address, account: Address): ReadPlan<Listed> {
  const [[position, order, isFlagged], [key]] = yield* readTogether([
    readAll(stateCalls(market, account)),
    readAll([{ address: market, abi: marketAbi, functionName: 'marketKey' }]),
  ])
  return { key, position, order, isFlagged }
}

function* readOpen(
  market: Address,
  { key, position: { size, lastPrice } }: Listed,
  { account, settings }: { readonly account: Address; readonly settings: Address },
): ReadPlan<OpenPosition | undefined> {
  if (size === 0n) return undefined
  const read = { address: settings, abi: settingsAbi, args: [key] } as const
  const [[[price, isPriceInvalid], [funding]], [maxLeverage, bufferRatio, skewScale, premiumMultiplier]] =
    yield* readTogether([
      readAll([
        { address: market, abi: marketAbi, functionName: 'assetPrice' },
        { address: market, abi: marketAbi, functionName: 'accruedFunding', args: [account] },
      ]),
      readAll([
        { ...read, functionName: 'maxLeverage' },
        { ...read, functionName: 'liquidationBufferRatio' },
        { ...read, functionName: 'skewScale' },
        { ...read, functionName: 'liquidationPremiumMultiplier' },
      ]),
    ])
  return { size, lastPrice, funding, price, isPriceInvalid, maxLeverage, bufferRatio, skewScale, premiumMultiplier }
}

function* readTerms(settings: Address, hasPosition: boolean): ReadPlan<SynthetixTerms | undefined> {
  if (!hasPosition) return undefined
  const read = { address: settings, abi: settingsAbi } as const
  const [feeRatio, minimumFee, maximumFee, keeperFee, minimumInitialMargin] = yield* readAll([
    { ...read, functionName: 'liquidationFeeRatio' },
    { ...read, functionName: 'minKeeperFee' },
    { ...read, functionName: 'maxKeeperFee' },
    { ...read, functionName: 'keeperLiquidationFee' },
    { ...read, functionName: 'minInitialMargin' },
  ])
  return { feeRatio, minimumFee, maximumFee, keeperFee, minimumInitialMargin }
}
