import { expect } from 'chai'
import { type Address, erc20Abi, parseAbi } from 'viem'
import type { AaveV3Deployment } from '../../../scripts/devnet/aaveV3.ts'
import type { VenueReading } from '../../../src/adapters/readVenue.ts'
import { wad } from '../../../src/core/units.ts'
import type { LendingPoolRule } from '../../../src/core/venueRule.ts'
import { healthFactor } from '../../../src/kernel/aaveRounding.ts'
import type { DevnetFixture } from '../../support/devnet.ts'

const poolAbi = parseAbi([
  'function getUserAccountData(address user) view returns (uint256 collateral, uint256 debt, uint256 available, uint256 liquidationThreshold, uint256 ltv, uint256 healthFactor)',
])

/** The pool's own totals of an account, dollars with 8 decimals, ratios in basis points, the health factor in WAD. */
export async function readPoolAccount({ client }: DevnetFixture, { pool }: AaveV3Deployment, account: Address) {
  const [collateral, debt, available, liquidationThreshold, ltv, factor] = await client.readContract({
    address: pool,
    abi: poolAbi,
    functionName: 'getUserAccountData',
    args: [account],
  })
  return { collateral, debt, available, liquidationThreshold, ltv, healthFactor: factor }
}

/** What the pool's rule makes of an account by the formulas of version 3.0. */
export function poolAccountOf({ collaterals, debts, averaging }: LendingPoolRule) {
  const worthOf = ({ amount, quote, decimals }: LendingPoolRule['debts'][number]) =>
    (amount * quote) / 10n ** BigInt(decimals)
  const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)
  const collateral = sum(collaterals.map(worthOf))
  const debt = sum(debts.map(worthOf))
  const weighted = sum(collaterals.map((held) => worthOf(held) * BigInt(held.liquidationThreshold)))
  return { collateral, debt, healthFactor: healthFactor(averaging, { collateral, weighted, debt }) }
}

/**
 * Asserts a reading against the pool: every claim is the balance of its token at its holder, and the rule has the pool's
 * collateral, debt and health factor, all to the last unit.
 */
export async function requireAsPool(
  { positions, requirements, rules }: VenueReading,
  fixture: DevnetFixture,
  { pool, account }: { readonly pool: AaveV3Deployment; readonly account: Address },
): Promise<void> {
  for (const { claim, ...position } of positions) {
    const held = fixture.client.readContract({
      address: claim.contract,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [account],
    })
    expect('amount' in position && position.amount).to.equal(await held)
  }
  const { collateral, debt, ltv, liquidationThreshold, ...theirs } = await readPoolAccount(fixture, pool, account)
  const [rule] = rules
  if (debt === 0n) {
    expect([rules, requirements]).to.deep.equal([[], []])
    return
  }
  if (rule?.kind !== 'lendingPool') return expect.fail('the rule of a lending pool was expected')
  expect(poolAccountOf(rule)).to.deep.equal({ collateral, debt, healthFactor: theirs.healthFactor })
  const beyond = (ratio: bigint) => (collateral * (10_000n - ratio) * wad) / 10n ** 12n
  expect(requirements.map(({ initial, maintenance }) => [initial, maintenance])).to.deep.equal([
    [beyond(ltv), beyond(liquidationThreshold)],
  ])
}
