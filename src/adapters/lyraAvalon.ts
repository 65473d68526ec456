import { pad } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import type { Balance, Option, Position, VenueAccount } from '../core/position.ts'
import { type Wad, wad } from '../core/units.ts'
import type { OptionCollateralRule } from '../core/venueRule.ts'
import { max, mul, mulUp } from '../kernel/fixedPoint.ts'
import type { Adapter } from './adapter.ts'
import { requireDecimals } from './decimals.ts'
import {
  type LyraCollateralTerms,
  type LyraConfiguration,
  type LyraHeld,
  type LyraRaw,
  lyraConfiguration,
  ownerPositions,
  readLyra,
} from './lyraAvalonRead.ts'

/**
 * Lyra Avalon options of one market. The collateral of each short is a balance beside it.
 *
 * The requirement is the sum over live shorts of `max(0, minCollateral − mark)` in WAD USD, rounded up: what the venue wants
 * to see beyond the value of the leg. `minCollateral` is the greek cache's own, of base collateral times the venue's spot;
 * `mark` is its cached price of the option, or the intrinsic value, which is lower, while the cache is stale. One ratio
 * opens and keeps a position, so initial equals maintenance. The rule lists the live shorts; nothing expired is liquidated.
 *
 * An expired option is listed with its expiry and demands nothing; once its board is settled it carries the price at which
 * it settles. Of a board that was settled by force before its expiry it is listed as expiring at the block. A settled short
 * call with base collateral owes an amount of base that no price moves any more, so only what is left of its collateral is
 * listed.
 */
export const lyraAvalon: Adapter<LyraConfiguration, LyraRaw> = {
  id: 'lyra-avalon',
  configuration: lyraConfiguration,

  read: readLyra,

  toPositions({ positions: raw, terms }, context) {
    const { configuration, account, block, venue } = context
    const { chainId } = block
    const venueAccount = { chainId, venue, instance: configuration.optionMarket, holder: account, subAccount: '' }
    for (const token of [configuration.quoteAsset, configuration.baseAsset]) {
      // The market keeps amounts of both tokens with 18 decimals.
      requireDecimals(context, toAssetKey(chainId, token), 18)
    }
    const positions = raw.flatMap((held): Position[] => [
      ...optionOf(held, venueAccount, configuration),
      ...collateralOf(held, venueAccount, configuration),
    ])
    const liveShorts = raw.filter(({ requirement }) => requirement !== undefined)
    if (liveShorts.length === 0 || terms === undefined) return { positions, requirements: [], rules: [] }
    const required = liveShorts.reduce((total, held) => total + requirementOf(held), 0n)
    return {
      positions,
      requirements: [{ venueAccount, initial: required, maintenance: required }],
      rules: [ruleOf(liveShorts, terms, venueAccount, configuration)],
    }
  },

  witness: (_, { configuration, account }) => [ownerPositions(configuration, account)],

  // The option token tells of every change of a position with its owner.
  toldBy: (_, { configuration: { optionToken }, account }) => [{ contract: optionToken, words: [pad(account)] }],
}

function optionOf(
  held: LyraHeld,
  venueAccount: VenueAccount,
  { optionToken, underlying, quoteAsset, surface }: LyraConfiguration,
): Option[] {
  const { id, type, amount, strike, expiry, settled } = held
  if (settled && type.collateral === 'base') return []
  const { chainId, holder } = venueAccount
  const venueValue = optionValue(held)
  return [
    {
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
      ...(settled && { settlement: { kind: 'final', price: settled.price } as const }),
      ...(venueValue !== undefined && { venueValue }),
    },
  ]
}

/** At the settlement price or the cached one, WAD USD; a short rounded up. */
function optionValue({ type, amount, strike, settled, cachedPrice }: LyraHeld): Wad | undefined {
  const price = settled ? intrinsicValue(type.right, strike, settled.price) : cachedPrice
  if (price === undefined) return undefined
  return type.side === 'long' ? mul(amount, price) : -mulUp(amount, price)
}

function collateralOf(
  held: LyraHeld,
  venueAccount: VenueAccount,
  { shortCollateral, quoteAsset, baseAsset }: LyraConfiguration,
): Balance[] {
  const { id, type, requirement } = held
  const amount = remainingCollateral(held)
  if (type.side === 'long' || amount === 0n) return []
  const { chainId, holder } = venueAccount
  const price = type.collateral === 'quote' ? wad : requirement?.spot
  return [
    {
      kind: 'balance',
      claim: { chainId, contract: shortCollateral, holder, id: `${id}` },
      venueAccount,
      control: 'venue',
      asset: toAssetKey(chainId, type.collateral === 'base' ? baseAsset : quoteAsset),
      amount,
      ...(price !== undefined && { venueValue: mul(amount, price) }),
    },
  ]
}

/** After settlement the venue keeps of base collateral what is owed, and no more than there is (`_sendShortCallBaseProceeds`). */
function remainingCollateral({ type, amount, collateral, settled }: LyraHeld): Wad {
  if (!settled || type.collateral !== 'base') return collateral
  return max(collateral - mul(settled.basePerOption, amount), 0n)
}

function requirementOf({ type, amount, strike, requirement, cachedPrice }: LyraHeld): Wad {
  if (requirement === undefined) return 0n
  const { minCollateral, spot } = requirement
  const minimum = type.collateral === 'base' ? mulUp(minCollateral, spot) : minCollateral
  return max(0n, minimum - mul(amount, cachedPrice ?? intrinsicValue(type.right, strike, spot)))
}

function intrinsicValue(right: 'call' | 'put', strike: Wad, price: Wad): Wad {
  return max(0n, right === 'call' ? price - strike : strike - price)
}

function ruleOf(
  liveShorts: readonly LyraHeld[],
  { spot, minimum, penaltyRatio, minimumPenalty }: LyraCollateralTerms,
  venueAccount: VenueAccount,
  { underlying, quoteAsset }: LyraConfiguration,
): OptionCollateralRule {
  return {
    kind: 'optionCollateral',
    venueAccount,
    underlying,
    quoteAsset: toAssetKey(venueAccount.chainId, quoteAsset),
    quote: spot,
    shorts: liveShorts.map(({ id, type, strike, expiry, amount, collateral }) => ({
      id: `${id}`,
      right: type.right,
      collateralIn: type.collateral ?? 'quote',
      strike,
      expiry,
      amount,
      collateral,
    })),
    minimum,
    penaltyRatio,
    minimumPenalty,
  }
}
