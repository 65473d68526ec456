import { concat, type Hex, keccak256 } from 'viem'
import { z } from 'zod'
import { canonicalHash, toJson } from './canonical.ts'
import { orderDistinctClaims } from './distinctClaims.ts'
import type { Market } from './market.ts'
import type { Portfolio } from './portfolio.ts'
import {
  address,
  assetKey,
  bytes32,
  fraction,
  integer,
  name,
  natural,
  parseJson,
  parseWith,
  positive,
  unixSeconds,
} from './schema.ts'
import { wad } from './units.ts'

/** What a witness commits to for one venue: hashes of its static calls and of their results. */
export type VenueWitness = { readonly venue: string; readonly calls: Hex; readonly results: Hex }

/** One reading of an account and of the market, as plain data: saved, replayed offline, edited for a what-if, hashed. */
export type Snapshot = {
  readonly schema: 'plimsoll-snapshot/1'
  readonly portfolio: Portfolio
  readonly market: Market
  readonly witnesses: readonly VenueWitness[]
}

const claim = z.strictObject({ chainId: z.int().positive(), contract: address, holder: address, id: z.string() })
const venueAccount = z.strictObject({
  chainId: z.int().positive(),
  venue: name,
  instance: address,
  holder: address,
  subAccount: z.string(),
})
const held = {
  claim,
  venueAccount,
  control: z.enum(['free', 'venue', 'enforceable', 'consumer']),
  venueValue: integer.optional(),
}
const tick = z.int().min(-887272).max(887272)
const isRange = ({ tickLower, tickUpper }: { tickLower: number; tickUpper: number }) => tickLower < tickUpper
const rangeProblem = 'tickLower must be below tickUpper'
const makerOrder = { liquidity: natural, tickLower: tick, tickUpper: tick, baseDebt: natural, quoteDebt: natural }

/** The JSON form of a position. */
export const positionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...held, kind: z.literal('balance'), asset: assetKey, amount: natural }),
  z.strictObject({ ...held, kind: z.literal('debt'), asset: assetKey, amount: natural }),
  z.strictObject({
    ...held,
    kind: z.literal('perpetual'),
    underlying: name,
    quoteAsset: assetKey.nullable(),
    size: integer,
    cost: integer,
    funding: integer,
  }),
  z.strictObject({
    ...held,
    kind: z.literal('option'),
    underlying: name,
    quoteAsset: assetKey,
    right: z.enum(['call', 'put']),
    strike: positive,
    expiry: unixSeconds,
    size: integer,
    surface: name,
    settlement: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('averaging'), observed: fraction, average: positive }),
        z.strictObject({ kind: z.literal('final'), price: positive }),
      ])
      .optional(),
  }),
  z
    .strictObject({
      ...held,
      kind: z.literal('concentratedLiquidity'),
      uncounted: z.string().min(1).optional(),
      token0: assetKey,
      token1: assetKey,
      liquidity: natural,
      tickLower: tick,
      tickUpper: tick,
      fees0: natural,
      fees1: natural,
    })
    .refine(isRange, rangeProblem),
  z
    .strictObject({
      ...held,
      kind: z.literal('perpetualLiquidity'),
      underlying: name,
      quoteAsset: assetKey,
      ...makerOrder,
    })
    .refine(isRange, rangeProblem),
  z.strictObject({ ...held, kind: z.literal('consumerDebt'), amount: natural }),
])

const decimals = z.int().min(0).max(36)
const quotedTokens = { asset: assetKey, amount: natural, decimals, quote: natural }
const basisPoints = z.int().min(0).max(65535)
const assetAmount = z.strictObject({ asset: assetKey, amount: natural })

/** The JSON form of a perpetual margin account's rule. */
export const perpetualAccountSchema = z.strictObject({
  kind: z.literal('perpetualAccount'),
  venueAccount,
  quoteAsset: assetKey,
  quoteDecimals: z.int().min(0).max(18),
  cash: integer,
  collaterals: z.array(z.strictObject({ asset: assetKey, value: natural, ratio: fraction, discount: fraction })),
  markets: z.array(
    z.strictObject({
      underlying: name,
      size: integer,
      cost: integer,
      funding: integer,
      quote: positive,
      maker: z
        .strictObject({
          sqrtPrice: positive,
          orders: z.array(z.strictObject({ id: z.string(), ...makerOrder }).refine(isRange, rangeProblem)),
        })
        .optional(),
    }),
  ),
  maintenanceRatio: fraction,
  penaltyRatio: fraction,
  settlementDebt: z.strictObject({ ratio: fraction, limit: natural }).optional(),
})

/** The JSON form of the rule of short options with collateral of their own. */
export const optionCollateralSchema = z.strictObject({
  kind: z.literal('optionCollateral'),
  venueAccount,
  underlying: name,
  quoteAsset: assetKey,
  quote: positive,
  shorts: z.array(
    z.strictObject({
      id: z.string(),
      right: z.enum(['call', 'put']),
      collateralIn: z.enum(['base', 'quote']),
      strike: positive,
      expiry: unixSeconds,
      amount: natural,
      collateral: natural,
    }),
  ),
  minimum: z.strictObject({
    quoteCollateral: natural,
    baseCollateral: natural,
    shockVolA: natural,
    shockVolPointA: z.int().min(0),
    shockVolB: natural,
    shockVolPointB: z.int().min(0),
    callSpotShock: natural,
    putSpotShock: natural,
    rate: integer,
  }),
  penaltyRatio: fraction,
  minimumPenalty: natural,
})

/** The JSON form of a venue's liquidation rule. */
export const venueRuleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('lendingPool'),
    venueAccount,
    averaging: z.enum(['truncated', 'exact']),
    collaterals: z.array(z.strictObject({ ...quotedTokens, liquidationThreshold: basisPoints, bonus: basisPoints })),
    debts: z.array(z.strictObject(quotedTokens)),
    closeFactor: fraction,
  }),
  z.strictObject({
    kind: z.literal('isolatedLoan'),
    venueAccount,
    collateral: assetAmount,
    debt: assetAmount.extend({ decimals }),
    quote: natural,
    liquidationLtv: fraction,
  }),
  z.strictObject({
    kind: z.literal('baseDebt'),
    venueAccount,
    collaterals: z.array(
      z.strictObject({ ...quotedTokens, liquidateCollateralFactor: fraction, liquidationFactor: fraction }),
    ),
    debt: z.strictObject(quotedTokens),
  }),
  z.strictObject({
    kind: z.literal('moneyMarket'),
    venueAccount,
    truncation: z.enum(['factorFirst', 'priceFirst']),
    collaterals: z.array(
      z.strictObject({
        asset: assetKey,
        market: address,
        shares: natural,
        exchangeRate: natural,
        decimals,
        quote: natural,
        factor: fraction,
      }),
    ),
    debts: z.array(z.strictObject({ ...quotedTokens, market: address, isForced: z.boolean() })),
    closeFactor: fraction,
    liquidationIncentive: natural.refine((incentive) => incentive >= wad, 'expected at least 1e18'),
  }),
  perpetualAccountSchema,
  z.strictObject({
    kind: z.literal('isolatedPerpetual'),
    venueAccount,
    underlying: name,
    quoteAsset: assetKey,
    quote: positive,
    margin: integer,
    size: integer,
    cost: integer,
    funding: integer,
    bufferRatio: fraction,
    feeRatio: fraction,
    minimumFee: natural,
    maximumFee: natural,
    keeperFee: natural,
    skewScale: positive,
    premiumMultiplier: natural,
  }),
  z.strictObject({
    kind: z.literal('collateralizedPerpetual'),
    venueAccount,
    underlying: name,
    quote: positive,
    collateral: z.strictObject(quotedTokens),
    size: integer,
    cost: integer,
    funding: integer,
    pendingImpact: integer,
    closingImpact: integer,
    impactLimit: natural,
    closingFee: natural,
    liquidationFee: natural,
    minimum: natural,
  }),
  optionCollateralSchema,
])

/** The JSON form of a {@link Snapshot}. */
export const snapshotSchema = z.strictObject({
  schema: z.literal('plimsoll-snapshot/1'),
  portfolio: z.strictObject({
    account: address,
    scope: z.enum(['observed', 'enforceable']),
    block: z.strictObject({ chainId: z.int().positive(), number: natural, hash: bytes32, timestamp: unixSeconds }),
    positions: z.array(positionSchema),
    venues: z.array(z.strictObject({ venue: z.string(), status: z.enum(['none', 'present']) })),
    requirements: z.array(z.strictObject({ venueAccount, initial: natural, maintenance: natural })),
    rules: z.array(venueRuleSchema),
  }),
  market: z.strictObject({
    prices: z.record(
      name,
      z.strictObject({ price: positive, confidence: fraction, updatedAt: unixSeconds, source: z.string() }),
    ),
    rates: z.record(assetKey, positive),
    volatilities: z.record(
      name,
      z
        .strictObject({ low: positive, high: positive, confidence: fraction, source: z.string() })
        .refine(({ low, high }) => low <= high, 'low must not exceed high'),
    ),
    rangeMultipliers: z.record(name, positive),
  }),
  witnesses: z.array(z.strictObject({ venue: z.string(), calls: bytes32, results: bytes32 })),
})

/**
 * Reads a snapshot from JSON text.
 *
 * @throws {InvalidInputError} naming path and value of every problem.
 * @throws {DuplicateClaimError} when two positions carry the same claim.
 */
export function parseSnapshot(text: string): Snapshot {
  const snapshot = parseWith(snapshotSchema, parseJson(text, 'The snapshot'), 'The snapshot')
  orderDistinctClaims(snapshot.portfolio.positions)
  return snapshot
}

/** The snapshot as JSON text with bigints as decimal text. */
export function formatSnapshot(snapshot: Snapshot): string {
  return `${JSON.stringify(toJson(snapshot), null, 2)}\n`
}

/** Hash of everything that a recomputation opens: positions and market, without the witnesses. */
export function inputsHash({ portfolio, market }: Snapshot): Hex {
  return canonicalHash({ portfolio, market })
}

/** `portfolioRoot` of a record: keccak256(inputsHash, witnessRoot). */
export function portfolioRoot(inputs: Hex, witnessRoot: Hex): Hex {
  return keccak256(concat([inputs, witnessRoot]))
}
