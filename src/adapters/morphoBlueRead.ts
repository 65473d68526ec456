import { type Address, erc20Abi, type Hex, isAddressEqual, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import { type PlannedCall, type ReadPlan, readAll, readEach, readTogether } from '../core/readPlan.ts'
import { address, bytes32, natural, parseWith } from '../core/schema.ts'
import { readOnce } from '../core/sharedPlan.ts'
import type { Wad } from '../core/units.ts'
import type { AdapterContext, Discovery } from './adapter.ts'
import { requireIds } from './ids.ts'
import { accrueInterest, type MorphoBlueTotals } from './morphoBlueInterest.ts'

const structs = [
  'struct MarketParams { address loanToken; address collateralToken; address oracle; address irm; uint256 lltv; }',
  'struct Market { uint128 totalSupplyAssets; uint128 totalSupplyShares; uint128 totalBorrowAssets; uint128 totalBorrowShares; uint128 lastUpdate; uint128 fee; }',
] as const
const morphoAbi = parseAbi([
  'function position(bytes32 id, address user) view returns (uint256 supplyShares, uint128 borrowShares, uint128 collateral)',
  'function market(bytes32 id) view returns (uint128 totalSupplyAssets, uint128 totalSupplyShares, uint128 totalBorrowAssets, uint128 totalBorrowShares, uint128 lastUpdate, uint128 fee)',
  'function idToMarketParams(bytes32 id) view returns (address loanToken, address collateralToken, address oracle, address irm, uint256 lltv)',
  'function feeRecipient() view returns (address)',
])
const irmAbi = parseAbi([
  ...structs,
  'function borrowRateView(MarketParams marketParams, Market market) view returns (uint256)',
])
const oracleAbi = parseAbi(['function price() view returns (uint256)'])
const [supplyEvent, supplyCollateralEvent, setFeeEvent] = parseAbi([
  'event Supply(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets, uint256 shares)',
  'event SupplyCollateral(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets)',
  'event SetFee(bytes32 indexed id, uint256 newFee)',
])

export const morphoBlueConfiguration = z.strictObject({
  morpho: address,
  /** Ids of markets that are read and witnessed for every account, beside those that logs name. */
  markets: z.array(bytes32).default([]),
  /** Block in which Morpho was deployed, where a search of its logs begins. */
  fromBlock: natural.default(0n),
})

export type MorphoBlueConfiguration = z.output<typeof morphoBlueConfiguration>

/** One market with what the account has in it; amounts in smallest units, shares as Morpho counts them. */
export type MorphoBlueMarket = {
  readonly id: Hex
  readonly loanToken: Address
  readonly collateralToken: Address
  readonly liquidationLtv: Wad
  readonly supplyShares: bigint
  readonly borrowShares: bigint
  readonly collateral: bigint
  /** Accrued to the block. */
  readonly totals: MorphoBlueTotals
  /** Of tokens that the parameter set knows or the account owes. */
  readonly decimals: ReadonlyMap<Address, number>
  /** Of markets where the account owes: loan tokens per collateral, in smallest units, scaled by 1e36. */
  readonly price?: bigint
}

/** Markets in which the account has anything, those of the configuration first. */
export type MorphoBlueRaw = {
  readonly markets: readonly MorphoBlueMarket[]
  /** Whether every accrual of a market gives the account shares. */
  readonly isFeeRecipient: boolean
}

type Context = AdapterContext<MorphoBlueConfiguration>

/**
 * Every position begins with a supply: one can borrow only against collateral in the same market. Only a recipient of fees is
 * given shares without one, in no log of its own; so the markets of which Morpho's owner ever set a fee, which are few, are
 * among the ids of every account.
 */
export const morphoBlueDiscovery: Discovery<MorphoBlueConfiguration> = {
  filters: ({ configuration: { morpho, fromBlock }, account }) => [
    ...[supplyEvent, supplyCollateralEvent].map((event) => ({
      address: morpho,
      event,
      args: { onBehalf: account },
      fromBlock,
    })),
    { address: morpho, event: setFeeEvent, fromBlock },
  ],
  toIds: (logs) => logs.map(({ args }) => String(args.id)),
}

/**
 * Reads the markets of the configuration and of the ids. Only an account's own doing calls a contract that Morpho does not
 * vouch for: an oracle where it owes, a token that it owes or that the parameter set knows.
 *
 * @throws {InvalidInputError} when ids are missing or none of a market.
 * @throws {InconsistentReadError} when there is no such market.
 */
export function* readMorphoBlue(context: Context): ReadPlan<MorphoBlueRaw> {
  const { configuration, account, venue, shared } = context
  const { morpho } = configuration
  const ids = parseWith(z.array(bytes32), requireIds(context), `The list of ids of venue ${venue}`)
  const [[feeRecipient], stored] = yield* readTogether([
    readOnce(shared, 'fee recipient', () =>
      readAll([{ address: morpho, abi: morphoAbi, functionName: 'feeRecipient' }]),
    ),
    readTogether([...new Set([...configuration.markets, ...ids])].map((id) => readStored(id, context))),
  ])
  const held = stored.filter(
    ({ position: [supplyShares, borrowShares, collateral], ...market }) =>
      supplyShares + borrowShares + collateral > 0n || (isAddressEqual(account, feeRecipient) && earnsFees(market)),
  )
  const markets = yield* readTogether(held.map((market) => readMarket(market, feeRecipient, context)))
  return {
    isFeeRecipient: isAddressEqual(account, feeRecipient),
    markets: markets.filter(
      ({ supplyShares, borrowShares, collateral }) => supplyShares + borrowShares + collateral > 0n,
    ),
  }
}

/** Every market of the configuration, and others where the account has anything. */
export function witnessedMarkets({ markets }: Pick<MorphoBlueRaw, 'markets'>, { configuration }: Context): Hex[] {
  return [...new Set([...configuration.markets, ...markets.map(({ id }) => id)])]
}

/** Shares and collateral in the witnessed markets. */
export function morphoBlueWitness(raw: MorphoBlueRaw, context: Context): PlannedCall[] {
  const { configuration, account } = context
  return witnessedMarkets(raw, context).map((id) => ({
    address: configuration.morpho,
    abi: morphoAbi,
    functionName: 'position',
    args: [id, account],
  }))
}

type Stored = {
  readonly id: Hex
  readonly parameters: {
    readonly loanToken: Address
    readonly collateralToken: Address
    readonly oracle: Address
    readonly irm: Address
    readonly lltv: bigint
  }
  readonly position: readonly [supplyShares: bigint, borrowShares: bigint, collateral: bigint]
  readonly totals: MorphoBlueTotals
}

function* readStored(id: Hex, { configuration, account, venue, shared }: Context): ReadPlan<Stored> {
  const morpho = { address: configuration.morpho, abi: morphoAbi } as const
  const [[position], [market, parameters]] = yield* readTogether([
    readAll([{ ...morpho, functionName: 'position', args: [id, account] }]),
    readOnce(shared, `market ${id}`, () =>
      readAll([
        { ...morpho, functionName: 'market', args: [id] },
        { ...morpho, functionName: 'idToMarketParams', args: [id] },
      ]),
    ),
  ])
  const [supplyAssets, supplyShares, borrowAssets, borrowShares, lastUpdate, fee] = market
  if (lastUpdate === 0n) {
    throw new InconsistentReadError(`${venue}: Morpho ${configuration.morpho} has no market ${id}.`, {
      metaMessages: ['Check `markets` of the configuration and the ids that were given.'],
    })
  }
  const [loanToken, collateralToken, oracle, irm, lltv] = parameters
  return {
    id,
    parameters: { loanToken, collateralToken, oracle, irm, lltv },
    position,
    totals: { supplyAssets, supplyShares, borrowAssets, borrowShares, lastUpdate, fee },
  }
}

function* readMarket(
  { id, parameters, position, totals: stored }: Stored,
  feeRecipient: Address,
  { account, block, assets }: Context,
): ReadPlan<MorphoBlueMarket> {
  const { loanToken, collateralToken, oracle, irm, lltv } = parameters
  const [supplyShares, borrowShares, collateral] = position
  const owes = borrowShares > 0n
  const isAsked = (token: Address) => toAssetKey(block.chainId, token) in assets || (owes && token === loanToken)
  const tokens = [loanToken, collateralToken].filter(isAsked)
  const accrues = irm !== zeroAddress && stored.borrowAssets > 0n && stored.lastUpdate < BigInt(block.timestamp)
  const [rates, prices, decimals] = yield* readTogether([
    readEach(accrues ? [rateCall(parameters, stored)] : []),
    readEach(owes ? [{ address: oracle, abi: oracleAbi, functionName: 'price' } as const] : []),
    readEach(tokens.map((token) => ({ address: token, abi: erc20Abi, functionName: 'decimals' }) as const)),
  ])
  const { totals, feeShares } = accrueInterest(stored, { rate: rates[0] ?? 0n, timestamp: block.timestamp })
  const [price] = prices
  return {
    id,
    loanToken,
    collateralToken,
    liquidationLtv: lltv,
    supplyShares: supplyShares + (isAddressEqual(account, feeRecipient) ? feeShares : 0n),
    borrowShares,
    collateral,
    totals,
    decimals: new Map(tokens.map((token, index) => [token, decimals[index] as number])),
    ...(price === undefined ? {} : { price }),
  }
}

function rateCall(parameters: Stored['parameters'], totals: MorphoBlueTotals) {
  return {
    address: parameters.irm,
    abi: irmAbi,
    functionName: 'borrowRateView',
    args: [
      parameters,
      {
        totalSupplyAssets: totals.supplyAssets,
        totalSupplyShares: totals.supplyShares,
        totalBorrowAssets: totals.borrowAssets,
        totalBorrowShares: totals.borrowShares,
        lastUpdate: totals.lastUpdate,
        fee: totals.fee,
      },
    ],
  } as const
}

function earnsFees({ totals }: Pick<Stored, 'totals'>): boolean {
  return totals.fee > 0n && totals.borrowAssets > 0n
}
