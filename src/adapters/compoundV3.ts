import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import type { BaseDebtRule } from '../core/venueRule.ts'
import { ceilDiv, mul } from '../kernel/fixedPoint.ts'
import type { Adapter, AdapterContext, VenuePositions } from './adapter.ts'
import {
  type CompoundV3Collateral,
  type CompoundV3Configuration,
  type CompoundV3Market,
  compoundV3Configuration,
  compoundV3Witness,
  readCompoundV3,
} from './compoundV3Read.ts'
import { requireDecimals } from './decimals.ts'

/** 1e-8 USD, the market's unit of account, in WAD. */
const wadPerUnit = 10n ** 10n

/**
 * Compound III (Comet) markets that count in US dollars. What is supplied of the base is a balance and earns; what is
 * supplied of a collateral is a balance and does not; one base debt stands against all collaterals. Base amounts are accrued
 * to the block by the market's own views. Unclaimed rewards are not counted.
 *
 * The rule lists what `isLiquidatable` counts, and is held against it at the debt that the market stored last: an absorption
 * accrues first, so the rule itself carries the accrued debt.
 */
export const compoundV3: Adapter<CompoundV3Configuration, readonly CompoundV3Market[]> = {
  id: 'compound-v3',
  configuration: compoundV3Configuration,

  read: readCompoundV3,

  toPositions(raw, context) {
    const markets = raw.map((market) => marketPositions(market, context))
    return {
      positions: markets.flatMap(({ positions }) => positions),
      requirements: markets.flatMap(({ requirements }) => requirements),
      rules: markets.flatMap(({ rules }) => rules),
    }
  },

  witness: (raw, { account }) => raw.flatMap((market) => compoundV3Witness(market, account)),
}

function marketPositions(market: CompoundV3Market, context: AdapterContext<CompoundV3Configuration>): VenuePositions {
  const { comet, base, supplied, owed, collaterals } = market
  const { account, block, venue } = context
  const { chainId } = block
  const venueAccount: VenueAccount = { chainId, venue, instance: comet, holder: account, subAccount: '' }
  for (const { asset, decimals } of [base, ...collaterals]) {
    requireDecimals(context, toAssetKey(chainId, asset), decimals)
  }
  const legs = [
    { kind: 'balance', id: '', token: base, amount: supplied },
    { kind: 'debt', id: 'debt', token: base, amount: owed },
    ...collaterals.map((held) => ({ kind: 'balance', id: held.asset, token: held, amount: held.amount }) as const),
  ] as const
  const positions = legs
    .filter(({ amount }) => amount > 0n)
    .map(({ kind, id, token, amount }): Position => {
      const worth = amount * token.price * wadPerUnit
      const unit = 10n ** BigInt(token.decimals)
      return {
        kind,
        claim: { chainId, contract: comet, holder: account, id },
        venueAccount,
        control: 'venue',
        asset: toAssetKey(chainId, token.asset),
        amount,
        venueValue: kind === 'debt' ? -ceilDiv(worth, unit) : worth / unit,
      }
    })
  if (owed === 0n) return { positions, requirements: [], rules: [] }
  requireVerdict(market, venue)
  return {
    positions,
    requirements: [requirementOf(collaterals, venueAccount)],
    rules: [ruleOf(market, venueAccount)],
  }
}

/** What the market demands beyond the value of the collateral: to borrow by the one factor, to stay by the other. */
function requirementOf(collaterals: readonly CompoundV3Collateral[], venueAccount: VenueAccount): VenueRequirement {
  const demanded = (factorOf: (held: CompoundV3Collateral) => bigint) =>
    collaterals.reduce((total, held) => {
      const value = worthOf(held)
      return total + (value - mul(value, factorOf(held))) * wadPerUnit
    }, 0n)
  return {
    venueAccount,
    initial: demanded(({ borrowCollateralFactor }) => borrowCollateralFactor),
    maintenance: demanded(({ liquidateCollateralFactor }) => liquidateCollateralFactor),
  }
}

function ruleOf({ base, owed, collaterals }: CompoundV3Market, venueAccount: VenueAccount): BaseDebtRule {
  const key = (asset: CompoundV3Collateral['asset']) => toAssetKey(venueAccount.chainId, asset)
  return {
    kind: 'baseDebt',
    venueAccount,
    collaterals: collaterals.map(({ asset, decimals, amount, price, ...factors }) => ({
      asset: key(asset),
      amount,
      decimals,
      quote: price,
      liquidateCollateralFactor: factors.liquidateCollateralFactor,
      liquidationFactor: factors.liquidationFactor,
    })),
    debt: { asset: key(base.asset), amount: owed, decimals: base.decimals, quote: base.price },
  }
}

/** The market's own sum at the debt that it has stored, with its truncations. */
function requireVerdict({ comet, base, stored, collaterals }: CompoundV3Market, venue: string): void {
  const debt = (stored.owed * base.price) / 10n ** BigInt(base.decimals)
  const capacity = collaterals.reduce((total, held) => total + mul(worthOf(held), held.liquidateCollateralFactor), 0n)
  if (capacity < debt === stored.isLiquidatable) return
  throw new InconsistentReadError(
    `${venue}: market ${comet} says that the account ${stored.isLiquidatable ? 'can' : 'cannot'} be liquidated, its collateral says otherwise.`,
    { metaMessages: [`Collateral carries ${capacity}, owed are ${debt}, in 1e-8 USD at the last accrual.`] },
  )
}

function worthOf({ amount, price, decimals }: CompoundV3Collateral): bigint {
  return (amount * price) / 10n ** BigInt(decimals)
}
