import { pad, toEventSelector } from 'viem'
import { toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { VenueRequirement } from '../core/portfolio.ts'
import type { Position, VenueAccount } from '../core/position.ts'
import { wad } from '../core/units.ts'
import type { MoneyMarketRule } from '../core/venueRule.ts'
import { ceilDiv, mul } from '../kernel/fixedPoint.ts'
import type { Adapter, AdapterContext, VenuePositions } from './adapter.ts'
import {
  type CompoundV2Configuration,
  type CompoundV2Market,
  type CompoundV2Pool,
  type CompoundV2Risk,
  compoundV2Configuration,
  compoundV2Witness,
  readCompoundV2,
} from './compoundV2Read.ts'
import { requireDecimals } from './decimals.ts'

/**
 * Compound v2, its forks whose oracle quotes US dollars, and the isolated pools of Venus. Shares are a balance of the
 * underlying at the exchange rate accrued to the block, whether or not the market is entered; a debt is reported whatever the
 * asset, rounded up to the most that the venue can count. Unclaimed rewards are not counted.
 *
 * The rule lists what the comptroller counts, only entered markets as collateral, and is held against its own
 * `getAccountLiquidity` at the last accruals, to the last unit.
 */
export const compoundV2: Adapter<CompoundV2Configuration, readonly CompoundV2Pool[]> = {
  id: 'compound-v2',
  configuration: compoundV2Configuration,

  read: readCompoundV2,

  toPositions(raw, context) {
    const pools = raw.map((pool) => poolPositions(pool, context))
    return {
      positions: pools.flatMap(({ positions }) => positions),
      requirements: pools.flatMap(({ requirements }) => requirements),
      rules: pools.flatMap(({ rules }) => rules),
    }
  },

  witness: (raw, { account }) => raw.flatMap((pool) => compoundV2Witness(pool, account)),
  witnessAlsoChangesOn: 'accrualOfDebts',

  // Comptroller and markets name the account in every log of it, but not where a market leaves the list for all; a stored debt
  // also moves with each accrual of its market.
  toldBy: (raw, { account }) =>
    raw.flatMap(({ comptroller, all, markets }) => {
      const owed = new Set(markets.filter(({ stored }) => stored.debt > 0n).map(({ market }) => market))
      const words = [pad(account), changeOfCode]
      return [
        { contract: comptroller, words: [...words, unlisting] },
        ...all.map(({ market }) => ({
          contract: market,
          words: owed.has(market) ? [...words, ...accruals] : words,
        })),
      ]
    }),
}

/** What a delegator of Compound tells when its calls go to another contract (`Unitroller`, `CErc20Delegator`). */
const changeOfCode = toEventSelector('NewImplementation(address,address)')

/** Who had entered the market has not any more, as `getAssetsIn` of Venus tells it. */
const unlisting = toEventSelector('MarketUnlisted(address)')

/** Of markets of today and of the first ones. */
const accruals = ['AccrueInterest(uint256,uint256,uint256,uint256)', 'AccrueInterest(uint256,uint256,uint256)'].map(
  (event) => toEventSelector(event),
)

/** A market that counts into a liquidation. */
type Counted = CompoundV2Market & { readonly risk: CompoundV2Risk }

function poolPositions(pool: CompoundV2Pool, context: AdapterContext<CompoundV2Configuration>): VenuePositions {
  const { account, block, venue } = context
  const venueAccount = { chainId: block.chainId, venue, instance: pool.comptroller, holder: account, subAccount: '' }
  const positions = pool.markets.flatMap((market) => marketPositions(market, venueAccount, context))
  if (!positions.some(({ kind }) => kind === 'debt')) return { positions, requirements: [], rules: [] }
  const counted = pool.markets.flatMap(({ risk, ...market }): Counted[] => (risk ? [{ ...market, risk }] : []))
  for (const { market, risk } of counted) {
    if (risk.price > 0n) continue
    throw new InconsistentReadError(`${venue}: the pool's oracle has no price of ${market}.`, {
      metaMessages: ['Nobody can tell then what the pool does to this account; wait until the oracle answers.'],
    })
  }
  const rule = ruleOf(counted, { pool, venueAccount, context })
  requireLiquidity(pool, counted, context)
  return { positions, requirements: [requirementOf(counted, venueAccount)], rules: [rule] }
}

function marketPositions(
  { market, asset, decimals, shares, exchangeRate, debt, risk }: CompoundV2Market,
  venueAccount: VenueAccount,
  context: AdapterContext<CompoundV2Configuration>,
): Position[] {
  const { chainId, holder } = venueAccount
  const key = toAssetKey(chainId, asset)
  requireDecimals(context, key, decimals)
  const supplied = mul(shares, exchangeRate)
  const legs = [
    { kind: 'balance', id: '', amount: supplied, venueValue: risk && mul(supplied, risk.price) },
    { kind: 'debt', id: 'debt', amount: debt, venueValue: risk && -ceilDiv(debt * risk.price, wad) },
  ] as const
  return legs
    .filter(({ amount }) => amount > 0n)
    .map(({ kind, id, amount, venueValue }) => ({
      kind,
      claim: { chainId, contract: market, holder, id },
      venueAccount,
      control: 'venue',
      asset: key,
      amount,
      ...(venueValue !== undefined && { venueValue }),
    }))
}

/** What the venue demands beyond the value of the shares: to borrow by the collateral factor, to stay by the threshold. */
function requirementOf(counted: readonly Counted[], venueAccount: VenueAccount): VenueRequirement {
  const demanded = (factorOf: (risk: CompoundV2Risk) => bigint) =>
    counted
      .filter(({ isEntered }) => isEntered)
      .reduce((total, { shares, exchangeRate, risk }) => {
        const value = shares * exchangeRate * risk.price * (wad - factorOf(risk))
        return total + ceilDiv(value, wad ** 3n)
      }, 0n)
  return {
    venueAccount,
    initial: demanded(({ collateralFactor }) => collateralFactor),
    maintenance: demanded(({ liquidationThreshold }) => liquidationThreshold),
  }
}

function ruleOf(
  counted: readonly Counted[],
  {
    pool: { liquidationIncentive },
    venueAccount,
    context: { configuration },
  }: { pool: CompoundV2Pool; venueAccount: VenueAccount; context: AdapterContext<CompoundV2Configuration> },
): MoneyMarketRule {
  const common = ({ asset, market, decimals, risk }: Counted) => ({
    asset: toAssetKey(venueAccount.chainId, asset),
    market,
    decimals,
    quote: risk.price,
  })
  return {
    kind: 'moneyMarket',
    venueAccount,
    truncation: configuration.variant === 'compound' ? 'factorFirst' : 'priceFirst',
    collaterals: counted
      .filter(({ isEntered, shares }) => isEntered && shares > 0n)
      .map((held) => ({
        ...common(held),
        shares: held.shares,
        exchangeRate: held.exchangeRate,
        factor: held.risk.liquidationThreshold,
      })),
    debts: counted
      .filter(({ debt }) => debt > 0n)
      .map((owed) => ({ ...common(owed), amount: owed.debt, isForced: owed.risk.isForced })),
    closeFactor: configuration.closeFactor,
    liquidationIncentive,
  }
}

/** The comptroller's own sum over entered markets as they are stored, with its truncations. */
function requireLiquidity(
  { comptroller, liquidity: verdict }: CompoundV2Pool,
  counted: readonly Counted[],
  { venue, configuration: { variant } }: AdapterContext<CompoundV2Configuration>,
): void {
  if (verdict === undefined) {
    throw new InconsistentReadError(`${venue}: the comptroller ${comptroller} was not asked of an account that owes.`)
  }
  const { error, liquidity, shortfall } = verdict
  if (error !== 0n) {
    throw new InconsistentReadError(
      `${venue}: the comptroller ${comptroller} answers error ${error} for the account.`,
      {
        metaMessages: ['Nobody can tell then what the pool does to it; wait until the comptroller answers.'],
      },
    )
  }
  let net = 0n
  for (const { isEntered, shares, stored, risk } of counted) {
    if (!isEntered) continue
    const { price, liquidationThreshold: factor } = risk
    const perShare =
      variant === 'compound'
        ? mul(mul(factor, stored.exchangeRate), price)
        : mul(factor, mul(stored.exchangeRate, price))
    net += mul(perShare, shares) - mul(price, stored.debt)
  }
  if (net === liquidity - shortfall) return
  throw new InconsistentReadError(
    `${venue}: the account's markets add up to a liquidity of ${net}, the comptroller says ${liquidity - shortfall}.`,
    { metaMessages: ['The pool may be of another variant than the configured one; values in WAD USD.'] },
  )
}
