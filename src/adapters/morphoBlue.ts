import { pad } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import type { IsolatedLoanRule } from '../core/venueRule.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { requireDecimals } from './decimals.ts'
import { toAssetsDown, toAssetsUp } from './morphoBlueInterest.ts'
import {
  type MorphoBlueConfiguration,
  type MorphoBlueMarket,
  type MorphoBlueRaw,
  morphoBlueConfiguration,
  morphoBlueDiscovery,
  morphoBlueWitness,
  readMorphoBlue,
  witnessedMarkets,
} from './morphoBlueRead.ts'

type Context = AdapterContext<MorphoBlueConfiguration>

/**
 * Morpho Blue. A loan is a venue account of its own, named by its market: collateral and debt stand and fall together there.
 * What was lent to the market lies apart, since no liquidation of the loan touches it. Shares count with the interest of the
 * market up to the block, supplied ones rounded down, borrowed ones up, as Morpho itself would pay and collect them.
 *
 * What a loan demands is left unsaid: the market's oracle prices collateral in loan tokens, and nothing at the venue says
 * what those are in US dollars. The rule carries the demand in the venue's own terms.
 *
 * No count tells in how many markets an account is, so the witness covers the markets of the configuration and those in
 * which the account has something; a first position in a market outside both does not change it. A configuration that lists
 * every market which the account may enter closes that gap. Shares of the fee recipient grow by no action of its own, so its
 * witness does not hold for long.
 */
export const morphoBlue: Adapter<MorphoBlueConfiguration, MorphoBlueRaw> = {
  id: 'morpho-blue',
  configuration: morphoBlueConfiguration,
  discovery: morphoBlueDiscovery,

  read: readMorphoBlue,

  toPositions({ markets }, context) {
    for (const { decimals } of markets) {
      for (const [token, places] of decimals) requireDecimals(context, toAssetKey(context.block.chainId, token), places)
    }
    return {
      positions: markets.flatMap((market) => positionsOf(market, context)),
      requirements: [],
      rules: markets.flatMap((market) => ruleOf(market, context)),
    }
  },

  witness: morphoBlueWitness,

  // Morpho names the account in every log of its positions, but not as the recipient of the fees of an accrual.
  toldBy: (raw, context) => {
    const { configuration, account } = context
    const words = [pad(account), ...(raw.isFeeRecipient ? witnessedMarkets(raw, context) : [])]
    return [{ contract: configuration.morpho, words }]
  },
}

function positionsOf(market: MorphoBlueMarket, context: Context): Position[] {
  const { id, loanToken, collateralToken, supplyShares, collateral, totals } = market
  const { configuration, account, block } = context
  const { chainId } = block
  const loan = loanAccount(id, context)
  const lent = { ...loan, subAccount: `${id}:supply` }
  const legs = [
    {
      kind: 'balance',
      leg: 'supply',
      venueAccount: lent,
      token: loanToken,
      amount: toAssetsDown(supplyShares, totals.supplyAssets, totals.supplyShares),
    },
    { kind: 'balance', leg: 'collateral', venueAccount: loan, token: collateralToken, amount: collateral },
    { kind: 'debt', leg: 'debt', venueAccount: loan, token: loanToken, amount: owed(market) },
  ] as const
  return legs
    .filter(({ amount }) => amount > 0n)
    .map(({ kind, leg, venueAccount, token, amount }) => ({
      kind,
      claim: { chainId, contract: configuration.morpho, holder: account, id: `${id}:${leg}` },
      venueAccount,
      control: 'venue',
      asset: toAssetKey(chainId, token),
      amount,
    }))
}

function ruleOf(market: MorphoBlueMarket, context: Context): IsolatedLoanRule[] {
  const { id, loanToken, collateralToken, collateral, borrowShares, decimals, price, liquidationLtv } = market
  if (borrowShares === 0n) return []
  const places = decimals.get(loanToken)
  if (price === undefined || places === undefined) {
    throw new InconsistentReadError(`${context.venue}: price and decimals of the debt in market ${id} were not read.`)
  }
  const { chainId } = context.block
  return [
    {
      kind: 'isolatedLoan',
      venueAccount: loanAccount(id, context),
      collateral: { asset: toAssetKey(chainId, collateralToken), amount: collateral },
      debt: { asset: toAssetKey(chainId, loanToken), amount: owed(market), decimals: places },
      quote: price,
      liquidationLtv,
    },
  ]
}

function owed({ borrowShares, totals }: MorphoBlueMarket): bigint {
  return toAssetsUp(borrowShares, totals.borrowAssets, totals.borrowShares)
}

function loanAccount(
  id: MorphoBlueMarket['id'],
  { configuration, account, block: { chainId }, venue }: Context,
): VenueAccount {
  return { chainId, venue, instance: configuration.morpho, holder: account, subAccount: id }
}
