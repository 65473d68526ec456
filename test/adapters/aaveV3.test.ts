import { expect } from 'chai'
import { type Address, erc20Abi, maxUint256, parseAbi, zeroAddress } from 'viem'
import { borrowFromAave, supplyToAave } from '../../scripts/devnet/aaveV3.ts'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken } from '../../scripts/devnet/tokens.ts'
import { aaveV3 } from '../../src/adapters/aaveV3.ts'
import type { AaveV3Raw, AaveV3Reserve } from '../../src/adapters/aaveV3Read.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import type { Position } from '../../src/core/position.ts'
import { healthFactor } from '../../src/kernel/aaveRounding.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { thrown } from '../support/rejection.ts'
import { contextOf, holder } from './support/context.ts'
import { readDevnetVenue } from './support/devnetVenue.ts'

const poolAbi = parseAbi([
  'function getUserAccountData(address user) view returns (uint256 collateral, uint256 debt, uint256 available, uint256 liquidationThreshold, uint256 ltv, uint256 healthFactor)',
  'function setUserUseReserveAsCollateral(address asset, bool useAsCollateral)',
])
const oracleAbi = parseAbi(['function getAssetPrice(address asset) view returns (uint256)'])

/** Sums our claims at the venue's own prices, in its base unit, each claim rounded down as the pool does. */
async function totalsAtVenuePrices({ client, deployment }: DevnetFixture, positions: readonly Position[]) {
  const totals = { balance: 0n, debt: 0n }
  for (const position of positions) {
    if (position.kind !== 'balance' && position.kind !== 'debt') throw new Error(position.kind)
    const token = position.asset.split(':')[1] as Address
    const [price, decimals] = await Promise.all([
      client.readContract({
        address: deployment.aave.oracle,
        abi: oracleAbi,
        functionName: 'getAssetPrice',
        args: [token],
      }),
      client.readContract({ address: token, abi: erc20Abi, functionName: 'decimals' }),
    ])
    totals[position.kind] += (position.amount * price) / 10n ** BigInt(decimals)
  }
  return totals
}

describe('aaveV3 on the devnet', function () {
  this.timeout(120_000)

  for (const name of ['hedged', 'levered'] as const) {
    it(`gives the pool's own totals and health factor of the ${name} account, also after a year and a fall`, async () => {
      const fixture = await devnetFixture()
      const { chain, client, deployment } = fixture
      const account = deployment.accounts[name]
      for (const later of [false, true]) {
        if (later) {
          await setPrices(chain, deployment, { ETH: 1_700n * 10n ** 18n })
          await advanceTime(chain, 31_536_000)
        }
        const { positions, requirements } = await readDevnetVenue(fixture, 'aave-v3', { account })
        const [collateral, debt, , threshold, ltv, healthFactor] = await client.readContract({
          address: deployment.aave.pool,
          abi: poolAbi,
          functionName: 'getUserAccountData',
          args: [account],
        })
        const totals = await totalsAtVenuePrices(fixture, positions)
        expect(totals).to.deep.equal({ balance: collateral, debt })
        const adjusted = (totals.balance * threshold + 5_000n) / 10_000n
        expect((adjusted * 10n ** 18n + totals.debt / 2n) / totals.debt).to.equal(healthFactor)
        const [requirement] = requirements
        expect(requirement?.initial).to.equal((collateral * 10n ** 10n * (10_000n - ltv)) / 10_000n)
        expect(requirement?.maintenance).to.equal((collateral * 10n ** 10n * (10_000n - threshold)) / 10_000n)
        const claims = positions.map(({ claim }) => claim.contract)
        expect(new Set(claims).size).to.equal(2)
      }
    })
  }

  it('reports a supply that is not used as collateral and every debt', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { tokens, aave, accounts, operators } = deployment
    const sender = sendAs(chain, accounts.levered)
    await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: sender.address, amount: 10n ** 9n })
    await approveAll(sender, [tokens.usdc], [aave.pool])
    await supplyToAave(sender, aave, { asset: tokens.usdc, amount: 10n ** 9n })
    const pool = { name: 'Pool', address: aave.pool, abi: poolAbi }
    await sender.send(pool, 'setUserUseReserveAsCollateral', [tokens.usdc, false])
    await borrowFromAave(sender, aave, { asset: tokens.weth, amount: 10n ** 16n })
    const { positions } = await readDevnetVenue(fixture, 'aave-v3', { account: accounts.levered })
    const legs = positions.map(({ kind, ...leg }) => ['asset' in leg && leg.asset, kind])
    const [weth, usdc] = [tokens.weth, tokens.usdc].map((token) => toAssetKey(deployment.chainId, token))
    expect(legs).to.have.deep.members([
      [weth, 'balance'],
      [weth, 'debt'],
      [usdc, 'balance'],
      [usdc, 'debt'],
    ])
  })

  it('reads the same through the addresses provider', async () => {
    const fixture = await devnetFixture()
    const { deployment } = fixture
    const account = deployment.accounts.levered
    const direct = await readDevnetVenue(fixture, 'aave-v3', { account })
    const configuration = { addressesProvider: deployment.aave.addressesProvider }
    const through = await readDevnetVenue(fixture, 'aave-v3', { account, configuration })
    expect(through.positions).to.deep.equal(direct.positions)
    expect(through.rounds).to.equal(direct.rounds + 1)
  })
})

describe('aaveV3.toPositions', () => {
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = { pool: token(8), dataProvider: token(9), version: '3.0', closeFactor: 10n ** 18n } as const
  const context = contextOf(configuration, { [token(1)]: 6 })
  // One smallest unit is worth 200 USD.
  const risk = { price: 2n * 10n ** 16n, liquidationThreshold: 8_250, bonus: 500, counts: true }
  const unit = 200n * 10n ** 8n
  const reserve: AaveV3Reserve = {
    asset: token(1),
    decimals: 6,
    aToken: token(2),
    stableDebtToken: token(3),
    variableDebtToken: token(4),
    supplied: 0n,
    stableDebt: 0n,
    variableDebt: 0n,
    isCollateral: true,
    isBorrowed: true,
    risk,
  }
  const raw = (
    changes: Partial<AaveV3Reserve>,
    more: Partial<AaveV3Raw['totals']> = {},
    averaging: 'truncated' | 'exact' = 'truncated',
  ): AaveV3Raw => {
    const { supplied, stableDebt, variableDebt } = { ...reserve, ...changes }
    const totals = {
      collateral: supplied * unit,
      debt: (stableDebt + variableDebt) * unit,
      liquidationThreshold: 8_250n,
      ltv: 8_000n,
      ...more,
    }
    const weighted = totals.collateral * 8_250n
    const factor = healthFactor(averaging, { ...totals, weighted }) ?? maxUint256
    return { pool: token(8), reserves: [{ ...reserve, ...changes }], totals: { healthFactor: factor, ...totals } }
  }

  it('makes one claim per token held or owed, at the contract that keeps it, with the pool’s own value', () => {
    const { positions, requirements } = aaveV3.toPositions(
      raw({ supplied: 5n, stableDebt: 6n, variableDebt: 7n }),
      context,
    )
    expect(
      positions.map(({ kind, claim, venueValue, ...rest }) => [
        kind,
        claim.contract,
        'amount' in rest && rest.amount,
        venueValue,
      ]),
    ).to.deep.equal([
      ['balance', token(2), 5n, 1_000n * 10n ** 18n],
      ['debt', token(3), 6n, -1_200n * 10n ** 18n],
      ['debt', token(4), 7n, -1_400n * 10n ** 18n],
    ])
    expect(positions.every(({ control, claim }) => control === 'venue' && claim.holder === holder)).to.equal(true)
    expect(requirements).to.have.lengthOf(1)
    expect(requirements[0]).to.include({ initial: 200n * 10n ** 18n, maintenance: 175n * 10n ** 18n })
  })

  it('gives the rule of what the pool counts', () => {
    const { rules } = aaveV3.toPositions(raw({ supplied: 5n, stableDebt: 6n, variableDebt: 7n }), context)
    const quoted = { asset: toAssetKey(1, token(1)), decimals: 6, quote: risk.price }
    expect(rules).to.deep.equal([
      {
        kind: 'lendingPool',
        venueAccount: { chainId: 1, venue: 'venue', instance: token(8), holder, subAccount: '' },
        averaging: 'truncated',
        collaterals: [{ ...quoted, amount: 5n, liquidationThreshold: 8_250, bonus: 500 }],
        debts: [{ ...quoted, amount: 13n }],
        closeFactor: 10n ** 18n,
      },
    ])
    const other = contextOf({ ...configuration, version: '3.7', closeFactor: 1n } as const, {})
    const newer = aaveV3.toPositions(raw({ variableDebt: 1n }, {}, 'exact'), other).rules
    expect(newer[0]).to.include({ averaging: 'exact', closeFactor: 1n })
  })

  it('leaves out of the rule what is not collateral or has no threshold of its own', () => {
    for (const changes of [{ isCollateral: false }, { risk: { ...risk, counts: false } }]) {
      const { rules } = aaveV3.toPositions(
        raw({ ...changes, supplied: 5n, variableDebt: 1n }, { collateral: 0n }),
        context,
      )
      expect(rules[0]?.kind === 'lendingPool' && rules[0].collaterals).to.deep.equal([])
    }
  })

  it('demands nothing of an account that owes nothing and has no rule for it', () => {
    const { requirements, rules } = aaveV3.toPositions(raw({ supplied: 5n }), context)
    expect([requirements, rules]).to.deep.equal([[], []])
  })

  it('reports debt of a token that the parameter set does not know', () => {
    const { positions } = aaveV3.toPositions(raw({ asset: token(7), variableDebt: 1n }), context)
    expect(positions.map(({ kind }) => kind)).to.deep.equal(['debt'])
  })

  it('refuses decimals that differ, a debt that no reserve shows and totals that differ', async () => {
    const decimals = await thrown(() => aaveV3.toPositions(raw({ decimals: 18 }), context), InconsistentReadError)
    expect(decimals.message).to.contain('18 decimals').and.contain('says 6')
    await thrown(() => aaveV3.toPositions(raw({ supplied: 5n }, { debt: 1n }), context), InconsistentReadError)
    for (const totals of [
      { collateral: 5n * unit + 1n },
      { debt: 3n * unit + 1n },
      { debt: 3n * unit - 1n },
      { healthFactor: 1_375n * 10n ** 15n + 1n },
    ]) {
      const error = await thrown(
        () => aaveV3.toPositions(raw({ supplied: 5n, variableDebt: 3n }, totals), context),
        InconsistentReadError,
      )
      expect(error.message).to.contain('the pool says')
    }
  })

  it('rounds the debt down up to 3.4 and up from 3.5 on, and nothing else', async () => {
    // 3 smallest units at 200.00000000000001 USD: 600.00000000000003 USD.
    const uneven = { ...risk, price: risk.price + 1n }
    const translate = (version: '3.0' | '3.4' | '3.5' | '3.7', debt: bigint) =>
      aaveV3.toPositions(raw({ supplied: 0n, variableDebt: 3n, risk: uneven }, { debt }), {
        ...context,
        configuration: { ...configuration, version },
      })
    for (const version of ['3.0', '3.4'] as const) {
      translate(version, 3n * unit)
      await thrown(() => translate(version, 3n * unit + 1n), InconsistentReadError)
    }
    for (const version of ['3.5', '3.7'] as const) {
      translate(version, 3n * unit + 1n)
      await thrown(() => translate(version, 3n * unit), InconsistentReadError)
    }
  })

  it('leaves a stable debt token that does not exist out of the witness', () => {
    const names = (changes: Partial<AaveV3Reserve>) =>
      aaveV3.witness(raw(changes), context).map(({ functionName }) => functionName)
    expect(names({})).to.include('principalBalanceOf')
    expect(names({ stableDebtToken: zeroAddress })).not.to.include('principalBalanceOf')
  })
})
