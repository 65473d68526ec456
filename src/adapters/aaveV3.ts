import { pad } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import type { LendingPoolRule } from '../core/venueRule.ts'
import { ceilDiv } from '../kernel/fixedPoint.ts'
import {
  type AaveV3Configuration,
  type AaveV3Raw,
  type AaveV3Reserve,
  type AaveV3Risk,
  aaveV3Configuration,
  aaveV3Witness,
  readAaveV3,
} from './aaveV3Read.ts'
import type { Adapter, AdapterContext } from './adapter.ts'
import { requireDecimals } from './decimals.ts'

/** 1e-8 USD, the pool's base unit, in WAD. */
const wadPerBase = 10n ** 10n

/**
 * Aave v3 and its forks whose base currency is the US dollar with 8 decimals. Every supply is a balance, whether or not it is
 * used as collateral; every debt is reported, whatever the asset. With debt `D > 0` the pool demands of collateral `C`
 * `C · (1 − LTV)` to borrow and `C · (1 − LT)` to stay open, at its own prices and averaged ratios.
 *
 * The rule lists the reserves that the pool itself counts, with the thresholds, bonuses and prices that it uses for this
 * account, and is held against the pool's own totals.
 */
export const aaveV3: Adapter<AaveV3Configuration, AaveV3Raw> = {
  id: 'aave-v3',
  configuration: aaveV3Configuration,

  read: readAaveV3,

  toPositions(raw, context) {
    const { account, block, venue } = context
    const venueAccount = { chainId: block.chainId, venue, instance: raw.pool, holder: account, subAccount: '' }
    const positions = raw.reserves.flatMap((reserve) => reservePositions(reserve, venueAccount, context))
    const owes = positions.some(({ kind }) => kind === 'debt')
    if (raw.totals.debt > 0n && !owes) {
      throw new InconsistentReadError(`${venue}: the pool counts a debt of ${raw.totals.debt}, no reserve shows one.`, {
        metaMessages: ['The data provider may belong to another pool than the configured one.'],
      })
    }
    if (!owes) return { positions, requirements: [], rules: [] }
    return {
      positions,
      requirements: [requirementOf(raw.totals, venueAccount)],
      rules: [ruleOf(raw, venueAccount, context)],
    }
  },

  witness: ({ pool, reserves }, { account }) => aaveV3Witness(pool, reserves, account),

  // A token tells of every mint, burn and transfer, the pool of what is used as collateral.
  toldBy: ({ pool, reserves }, { account }) =>
    [
      pool,
      ...reserves.flatMap(({ aToken, stableDebtToken, variableDebtToken }) => [
        aToken,
        stableDebtToken,
        variableDebtToken,
      ]),
    ].map((contract) => ({ contract, words: [pad(account)] })),
}

function reservePositions(
  { asset, decimals, aToken, stableDebtToken, variableDebtToken, risk, ...amounts }: AaveV3Reserve,
  venueAccount: VenueAccount,
  context: AdapterContext<AaveV3Configuration>,
): Position[] {
  const { chainId, holder } = venueAccount
  const key = toAssetKey(chainId, asset)
  requireDecimals(context, key, decimals)
  const legs = [
    { kind: 'balance', contract: aToken, amount: amounts.supplied },
    { kind: 'debt', contract: stableDebtToken, amount: amounts.stableDebt },
    { kind: 'debt', contract: variableDebtToken, amount: amounts.variableDebt },
  ] as const
  const venueValueOf = (kind: 'balance' | 'debt', amount: bigint, { price }: AaveV3Risk) => {
    const numerator = amount * price * wadPerBase
    const unit = 10n ** BigInt(decimals)
    return kind === 'debt' ? -ceilDiv(numerator, unit) : numerator / unit
  }
  return legs
    .filter(({ amount }) => amount > 0n)
    .map(({ kind, contract, amount }) => ({
      kind,
      claim: { chainId, contract, holder, id: '' },
      venueAccount,
      control: 'venue',
      asset: key,
      amount,
      ...(risk && { venueValue: venueValueOf(kind, amount, risk) }),
    }))
}

function requirementOf(
  { collateral, liquidationThreshold, ltv }: AaveV3Raw['totals'],
  venueAccount: VenueAccount,
): VenueRequirement {
  const wadPerBasisPoint = wadPerBase / 10_000n
  return {
    venueAccount,
    initial: collateral * (10_000n - ltv) * wadPerBasisPoint,
    maintenance: collateral * (10_000n - liquidationThreshold) * wadPerBasisPoint,
  }
}

/** The pool leaves out a reserve without a threshold of its own, also where an e-mode category would give it one. */
function ruleOf(
  { reserves, totals }: AaveV3Raw,
  venueAccount: VenueAccount,
  { configuration: { version, closeFactor }, venue }: AdapterContext<AaveV3Configuration>,
): LendingPoolRule {
  const quoted = reserves.flatMap(({ asset, decimals, supplied, stableDebt, variableDebt, isCollateral, risk }) => {
    if (risk === undefined) return []
    const common = { asset: toAssetKey(venueAccount.chainId, asset), decimals, quote: risk.price }
    return [{ common, risk, supplied: isCollateral ? supplied : 0n, owed: stableDebt + variableDebt }]
  })
  const rule: LendingPoolRule = {
    kind: 'lendingPool',
    venueAccount,
    averaging: version === '3.0' ? 'truncated' : 'exact',
    collaterals: quoted
      .filter(({ supplied, risk }) => supplied > 0n && risk.hasThreshold)
      .map(({ common, supplied, risk: { liquidationThreshold, bonus } }) => ({
        ...common,
        amount: supplied,
        liquidationThreshold,
        bonus,
      })),
    debts: quoted.filter(({ owed }) => owed > 0n).map(({ common, owed }) => ({ ...common, amount: owed })),
    closeFactor,
  }
  requireTotals(rule, totals, venue)
  return rule
}

/** The pool rounds collateral down and, from 3.5 on, debt up. */
function requireTotals({ collaterals, debts }: LendingPoolRule, totals: AaveV3Raw['totals'], venue: string): void {
  const sum = (held: LendingPoolRule['debts'], divide: (a: bigint, b: bigint) => bigint) =>
    held.reduce((total, { amount, quote, decimals }) => total + divide(amount * quote, 10n ** BigInt(decimals)), 0n)
  const floor = (a: bigint, b: bigint) => a / b
  const collateral = sum(collaterals, floor)
  const [least, most] = [sum(debts, floor), sum(debts, ceilDiv)]
  if (collateral === totals.collateral && least <= totals.debt && totals.debt <= most) return
  throw new InconsistentReadError(
    `${venue}: its reserves add up to collateral ${collateral} and debt ${least} to ${most}, the pool says ${totals.collateral} and ${totals.debt}.`,
    { metaMessages: ['The pool may be another version than this adapter reads; values in 1e-8 USD.'] },
  )
}
