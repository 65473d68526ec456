import { type Address, parseAbi } from 'viem'
import { z } from 'zod'
import { InconsistentReadError } from '../core/errors.ts'
import { type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import type { Wad } from '../core/units.ts'
import type { OptionCollateralRule } from '../core/venueRule.ts'
import type { AdapterContext } from './adapter.ts'

const optionTokenAbi = parseAbi([
  'struct OptionPosition { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }',
  'function getOwnerPositions(address target) view returns (OptionPosition[])',
  'function getPartialCollatParams() view returns ((uint256 penaltyRatio, uint256 liquidatorFeeRatio, uint256 smFeeRatio, uint256 minLiquidationFee))',
])
const optionMarketAbi = parseAbi([
  'struct Strike { uint256 id; uint256 strikePrice; uint256 skew; uint256 longCall; uint256 shortCallBase; uint256 shortCallQuote; uint256 longPut; uint256 shortPut; uint256 boardId; }',
  'struct OptionBoard { uint256 id; uint256 expiry; uint256 iv; bool frozen; uint256[] strikeIds; }',
  'function getStrikeAndBoard(uint256 strikeId) view returns (Strike, OptionBoard)',
  'function getSettlementParameters(uint256 strikeId) view returns (uint256 strikePrice, uint256 priceAtExpiry, uint256 strikeToBaseReturned)',
])
const greekCacheAbi = parseAbi([
  'function getMinCollateral(uint8 optionType, uint256 strikePrice, uint256 expiry, uint256 spotPrice, uint256 amount) view returns (uint256)',
  'function isBoardCacheStale(uint256 boardId) view returns (bool)',
  'function getStrikeCache(uint256 strikeId) view returns ((uint256 id, uint256 boardId, uint256 strikePrice, uint256 skew, (int256 callDelta, int256 putDelta, uint256 stdVega, uint256 callPrice, uint256 putPrice) greeks, int256 callExposure, int256 putExposure, uint256 skewVariance))',
  'function getMinCollatParams() view returns ((uint256 minStaticQuoteCollateral, uint256 minStaticBaseCollateral, uint256 shockVolA, uint256 shockVolPointA, uint256 shockVolB, uint256 shockVolPointB, uint256 callSpotPriceShock, uint256 putSpotPriceShock))',
  'function getGreekCacheParams() view returns ((uint256 maxStrikesPerBoard, uint256 acceptableSpotPricePercentMove, uint256 staleUpdateDuration, uint256 varianceIvGWAVPeriod, uint256 varianceSkewGWAVPeriod, uint256 optionValueIvGWAVPeriod, uint256 optionValueSkewGWAVPeriod, uint256 gwavSkewFloor, uint256 gwavSkewCap, int256 rateAndCarry))',
])
const synthetixAdapterAbi = parseAbi(['function getSpotPriceForMarket(address optionMarket) view returns (uint256)'])

export const lyraConfiguration = z.strictObject({
  optionMarket: address,
  optionToken: address,
  greekCache: address,
  shortCollateral: address,
  synthetixAdapter: address,
  /** What the options are written on. */
  underlying: z.string().min(1),
  quoteAsset: address,
  baseAsset: address,
  /** Names the volatility surface that prices the options. */
  surface: z.string().min(1),
})

export type LyraConfiguration = z.output<typeof lyraConfiguration>
type Context = AdapterContext<LyraConfiguration>

/** `OptionMarket.OptionType`, in its order. */
const optionTypes = [
  { right: 'call', side: 'long', collateral: undefined },
  { right: 'put', side: 'long', collateral: undefined },
  { right: 'call', side: 'short', collateral: 'base' },
  { right: 'call', side: 'short', collateral: 'quote' },
  { right: 'put', side: 'short', collateral: 'quote' },
] as const

export type LyraOptionType = (typeof optionTypes)[number]

/** `OptionToken.PositionState.ACTIVE`. Whatever else happened to a position, its token is burned. */
const activeState = 1

type Listed = {
  readonly positionId: bigint
  readonly strikeId: bigint
  readonly optionType: number
  readonly type: LyraOptionType
  readonly amount: bigint
  readonly collateral: bigint
}

/** What the venue says of one live short position; all WAD, `minCollateral` in units of its collateral. */
export type LyraRequirement = { readonly minCollateral: Wad; readonly spot: Wad }

export type LyraHeld = {
  readonly id: bigint
  readonly type: LyraOptionType
  /** WAD. */
  readonly amount: bigint
  /** WAD, in base or quote. */
  readonly collateral: bigint
  readonly strike: Wad
  readonly expiry: number
  /** Of a live short. */
  readonly requirement?: LyraRequirement
  /** The venue's cached price of one option in USD, WAD; absent when expired, or stale by the venue's own rule. */
  readonly cachedPrice?: Wad
  /** Of an expired option whose board is settled: the price, and the base that each short call with base collateral pays. WAD. */
  readonly settled?: { readonly price: Wad; readonly basePerOption: Wad }
}

/** The venue's spot and its rule for the collateral of shorts, WAD. */
export type LyraCollateralTerms = Pick<OptionCollateralRule, 'minimum' | 'penaltyRatio' | 'minimumPenalty'> & {
  readonly spot: Wad
}

export type LyraRaw = {
  readonly positions: readonly LyraHeld[]
  /** Of an account with a short. */
  readonly terms?: LyraCollateralTerms
}

/**
 * Reads all options of an account.
 *
 * @throws {InconsistentReadError} for a position state or type that the protocol does not have.
 */
export function* readLyra(context: Context): ReadPlan<LyraRaw> {
  const { configuration, account, venue } = context
  const [owned] = yield* readAll([ownerPositions(configuration, account)])
  const listed = owned.map(({ state, optionType, ...position }): Listed => {
    const type = optionTypes[optionType]
    if (state === activeState && type !== undefined) return { ...position, optionType, type }
    throw new InconsistentReadError(
      `${venue}: option ${position.positionId} has state ${state} and type ${optionType}.`,
      { metaMessages: ['The option token is not the version of Lyra Avalon that this adapter reads.'] },
    )
  })
  const [positions, terms] = yield* readTogether([
    readTogether(listed.map((position) => readHeld(position, context))),
    readTerms(listed, configuration),
  ])
  return { positions, ...(terms && { terms }) }
}

export function ownerPositions({ optionToken }: LyraConfiguration, account: Address) {
  return { address: optionToken, abi: optionTokenAbi, functionName: 'getOwnerPositions', args: [account] } as const
}

function spotPrice({ synthetixAdapter, optionMarket }: LyraConfiguration) {
  return {
    address: synthetixAdapter,
    abi: synthetixAdapterAbi,
    functionName: 'getSpotPriceForMarket',
    args: [optionMarket],
  } as const
}

function* readTerms(
  listed: readonly Listed[],
  configuration: LyraConfiguration,
): ReadPlan<LyraCollateralTerms | undefined> {
  if (listed.every(({ type }) => type.side === 'long')) return undefined
  const { greekCache, optionToken } = configuration
  const cache = { address: greekCache, abi: greekCacheAbi } as const
  const [minimum, { rateAndCarry }, { penaltyRatio, minLiquidationFee }, spot] = yield* readAll([
    { ...cache, functionName: 'getMinCollatParams' },
    { ...cache, functionName: 'getGreekCacheParams' },
    { address: optionToken, abi: optionTokenAbi, functionName: 'getPartialCollatParams' },
    spotPrice(configuration),
  ])
  return {
    spot,
    minimum: {
      quoteCollateral: minimum.minStaticQuoteCollateral,
      baseCollateral: minimum.minStaticBaseCollateral,
      shockVolA: minimum.shockVolA,
      shockVolPointA: Number(minimum.shockVolPointA),
      shockVolB: minimum.shockVolB,
      shockVolPointB: Number(minimum.shockVolPointB),
      callSpotShock: minimum.callSpotPriceShock,
      putSpotShock: minimum.putSpotPriceShock,
      rate: rateAndCarry,
    },
    penaltyRatio,
    minimumPenalty: minLiquidationFee,
  }
}

function* readHeld(position: Listed, { configuration, block }: Context): ReadPlan<LyraHeld> {
  const { positionId: id, strikeId, type, amount, collateral } = position
  const [[{ strikePrice: strike, boardId }, board], settlement, [spot]] = yield* readTogether([
    readStrike(configuration.optionMarket, strikeId),
    readSettlement(strikeId, configuration),
    readEach(type.side === 'short' ? [spotPrice(configuration)] : []),
  ])
  const expiry = Number(board.expiry)
  const held = { id, type, amount, collateral, strike, expiry }
  // A board may be settled by force before it expires; its options have then expired with it.
  if (settlement.settled) return { ...held, expiry: Math.min(expiry, block.timestamp), ...settlement }
  if (expiry <= block.timestamp) return held
  const [cached, required] = yield* readTogether([
    readCachedPrice(position, boardId, configuration),
    readRequirement({ ...position, strike, expiry, spot }, configuration),
  ])
  return { ...held, ...cached, ...required }
}

function* readStrike(optionMarket: Address, strikeId: bigint) {
  const [strikeAndBoard] = yield* readAll([
    { address: optionMarket, abi: optionMarketAbi, functionName: 'getStrikeAndBoard', args: [strikeId] },
  ])
  return strikeAndBoard
}

function* readSettlement(strikeId: bigint, { optionMarket }: LyraConfiguration): ReadPlan<Pick<LyraHeld, 'settled'>> {
  const [[, price, basePerOption]] = yield* readAll([
    { address: optionMarket, abi: optionMarketAbi, functionName: 'getSettlementParameters', args: [strikeId] },
  ])
  return price === 0n ? {} : { settled: { price, basePerOption } }
}

function* readCachedPrice(
  { strikeId, type }: Listed,
  boardId: bigint,
  { greekCache }: LyraConfiguration,
): ReadPlan<Pick<LyraHeld, 'cachedPrice'>> {
  const cache = { address: greekCache, abi: greekCacheAbi } as const
  const [isStale, { greeks }] = yield* readAll([
    { ...cache, functionName: 'isBoardCacheStale', args: [boardId] },
    { ...cache, functionName: 'getStrikeCache', args: [strikeId] },
  ])
  return isStale ? {} : { cachedPrice: type.right === 'call' ? greeks.callPrice : greeks.putPrice }
}

function* readRequirement(
  {
    optionType,
    strike,
    expiry,
    amount,
    spot,
  }: Listed & { readonly strike: Wad; readonly expiry: number; readonly spot: Wad | undefined },
  { greekCache }: LyraConfiguration,
): ReadPlan<Pick<LyraHeld, 'requirement'>> {
  if (spot === undefined) return {}
  const args = [optionType, strike, BigInt(expiry), spot, amount] as const
  const [minCollateral] = yield* readAll([
    { address: greekCache, abi: greekCacheAbi, functionName: 'getMinCollateral', args },
  ])
  return { requirement: { minCollateral, spot } }
}
