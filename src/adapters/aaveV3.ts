import { pad } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import type { LendingPoolRule } from '../core/venueRule.ts'
import { healthFactor } from '../kernel/aaveRounding.ts'
import { ceilDiv, floorDiv } from '../kernel/fixedPoint.ts'
import {
  type AaveV3Configuration,
  type AaveV3Raw,
  type AaveV3Reserve,
  aaveV3Configuration,
  aaveV3Witness,
  readAaveV3,
} from './aaveV3Read.ts'
import { type AaveV3Risk, since } from './aaveV3Risk.ts'
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
 * account, in e-mode or out of it, and is held against the pool's own totals and health factor. Isolation mode, siloed
 * borrowing and caps limit what can be borrowed next, not what is liquidated, so nothing of them is in the rule. A frozen
 * reserve counts as before. Of a paused one nothing can be withdrawn, repaid or liquidated; its rule stays as if it could be
 * liquidated, which charges more.
 */
export const aaveV3: Adapter<AaveV3Configuration, AaveV3Raw> = {
  id: 'aave-v3',
  configuration: aaveV3Configuration,

  read: readAaveV3,

  toPositions(raw, context) {
    const { account, block, venue } = context
    const venueAccount = { chainId: block.chainId, venue, instance: raw.pool, holder: account, subAccount: '' }
    const positions = raw.reserves.flatMap((reserve) => reservePositions(reserve, venueAccount, context))
    const { reserves, totals } = raw
    const owes = positions.some(({ kind }) => kind === 'debt')
    if (totals !== undefined && totals.debt > 0n && !owes) {
      throw new InconsistentReadError(`${venue}: the pool counts a debt of ${totals.debt}, no reserve shows one.`, {
        metaMessages: ['The data provider may belong to another pool than the configured one.'],
      })
    }
    if (!owes) return { positions, requirements: [], rules: [] }
    if (totals === undefined)
      throw new InconsistentReadError(`${venue}: the pool was not asked of an account that owes.`)
    return {
      positions,
      requirements: [requirementOf(totals, venueAccount)],
      rules: [ruleOf({ reserves, totals }, venueAccount, context)],
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

type Totals = NonNullable<AaveV3Raw['totals']>

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
  { collateral, liquidationThreshold, ltv }: Totals,
  venueAccount: VenueAccount,
): VenueRequirement {
  const wadPerBasisPoint = wadPerBase / 10_000n
  return {
    venueAccount,
    initial: collateral * (10_000n - ltv) * wadPerBasisPoint,
    maintenance: collateral * (10_000n - liquidationThreshold) * wadPerBasisPoint,
  }
}

/** Up to 3.5 the pool leaves out a reserve without a threshold of its own, also where an e-mode category would give it one. */
function ruleOf(
  { reserves, totals }: { readonly reserves: AaveV3Raw['reserves']; readonly totals: Totals },
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
    averaging: version < since.exactAveraging ? 'truncated' : 'exact',
    collaterals: quoted
      .filter(({ supplied, risk }) => supplied > 0n && risk.counts)
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

/**
 * The pool rounds collateral down, debt down with truncated averaging and up with exact. Its health factor tells whether
 * thresholds, e-mode and version were read as it uses them; it is the largest integer where the debt is worth nothing.
 */
function requireTotals({ averaging, collaterals, debts }: LendingPoolRule, totals: Totals, venue: string): void {
  const worthOf = ({ amount, quote, decimals }: LendingPoolRule['debts'][number], isUp: boolean) =>
    (isUp ? ceilDiv : floorDiv)(amount * quote, 10n ** BigInt(decimals))
  let [collateral, weighted, debt] = [0n, 0n, 0n]
  for (const held of collaterals) {
    const worth = worthOf(held, false)
    collateral += worth
    weighted += worth * BigInt(held.liquidationThreshold)
  }
  for (const owed of debts) debt += worthOf(owed, averaging === 'exact')
  const ours = { collateral, debt, healthFactor: healthFactor(averaging, { collateral, weighted, debt }) ?? largest }
  const differing = (['collateral', 'debt', 'healthFactor'] as const).filter((name) => ours[name] !== totals[name])
  if (differing.length === 0) return
  throw new InconsistentReadError(`${venue}: its reserves do not add up to what the pool says of the account.`, {
    metaMessages: [
      ...differing.map((name) => `${name}: ${ours[name]}, the pool says ${totals[name]}`),
      'Set `version` in the configuration of the venue to that of the pool. Values in 1e-8 USD, the health factor in WAD.',
    ],
  })
}

const largest = 2n ** 256n - 1n
