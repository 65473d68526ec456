import { pad, toEventSelector } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import { type Wad, wad } from '../core/units.ts'
import type { IsolatedPerpetualRule } from '../core/venueRule.ts'
import { abs, ceilDiv, max, min, mul, mulUp } from '../kernel/fixedPoint.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { requireDecimals } from './decimals.ts'
import { UnsupportedPositionError } from './errors.ts'
import {
  type OpenPosition,
  readSynthetixPerps,
  type SynthetixMarket,
  type SynthetixPerpsConfiguration,
  type SynthetixPerpsRaw,
  type SynthetixTerms,
  synthetixPerpsConfiguration,
  synthetixPerpsWitness,
} from './synthetixPerpsV2Read.ts'

type Context = AdapterContext<SynthetixPerpsConfiguration>

/**
 * Synthetix Perps v2. Every market is a venue account of its own: its margin in sUSD, and the position with the funding accrued to
 * the block at the venue's present price.
 *
 * The requirement is, initially, what `accessibleMargin` keeps back: notional / (maximum leverage − 0.001), at least the
 * minimum initial margin, plus 0.001 sUSD; for maintenance the liquidation margin with the premium (`_canLiquidate`). All in
 * WAD USD at the venue's own price, rounded up.
 *
 * A position that is flagged can only be liquidated, and whatever remains of its margin goes to keepers and stakers: nothing of
 * it is the account's any more, so nothing is listed. A pending delayed order is refused, as anyone may execute it; so is a
 * position in a market whose price the venue holds invalid, which can be neither traded nor liquidated.
 */
export const synthetixPerpsV2: Adapter<SynthetixPerpsConfiguration, SynthetixPerpsRaw> = {
  id: 'synthetix-perps-v2',
  configuration: synthetixPerpsConfiguration,

  read: ({ configuration, account }) => readSynthetixPerps(configuration, account),

  toPositions({ markets, terms }, context) {
    const { configuration, account, block, venue } = context
    const { chainId } = block
    // The venue keeps margins with 18 decimals.
    requireDecimals(context, toAssetKey(chainId, configuration.marginToken), 18)
    for (const market of markets) requireSettled(market, context)
    const held = markets.filter(({ isFlagged }) => !isFlagged)
    const accounts = held.map((market) => ({
      market,
      venueAccount: { chainId, venue, instance: market.market, holder: account, subAccount: '' },
    }))
    return {
      positions: accounts.flatMap(({ market, venueAccount }) => positionsOf(market, venueAccount, configuration)),
      requirements: accounts.flatMap(({ market: { open }, venueAccount }) =>
        open && terms ? [requirementOf(open, terms, venueAccount)] : [],
      ),
      rules: accounts.flatMap(({ market, venueAccount }) =>
        market.open && terms ? [ruleOf(market, market.open, { terms, venueAccount, configuration })] : [],
      ),
    }
  },

  witness: (_, { configuration, account }) => synthetixPerpsWitness(configuration, account),

  // A market tells through its proxy, with the account, of every change of margin, position, order and flag.
  toldBy: (_, { configuration: { markets }, account }) =>
    markets.map(({ market }) => ({ contract: market, words: [pad(account), ...changesOfCode] })),
}

/** What a proxy of Synthetix tells when its calls go to another contract (`Proxy`, `ProxyPerpsV2`). */
const changesOfCode = [
  'TargetUpdated(address)',
  'RouteUpdated(bytes4,address,bool)',
  'RouteRemoved(bytes4)',
  'TargetedRouteAdded(address)',
  'TargetedRouteRemoved(address)',
].map((event) => toEventSelector(event))

function requireSettled({ market, hasOrder, isFlagged, open }: SynthetixMarket, { venue }: Context): void {
  if (hasOrder && !isFlagged) {
    throw new UnsupportedPositionError({
      venue,
      position: `a pending delayed order in market ${market}`,
      remedy: 'Execute or cancel the order; until then anyone may turn it into another position.',
    })
  }
  if (open && !isFlagged && (open.isPriceInvalid || open.price === 0n)) {
    throw new UnsupportedPositionError({
      venue,
      position: `a position in market ${market}, whose price is stale or suspended`,
      remedy: 'Read again when the market trades; nobody can close or liquidate the position before.',
    })
  }
}

function positionsOf(
  { market, underlying, margin, open }: SynthetixMarket,
  venueAccount: VenueAccount,
  { marginToken }: SynthetixPerpsConfiguration,
): Position[] {
  const { chainId, holder } = venueAccount
  const asset = toAssetKey(chainId, marginToken)
  const claim = (id: string) => ({ chainId, contract: market, holder, id })
  const common = { venueAccount, control: 'venue' } as const
  return [
    ...(margin > 0n
      ? [{ ...common, kind: 'balance', claim: claim('margin'), asset, amount: margin, venueValue: margin } as const]
      : []),
    ...(open
      ? [
          {
            ...common,
            kind: 'perpetual',
            claim: claim('position'),
            underlying,
            quoteAsset: asset,
            ...linearOf(open),
            venueValue: mul(open.size, open.price - open.lastPrice) + open.funding,
          } as const,
        ]
      : []),
  ]
}

/** Size, cost and funding of a position, WAD; the cost rounded up. */
function linearOf({ size, lastPrice, funding }: OpenPosition): { size: Wad; cost: Wad; funding: Wad } {
  return { size, cost: ceilDiv(size * lastPrice, wad), funding }
}

function requirementOf(open: OpenPosition, terms: SynthetixTerms, venueAccount: VenueAccount): VenueRequirement {
  const { size, price, maxLeverage, skewScale, premiumMultiplier, bufferRatio } = open
  const notional = mulUp(abs(size), price)
  const fee = max(min(mulUp(notional, terms.feeRatio), terms.maximumFee), terms.minimumFee)
  const premium = mulUp(mulUp(ceilDiv(abs(size) * wad, skewScale), notional), premiumMultiplier)
  return {
    venueAccount,
    initial: max(ceilDiv(notional * wad, maxLeverage - milli), terms.minimumInitialMargin) + milli,
    maintenance: mulUp(notional, bufferRatio) + fee + terms.keeperFee + premium,
  }
}

/** What the venue keeps back of leverage and of margin against its own rounding. */
const milli = wad / 1000n

function ruleOf(
  { underlying, margin }: SynthetixMarket,
  open: OpenPosition,
  {
    terms: { feeRatio, minimumFee, maximumFee, keeperFee },
    venueAccount,
    configuration: { marginToken },
  }: {
    readonly terms: SynthetixTerms
    readonly venueAccount: VenueAccount
    readonly configuration: SynthetixPerpsConfiguration
  },
): IsolatedPerpetualRule {
  const { price, bufferRatio, skewScale, premiumMultiplier } = open
  return {
    kind: 'isolatedPerpetual',
    venueAccount,
    underlying,
    quoteAsset: toAssetKey(venueAccount.chainId, marginToken),
    quote: price,
    margin,
    ...linearOf(open),
    ...{ bufferRatio, feeRatio, minimumFee, maximumFee, keeperFee, skewScale, premiumMultiplier },
  }
}
