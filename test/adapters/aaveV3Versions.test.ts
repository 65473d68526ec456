import { expect } from 'chai'
import { type Address, zeroAddress } from 'viem'
import { aaveV3 } from '../../src/adapters/aaveV3.ts'
import type { AaveV3Configuration } from '../../src/adapters/aaveV3Read.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import type { PlannedCall } from '../../src/core/readPlan.ts'
import type { LendingPoolRule } from '../../src/core/venueRule.ts'
import { thrown } from '../support/rejection.ts'
import { contextOf } from './support/context.ts'

const token = (index: number): Address => `0x${'0'.repeat(38)}${index.toString().padStart(2, '0')}`
const [pool, dataProvider, provider, oracle] = [token(90), token(91), token(92), token(93)]

/** A reserve as a pool from 3.2 on answers of it; thresholds in basis points. */
type Reserve = {
  readonly id: number
  readonly threshold: bigint
  readonly supplied?: bigint
  readonly owed?: bigint
}

/** In 1e-8 USD, the health factor in WAD. */
type Totals = { readonly collateral: bigint; readonly debt: bigint; readonly healthFactor: bigint }

/** The category of the account: bit `id` of the bitmap says whether a reserve belongs to it. */
const category = { id: 7n, threshold: 9_500, bonus: 10_100, bitmap: 0b101000n }
const own = { bonus: 10_500n, decimals: 6, price: 10n ** 8n }

/**
 * What a pool of version 3.2 to 3.7 answers to each call. No package holds its code, so these are answers made by hand, in the
 * shapes of its interface.
 */
function answerer(reserves: readonly Reserve[], { collateral, debt, healthFactor }: Totals, index: bigint) {
  const reserveOf = (asset: unknown) => {
    const reserve = reserves.find(({ id }) => token(id) === asset)
    if (reserve === undefined) throw new Error(`no reserve ${asset}`)
    return reserve
  }
  const answers: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
    getReservesList: () => reserves.map(({ id }) => token(id)),
    getUserAccountData: () => [collateral, debt, 0n, 0n, 0n, healthFactor],
    getUserEMode: () => category.id,
    ADDRESSES_PROVIDER: () => provider,
    getPriceOracle: () => oracle,
    getEModeCategoryCollateralConfig: () => ({
      ltv: 9_300,
      liquidationThreshold: category.threshold,
      liquidationBonus: category.bonus,
    }),
    getEModeCategoryCollateralBitmap: () => category.bitmap,
    getReserveTokensAddresses: ([asset]) => [
      token(20 + reserveOf(asset).id),
      zeroAddress,
      token(40 + reserveOf(asset).id),
    ],
    decimals: () => own.decimals,
    getReserveConfigurationData: ([asset]) => [
      6n,
      0n,
      reserveOf(asset).threshold,
      own.bonus,
      0n,
      reserveOf(asset).threshold > 0n,
      true,
      false,
      true,
      false,
    ],
    getAssetPrice: () => own.price,
    getReserveData: ([asset]) => ({ id: reserveOf(asset).id }),
    getReserveNormalizedIncome: () => index,
    getReserveNormalizedVariableDebt: () => index,
    getUserConfiguration: () => ({ data: reserves.reduce((bits, reserve) => bits | bitsOf(reserve), 0n) }),
  }
  const scaled = new Map(
    reserves.flatMap(({ id, supplied = 0n, owed = 0n }) => [
      [token(20 + id), supplied] as const,
      [token(40 + id), owed] as const,
    ]),
  )
  return ({ address, functionName, args = [] }: PlannedCall) => {
    if (functionName === 'scaledBalanceOf') return scaled.get(address)
    const answer = answers[functionName]
    if (answer === undefined) throw new Error(`${functionName} is no function of this version`)
    return answer(args)
  }
}

/** The bits of a reserve in the configuration of an account (`UserConfigurationMap`). */
const bitsOf = ({ id, supplied = 0n, owed = 0n }: Reserve) =>
  ((owed > 0n ? 1n : 0n) | (supplied > 0n ? 2n : 0n)) << BigInt(2 * id)

const ray = 10n ** 27n

/** Runs the adapter on these answers, with both indices of every reserve at `index`. */
function read(version: AaveV3Configuration['version'], reserves: readonly Reserve[], totals: Totals, index = ray) {
  const answer = answerer(reserves, totals, index)
  const context = contextOf(
    { pool, dataProvider, version, closeFactor: 10n ** 18n } as const satisfies AaveV3Configuration,
    Object.fromEntries(reserves.map(({ id }) => [token(id), own.decimals])),
  )
  const plan = aaveV3.read(context)
  let step = plan.next()
  while (step.done !== true) step = plan.next(step.value.map(answer))
  const { positions, rules } = aaveV3.toPositions(step.value, context)
  return { positions, rule: rules[0] as LendingPoolRule, witness: aaveV3.witness(step.value, context) }
}

const thresholds = ({ collaterals }: LendingPoolRule) =>
  collaterals.map(({ amount, liquidationThreshold, bonus }) => [amount, liquidationThreshold, bonus])

// Ids 3 and 5 belong to the category. Reserves 1, 2 and 4 were dropped, so that no id is the place in the list.
const held: readonly Reserve[] = [
  { id: 3, threshold: 8_000n, supplied: 1_000n },
  { id: 5, threshold: 0n, supplied: 2_000n },
  { id: 6, threshold: 7_500n, supplied: 4_000n },
  { id: 8, threshold: 8_000n, owed: 3n },
]

/**
 * A smallest unit is worth 100 in 1e-8 USD, so the debt is 300. Up to 3.5 the pool counts 1,000 at 95 % and 4,000 at 75 %, an
 * average of 79 %: 500,000 · 0.79 / 300 = 1,316.66…, which 3.2 to 3.4 round half up and 3.5 down. From 3.6 on also 2,000
 * at 95 %: (300,000 · 0.95 + 400,000 · 0.75) / 300 = 1,950.
 */
const asOf = {
  '3.2': { collateral: 500_000n, debt: 300n, healthFactor: 1_316_666_666_666_666_666_667n },
  '3.5': { collateral: 500_000n, debt: 300n, healthFactor: 1_316_666_666_666_666_666_666n },
  '3.6': { collateral: 700_000n, debt: 300n, healthFactor: 1_950n * 10n ** 18n },
} as const

describe('aaveV3 from 3.2 on, from answers made by hand', () => {
  it('takes threshold and bonus of the category by the bitmap, and leaves a member without a threshold out up to 3.5', () => {
    for (const version of ['3.2', '3.3', '3.4', '3.5'] as const) {
      const { rule } = read(version, held, asOf[version === '3.5' ? '3.5' : '3.2'])
      expect(thresholds(rule), version).to.deep.equal([
        [1_000n, 9_500, 100],
        [4_000n, 7_500, 500],
      ])
      expect(rule.averaging).to.equal(version === '3.5' ? 'exact' : 'truncated')
    }
  })

  it('counts a member without a threshold of its own from 3.6 on', () => {
    for (const version of ['3.6', '3.7'] as const) {
      const { rule } = read(version, held, asOf['3.6'])
      expect(thresholds(rule), version).to.deep.equal([
        [1_000n, 9_500, 100],
        [2_000n, 9_500, 100],
        [4_000n, 7_500, 500],
      ])
      expect(rule.averaging).to.equal('exact')
    }
  })

  it('refuses what an account counts at another version', async () => {
    for (const [version, totals] of [
      ['3.2', asOf['3.5']],
      ['3.5', asOf['3.2']],
      ['3.5', asOf['3.6']],
      ['3.6', asOf['3.5']],
    ] as const) {
      const error = await thrown(() => read(version, held, totals), InconsistentReadError)
      expect(error.message).to.contain('`version`')
    }
  })

  it('rounds supplies and debts half up before 3.5, and against the account from then on', () => {
    // 1,001 and 3 at an index of 1.5 are 1,501.5 and 4.5; at the totals that follow from each rounding.
    const some: readonly Reserve[] = [
      { id: 3, threshold: 8_000n, supplied: 1_001n },
      { id: 8, threshold: 8_000n, owed: 3n },
    ]
    const health = (collateral: bigint, debt: bigint) => (collateral * 9_500n * 10n ** 14n) / debt
    for (const [version, supplied, owed] of [
      ['3.4', 1_502n, 5n],
      ['3.5', 1_501n, 5n],
    ] as const) {
      const [collateral, debt] = [supplied * 100n, owed * 100n]
      const totals = { collateral, debt, healthFactor: health(collateral, debt) }
      const { positions } = read(version, some, totals, (ray * 3n) / 2n)
      expect(positions.map((position) => 'amount' in position && position.amount)).to.deep.equal([supplied, owed])
    }
  })

  it('witnesses the debt tokens of what the pool counts as borrowed, and the supplies of all reserves', () => {
    const { witness } = read('3.2', held, asOf['3.2'])
    expect(witness.map(({ functionName, address }) => [functionName, address])).to.deep.equal([
      ['getUserConfiguration', pool],
      ['getUserEMode', pool],
      ...[23, 25, 26, 28, 48].map((at) => ['scaledBalanceOf', token(at)]),
    ])
  })

  it('has no stable debt: neither a claim nor a call of the witness', () => {
    const { positions, witness } = read('3.3', held, asOf['3.2'])
    expect(positions.map(({ kind, claim }) => [kind, claim.contract])).to.deep.equal([
      ['balance', token(23)],
      ['balance', token(25)],
      ['balance', token(26)],
      ['debt', token(48)],
    ])
    expect(witness.map(({ functionName }) => functionName)).not.to.include('principalBalanceOf')
    expect(witness.map(({ address }) => address)).not.to.include(zeroAddress)
  })
})
