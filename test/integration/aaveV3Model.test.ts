import { expect } from 'chai'
import { type Address, parseAbi, parseEventLogs } from 'viem'
import { aaveRisk, borrowFromAave } from '../../scripts/devnet/aaveV3.ts'
import { sendAs } from '../../scripts/devnet/chain.ts'
import { passTime, setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken } from '../../scripts/devnet/tokens.ts'
import { aaveV3AccountData, assessAaveV3 } from '../../src/risk/models/venueRules/aaveV3.ts'
import type { AaveV3Account } from '../../src/risk/models/venueRules/aaveV3Account.ts'
import { readDevnetVenue } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'

const million = 10n ** 6n
const poolAbi = parseAbi([
  'function getUserAccountData(address user) view returns (uint256 totalCollateralBase, uint256 totalDebtBase, uint256 availableBorrowsBase, uint256 currentLiquidationThreshold, uint256 ltv, uint256 healthFactor)',
  'function liquidationCall(address collateralAsset, address debtAsset, address user, uint256 debtToCover, bool receiveAToken)',
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
])

/** The account in the pool's integers as of a block, with what the pool itself says there. */
async function readAccount(fixture: DevnetFixture, account: Address) {
  const { rules, block } = await readDevnetVenue(fixture, 'aave-v3', { account })
  const [rule] = rules
  if (rule?.kind !== 'lendingPool') return expect.fail('no lending pool')
  const risk = { ltv: Number(aaveRisk.ltv), liquidationThreshold: Number(aaveRisk.liquidationThreshold) }
  const reserveOf = ({ asset, decimals, quote, amount }: (typeof rule.debts)[number], side: 'supplied' | 'debt') => ({
    ...{ asset, decimals, price: quote, [side]: amount, ...risk },
    liquidationBonus: Number(aaveRisk.liquidationBonus),
  })
  const model: AaveV3Account = {
    ...{ rule: 'aave-v3', version: '3.0' },
    reserves: [
      ...rule.collaterals.map((held) => reserveOf(held, 'supplied')),
      ...rule.debts.map((owed) => reserveOf(owed, 'debt')),
    ],
  }
  const pool = { address: fixture.deployment.aave.pool, abi: poolAbi } as const
  const [collateral, debt, available, threshold, ltv, health] = await fixture.chain.client.readContract({
    ...{ ...pool, functionName: 'getUserAccountData', args: [account], blockNumber: block.number },
  })
  return { model, stated: { collateral, debt, available, threshold, ltv, health } }
}

describe('aave-v3 rule against the pool', function () {
  this.timeout(300_000)

  it('gives the six numbers of getUserAccountData exactly, with interest on both sides', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { accounts, aave, tokens } = deployment
    await borrowFromAave(sendAs(chain, accounts.hedged), aave, { asset: tokens.usdc, amount: 1_234_567_891n })
    for (const [days, price] of [
      [0, 2_000n * 10n ** 18n],
      [5, 1_873_456_789_010_000_000_000n],
      [9, 912_345_678_900_000_000_000n],
    ] as const) {
      await passTime(chain, deployment, days * 86_400 + 1)
      await setPrices(chain, deployment, { ETH: price })
      const { model, stated } = await readAccount(fixture, accounts.hedged)
      const data = aaveV3AccountData(model)
      expect({
        collateral: data.totalCollateral,
        debt: data.totalDebt,
        available: data.availableBorrows,
        threshold: data.liquidationThreshold,
        ltv: data.ltv,
        health: data.healthFactor,
      }).to.deep.equal(stated)
    }
  })

  it('gives the seized collateral of a liquidationCall exactly', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { aave, tokens, accounts, operators } = deployment
    await borrowFromAave(sendAs(chain, accounts.hedged), aave, { asset: tokens.usdc, amount: 7_375n * million })
    await setPrices(chain, deployment, { ETH: 1_499_123_456_780_000_000_000n })
    const { model } = await readAccount(fixture, accounts.hedged)

    const liquidator = sendAs(chain, accounts.empty)
    await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: accounts.empty, amount: 20_000n * million })
    await approveAll(liquidator, [tokens.usdc], [aave.pool])
    const pool = { name: 'Pool', address: aave.pool, abi: poolAbi }
    const debtToCover = 1_234_567_891n
    await liquidator.send(pool, 'liquidationCall', [tokens.weth, tokens.usdc, accounts.hedged, debtToCover, false])
    const block = await client.getBlock({ includeTransactions: false })
    const receipt = await client.getTransactionReceipt({ hash: block.transactions[0] ?? '0x' })
    const [event] = parseEventLogs({ abi: poolAbi, logs: receipt.logs, eventName: 'LiquidationCall' })

    const [collateral, owed] = model.reserves
    const { details, isLiquidatable } = assessAaveV3({
      ...model,
      liquidation: { collateral: collateral?.asset ?? '', debt: owed?.asset ?? '', debtToCover },
    })
    expect(isLiquidatable).to.equal(true)
    expect(details.liquidation).to.include({
      refusedAs: null,
      debtRepaid: `${event?.args.debtToCover}`,
      collateralSeized: `${event?.args.liquidatedCollateralAmount}`,
      protocolFee: '0',
    })
  })
})
