import { type Address, parseAbi } from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { Balance, Option, Position, VenueAccount } from '../core/position.ts'
import { type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import type { Wad } from '../core/units.ts'
import { max, mul, mulUp } from '../kernel/fixedPoint.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { requireDecimals } from './decimals.ts'

const optionTokenAbi = parseAbi([
  'struct OptionPosition { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }',
  'function getOwnerPositions(address target) view returns (OptionPosition[])',
])
const optionMarketAbi = parseAbi([
  'struct Strike { uint256 id; uint256 strikePrice; uint256 skew; uint256 longCall; uint256 shortCallBase; uint256 shortCallQuote; uint256 longPut; uint256 shortPut; uint256 boardId; }',
  'struct OptionBoard { uint256 id; uint256 expiry; uint256 iv; bool frozen; uint256[] strikeIds; }',
  'function getStrikeAndBoard(uint256 strikeId) view returns (Strike, OptionBoard)',
])
const greekCacheAbi = parseAbi([
  'function getMinCollateral(uint8 optionType, uint256 strikePrice, uint256 expiry, uint256 spotPrice, uint256 amount) view returns (uint256)',
  'function isBoardCacheStale(uint256 boardId) view returns (bool)',
  'function getStrikeCache(uint256 strikeId) view returns ((uint256 id, uint256 boardId, uint256 strikePrice, uint256 skew, (int256 callDelta, int256 putDelta, uint256 stdVega, uint256 callPrice, uint256 putPrice) greeks, int256 callExposure, int256 putExposure, uint256 skewVariance))',
])
const synthetixAdapterAbi = parseAbi(['function getSpotPriceForMarket(address optionMarket) view returns (uint256)'])

const configuration = z.strictObject({
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

type LyraConfiguration = z.output<typeof configuration>
type Context = AdapterContext<LyraConfiguration>

/** `OptionMarket.OptionType`, in its order. */
const optionTypes = [
  { right: 'call', side: 'long', collateral: undefined },
  { right: 'put', side: 'long', collateral: undefined },
  { right: 'call', side: 'short', collateral: 'base' },
  { right: 'call', side: 'short', collateral: 'quote' },
  { right: 'put', side: 'short', collateral: 'quote' },
] as const

/** `OptionToken.PositionState.ACTIVE`. Whatever else happened to a position, its token is burned. */
const activeState = 1

type OptionType = (typeof optionTypes)[number]

type Listed = {
  readonly positionId: bigint
  readonly strikeId: bigint
  readonly optionType: number
  readonly type: OptionType
  readonly amount: bigint
  readonly collateral: bigint
}

type Held = {
  readonly id: bigint
  readonly type: OptionType
  /** WAD. */
  readonly amount: bigint
  /** WAD, in base or quote. */
  readonly collateral: bigint
  readonly strike: Wad
  readonly expiry: number
  readonly requirement: Requirement | undefined
}

/** What the venue says of one live short position; all WAD, `minCollateral` in units of its collateral. */
type Requirement = {
  readonly minCollateral: Wad
  readonly spot: Wad
  /** Of one option, in USD; undefined when the cache is stale by the venue's own rule. */
  readonly cachedPrice: Wad | undefined
}

export type LyraRaw = readonly Held[]

/**
 * Lyra Avalon options of one market. The collateral of each short is a balance beside it.
 *
 * The requirement is the sum over live shorts of `max(0, minCollateral − mark)` in WAD USD, rounded up: what the venue wants
 * to see beyond the value of the leg. `minCollateral` is the greek cache's own, of base collateral times the venue's spot;
 * `mark` is its cached price of the option, or the intrinsic value, which is lower, while the cache is stale. One ratio
 * opens and keeps a position, so initial equals maintenance. An expired option is listed with its expiry and demands nothing.
 */
export const lyraAvalon: Adapter<LyraConfiguration, LyraRaw> = {
  id: 'lyra-avalon',
  configuration,

  *read(context) {
    const { configuration, account } = context
    const [positions] = yield* readAll([ownerPositions(configuration, account)])
    return yield* readTogether(
      positions.map(({ state, optionType, ...position }) => {
        const type = optionTypes[optionType]
        if (state !== activeState || type === undefined) {
          throw new InconsistentReadError(
            `${context.venue}: option ${position.positionId} has state ${state} and type ${optionType}.`,
            { metaMessages: ['The option token is not the version of Lyra Avalon that this adapter reads.'] },
          )
        }
        return readHeld({ ...position, optionType, type }, context)
      }),
    )
  },

  toPositions(raw, context) {
    const { configuration, account, block, venue } = context
    const { chainId } = block
    const venueAccount = { chainId, venue, instance: configuration.optionMarket, holder: account, subAccount: '' }
    for (const token of [configuration.quoteAsset, configuration.baseAsset]) {
      // The market keeps amounts of both tokens with 18 decimals.
      requireDecimals(context, toAssetKey(chainId, token), 18)
    }
    const positions = raw.flatMap((held): Position[] => [
      optionOf(held, venueAccount, configuration),
      ...collateralOf(held, venueAccount, configuration),
    ])
    const required = raw.reduce((total, held) => total + requirementOf(held), 0n)
    const hasLiveShort = raw.some(({ requirement }) => requirement !== undefined)
    return {
      positions,
      requirements: hasLiveShort ? [{ venueAccount, initial: required, maintenance: required }] : [],
      rules: [],
    }
  },

  witness: (_, { configuration, account }) => [ownerPositions(configuration, account)],
}

function ownerPositions({ optionToken }: LyraConfiguration, account: Address) {
  return { address: optionToken, abi: optionTokenAbi, functionName: 'getOwnerPositions', args: [account] } as const
}

function* readHeld(position: Listed, { configuration, block }: Context): ReadPlan<Held> {
  const { positionId: id, strikeId, type, amount, collateral } = position
  const { optionMarket, synthetixAdapter } = configuration
  const [[{ strikePrice: strike, boardId }, { expiry }], [spot]] = yield* readTogether([
    readStrike(optionMarket, strikeId),
    readEach(
      type.side === 'short'
        ? ([
            {
              address: synthetixAdapter,
              abi: synthetixAdapterAbi,
              functionName: 'getSpotPriceForMarket',
              args: [optionMarket],
            },
          ] as const)
        : [],
    ),
  ])
  const requirement =
    spot === undefined || expiry <= BigInt(block.timestamp)
      ? undefined
      : yield* readRequirement({ ...position, strike, expiry, boardId, spot }, configuration)
  return { id, type, amount, collateral, strike, expiry: Number(expiry), requirement }
}

function* readStrike(optionMarket: Address, strikeId: bigint) {
  const [strikeAndBoard] = yield* readAll([
    { address: optionMarket, abi: optionMarketAbi, functionName: 'getStrikeAndBoard', args: [strikeId] },
  ])
  return strikeAndBoard
}

function* readRequirement(
  {
    optionType,
    strike,
    expiry,
    spot,
    amount,
    strikeId,
    boardId,
    type,
  }: Listed & { readonly strike: Wad; readonly expiry: bigint; readonly boardId: bigint; readonly spot: Wad },
  { greekCache }: LyraConfiguration,
): ReadPlan<Requirement> {
  const cache = { address: greekCache, abi: greekCacheAbi } as const
  const [minCollateral, isStale, { greeks }] = yield* readAll([
    { ...cache, functionName: 'getMinCollateral', args: [optionType, strike, expiry, spot, amount] },
    { ...cache, functionName: 'isBoardCacheStale', args: [boardId] },
    { ...cache, functionName: 'getStrikeCache', args: [strikeId] },
  ])
  const price = type.right === 'call' ? greeks.callPrice : greeks.putPrice
  return { minCollateral, spot, cachedPrice: isStale ? undefined : price }
}

function optionOf(
  { id, type, amount, strike, expiry }: Held,
  venueAccount: VenueAccount,
  { optionToken, underlying, quoteAsset, surface }: LyraConfiguration,
): Option {
  const { chainId, holder } = venueAccount
  return {
    kind: 'option',
    claim: { chainId, contract: optionToken, holder, id: `${id}` },
    venueAccount,
    control: 'venue',
    underlying,
    quoteAsset: toAssetKey(chainId, quoteAsset),
    right: type.right,
    strike,
    expiry,
    size: type.side === 'long' ? amount : -amount,
    surface,
  }
}

function collateralOf(
  { id, type, collateral }: Held,
  venueAccount: VenueAccount,
  { shortCollateral, quoteAsset, baseAsset }: LyraConfiguration,
): Balance[] {
  if (type.side === 'long' || collateral === 0n) return []
  const { chainId, holder } = venueAccount
  return [
    {
      kind: 'balance',
      claim: { chainId, contract: shortCollateral, holder, id: `${id}` },
      venueAccount,
      control: 'venue',
      asset: toAssetKey(chainId, type.collateral === 'base' ? baseAsset : quoteAsset),
      amount: collateral,
    },
  ]
}

function requirementOf({ type, amount, strike, requirement }: Held): Wad {
  if (requirement === undefined) return 0n
  const { minCollateral, spot, cachedPrice } = requirement
  const minimum = type.collateral === 'base' ? mulUp(minCollateral, spot) : minCollateral
  const intrinsic = max(0n, type.right === 'call' ? spot - strike : strike - spot)
  return max(0n, minimum - mul(amount, cachedPrice ?? intrinsic))
}
