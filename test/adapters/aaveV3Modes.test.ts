import { expect } from 'chai'
import { type Address, maxUint256, parseAbi } from 'viem'
import { isolatedCeiling, stableCategory } from '../../scripts/devnet/aaveMarkets.ts'
import { borrowFromAave, configuratorOf, supplyToAave } from '../../scripts/devnet/aaveV3.ts'
import { advanceTime, DevnetTransactionError, type Sender, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../scripts/devnet/tokens.ts'
import { InconsistentReadError } from '../../src/core/errors.ts'
import { wad } from '../../src/core/units.ts'
import type { VenueRule } from '../../src/core/venueRule.ts'
import { venueState } from '../../src/risk/venues/venueState.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection } from '../support/rejection.ts'
import { firstPrice, shiftFromOpening } from '../support/venueShift.ts'
import { subjects } from './subjects/aaveV3.ts'
import { readPoolAccount, requireAsPool } from './support/aavePool.ts'
import { parametersOf, readDevnetVenue } from './support/devnetVenue.ts'
import { worldOf } from './support/world.ts'

const poolAbi = parseAbi([
  'function liquidationCall(address collateralAsset, address debtAsset, address user, uint256 debtToCover, bool receiveAToken)',
  'function setUserUseReserveAsCollateral(address asset, bool useAsCollateral)',
  'function setUserEMode(uint8 categoryId)',
])
const million = 10n ** 6n

type Market = 'aave' | 'spark'

const poolOf = ({ deployment }: DevnetFixture, market: Market) => ({
  name: 'Pool',
  address: deployment[market].pool,
  abi: poolAbi,
})

/** The empty account with a bit of everything that Aave lists. */
async function fundEmpty(fixture: DevnetFixture): Promise<Sender> {
  const { chain, deployment } = fixture
  const { tokens, lyra, aave, accounts, operators } = deployment
  const deployer = sendAs(chain, operators.deployer)
  const user = sendAs(chain, accounts.empty)
  const to = user.address
  await mintToken(deployer, tokens.usdc, { to, amount: 3_000_000n * million })
  await mintToken(deployer, tokens.wbtc, { to, amount: 10n ** 8n })
  await mintToken(deployer, tokens.dai, { to, amount: 3_000_000n * wad })
  await mintToken(deployer, lyra.sUSD, { to, amount: 3_000_000n * wad })
  await wrapEther(user, tokens.weth, 20n * wad)
  await approveAll(user, [tokens.usdc, tokens.wbtc, tokens.dai, tokens.weth, lyra.sUSD], [aave.pool])
  return user
}

async function readEmpty(fixture: DevnetFixture) {
  const account = fixture.deployment.accounts.empty
  const reading = await readDevnetVenue(fixture, 'aave-v3', { account })
  await requireAsPool(reading, fixture, { pool: fixture.deployment.aave, account })
  return reading
}

describe('modes of aaveV3 on the devnet', function () {
  this.timeout(300_000)

  it('agrees with the pool to the last unit over four collaterals and three debts, one of them stable, after a year', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { tokens, aave } = deployment
    const user = await fundEmpty(fixture)
    for (const [asset, amount] of [
      [tokens.weth, 3n * wad + 1n],
      [tokens.usdc, 7_000n * million + 1n],
      [tokens.wbtc, 12_345_678n],
      [tokens.dai, 11_111n * wad + 1n],
    ] as const) {
      await supplyToAave(user, aave, { asset, amount })
    }
    await borrowFromAave(user, aave, { asset: tokens.usdc, amount: 5_000n * million + 1n })
    await borrowFromAave(user, aave, { asset: tokens.wbtc, amount: 1_234_567n })
    const configurator = await configuratorOf(sendAs(chain, deployment.operators.deployer), aave)
    const deployer = sendAs(chain, deployment.operators.deployer)
    await deployer.send(configurator, 'setReserveStableRateBorrowing', [tokens.weth, true])
    // A stable rate is lent of what the account does not hold more of itself.
    await borrowFromAave(user, aave, { asset: tokens.weth, amount: 4n * wad + 1n, rate: 'stable' })
    await readEmpty(fixture)
    await setPrices(chain, deployment, { ETH: 199_999_999_999n * 10n ** 10n, DAI: 999_999n * 10n ** 12n })
    await advanceTime(chain, 31_536_000)
    const { positions, rules } = await readEmpty(fixture)
    expect(positions.map(({ kind }) => kind).sort()).to.deep.equal([
      ...['balance', 'balance', 'balance', 'balance'],
      ...['debt', 'debt', 'debt'],
    ])
    const [rule] = rules
    expect(rule?.kind === 'lendingPool' && rule.collaterals.map(({ decimals }) => decimals)).to.deep.equal([
      18, 6, 8, 18,
    ])
  })

  it('keeps to the debt ceiling and to what may be borrowed in isolation, and reads what the pool counts', async () => {
    const fixture = await devnetFixture()
    const { tokens, lyra, aave } = fixture.deployment
    const user = await fundEmpty(fixture)
    await supplyToAave(user, aave, { asset: lyra.sUSD, amount: 3_000_000n * wad })
    await user.send(poolOf(fixture, 'aave'), 'setUserUseReserveAsCollateral', [lyra.sUSD, true])
    await supplyToAave(user, aave, { asset: tokens.weth, amount: wad })
    // The pool counts the isolated collateral alone: ether beside it is a balance and no collateral.
    await borrowFromAave(user, aave, { asset: tokens.usdc, amount: 100n * million })
    const { positions, rules } = await readEmpty(fixture)
    expect(positions).to.have.lengthOf(3)
    const [rule] = rules
    expect(
      rule?.kind === 'lendingPool' && rule.collaterals.map(({ liquidationThreshold }) => liquidationThreshold),
    ).to.deep.equal([7_000])
    // ASSET_NOT_BORROWABLE_IN_ISOLATION, DEBT_CEILING_EXCEEDED
    const refused = (asset: Address, amount: bigint) =>
      rejection(borrowFromAave(user, aave, { asset, amount }), DevnetTransactionError)
    expect((await refused(tokens.weth, 1n)).message).to.contain('60')
    const ceiling = (isolatedCeiling / 100n) * million
    expect((await refused(tokens.usdc, ceiling - 100n * million + million)).message).to.contain('53')
    await readEmpty(fixture)
  })

  it('reads a siloed debt, a frozen reserve and a paused one as the pool counts them', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { tokens, aave, accounts, operators } = deployment
    const deployer = sendAs(chain, operators.deployer)
    const configurator = await configuratorOf(deployer, aave)
    const user = await fundEmpty(fixture)
    await supplyToAave(user, aave, { asset: tokens.weth, amount: 10n * wad })

    await deployer.send(configurator, 'setSiloedBorrowing', [tokens.dai, true])
    await borrowFromAave(user, aave, { asset: tokens.dai, amount: 8_000n * wad })
    // SILOED_BORROWING_VIOLATION
    const beside = borrowFromAave(user, aave, { asset: tokens.usdc, amount: 1n })
    expect((await rejection(beside, DevnetTransactionError)).message).to.contain('89')
    const siloed = await readEmpty(fixture)

    await deployer.send(configurator, 'setReserveFreeze', [tokens.weth, true])
    // RESERVE_FROZEN
    const more = supplyToAave(user, aave, { asset: tokens.weth, amount: 1n })
    expect((await rejection(more, DevnetTransactionError)).message).to.contain('28')
    const frozen = await readEmpty(fixture)
    expect(frozen.positions.map(({ claim }) => claim)).to.deep.equal(siloed.positions.map(({ claim }) => claim))
    expect(frozen.witness).to.deep.equal(siloed.witness)

    await deployer.send(configurator, 'setReservePause', [tokens.weth, true])
    await setPrices(chain, deployment, { ETH: 900n * wad })
    const paused = await readEmpty(fixture)
    const parameters = parametersOf(fixture)
    const verdict = venueState(paused.rules[0] as VenueRule, shiftFromOpening(parameters, { timestamp: 0 }))
    expect(verdict.isLiquidatable).to.equal(true)
    const liquidator = sendAs(chain, accounts.levered)
    await mintToken(deployer, tokens.dai, { to: liquidator.address, amount: 10_000n * wad })
    await approveAll(liquidator, [tokens.dai], [aave.pool])
    const liquidate = () =>
      liquidator.send(poolOf(fixture, 'aave'), 'liquidationCall', [tokens.weth, tokens.dai, user.address, wad, false])
    // RESERVE_PAUSED, although the health factor is below one.
    expect((await rejection(liquidate(), DevnetTransactionError)).message).to.contain('29')
    await deployer.send(configurator, 'setReservePause', [tokens.weth, false])
    await liquidate()
    await readEmpty(fixture)
  })

  it('takes the price source of a category for its members, for collateral and debt alike', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { tokens, aave, operators } = deployment
    const deployer = sendAs(chain, operators.deployer)
    const user = await fundEmpty(fixture)
    await supplyToAave(user, aave, { asset: tokens.usdc, amount: 10_000n * million })
    await user.send(poolOf(fixture, 'aave'), 'setUserEMode', [stableCategory.id])
    await borrowFromAave(user, aave, { asset: tokens.dai, amount: 9_000n * wad })
    await setPrices(chain, deployment, { DAI: (97n * wad) / 100n, USDC: (98n * wad) / 100n })
    await readEmpty(fixture)
    const { id, ltv, liquidationThreshold, liquidationBonus } = stableCategory
    await deployer.send(await configuratorOf(deployer, aave), 'setEModeCategory', [
      ...[id, ltv, liquidationThreshold, liquidationBonus, tokens.wbtc, 'Stablecoins'],
    ])
    const { rules } = await readEmpty(fixture)
    const [rule] = rules
    if (rule?.kind !== 'lendingPool') return expect.fail('a lending pool was expected')
    const quotes = [...rule.collaterals, ...rule.debts].map(({ quote }) => quote)
    expect(quotes).to.deep.equal([60_000n * 10n ** 8n, 60_000n * 10n ** 8n])
  })

  it('refuses a pool whose version is not the configured one', async () => {
    const fixture = await devnetFixture()
    const { accounts, aave } = fixture.deployment
    await advanceTime(fixture.chain, 86_400)
    const configuration = { addressesProvider: aave.addressesProvider, version: '3.5' }
    const error = await rejection(
      readDevnetVenue(fixture, 'aave-v3', { account: accounts.levered, configuration }),
      InconsistentReadError,
    )
    expect(error.message).to.contain('`version`')
  })
})

describe('real liquidations in the modes of aaveV3', function () {
  this.timeout(300_000)

  /** What a liquidator takes and repays in each mode. */
  const liquidations = {
    'aave-v3': ['aave', 'weth', 'usdc'],
    'aave-v3 in e-mode': ['aave', 'usdc', 'dai'],
    'aave-v3 in isolation mode': ['aave', 'sUSD', 'usdc'],
    spark: ['spark', 'weth', 'usdc'],
  } as const

  for (const subject of subjects) {
    const title = (subject.title ?? subject.venue) as keyof typeof liquidations
    it(`${title}: liquidates on one side of the predicted price and not on the other, a ten-thousandth away`, async () => {
      const world = await worldOf(subject)
      const { chain, deployment, account } = world
      const [market, taken, repaid] = liquidations[title]
      const { rule: view } = subject
      if (view === undefined) return expect.fail('a rule was expected')
      const { rules } = await readDevnetVenue(world, subject.venue, { account })
      const at = (price: bigint) =>
        venueState(
          rules[0] as VenueRule,
          shiftFromOpening(parametersOf(world), { timestamp: 0 }, { [view.underlying]: price }),
        ).isLiquidatable
      const isDebt = title === 'aave-v3 in e-mode'
      const step = view.opening / 10_000n
      const turn = firstPrice(view.opening / 4n, view.opening * 2n, step, (price) => at(price) === isDebt)
      // From `turn` on, collateral is safe and debt is not.
      const [safe, unsafe] = isDebt ? [turn - 2n * step, turn + step] : [turn + step, turn - 2n * step]

      const { tokens, lyra, operators } = deployment
      const assets = { weth: tokens.weth, usdc: tokens.usdc, dai: tokens.dai, sUSD: lyra.sUSD }
      const liquidator = sendAs(chain, operators.maker)
      const deployer = sendAs(chain, operators.deployer)
      if (repaid === 'dai') await mintToken(deployer, tokens.dai, { to: liquidator.address, amount: 20_000n * wad })
      await approveAll(liquidator, [assets[repaid]], [deployment[market].pool])
      const liquidate = () =>
        liquidator.send(poolOf(world, market), 'liquidationCall', [
          ...[assets[taken], assets[repaid], account, maxUint256, false],
        ])
      await view.setPrice(world, safe)
      // HEALTH_FACTOR_NOT_BELOW_THRESHOLD
      expect((await rejection(liquidate(), DevnetTransactionError)).message).to.contain('45')
      await view.setPrice(world, unsafe)
      const before = await readPoolAccount(world, deployment[market], account)
      await liquidate()
      const after = await readPoolAccount(world, deployment[market], account)
      expect(after.debt < before.debt && before.healthFactor < wad).to.equal(true)
      const reading = await readDevnetVenue(world, subject.venue, { account })
      await requireAsPool(reading, world, { pool: deployment[market], account })
    })
  }
})
