import { expect } from 'chai'
import { type Address, erc20Abi, maxUint256, parseAbi } from 'viem'
import { borrowFromAave } from '../../scripts/devnet/aaveV3.ts'
import { DevnetTransactionError, sendAs } from '../../scripts/devnet/chain.ts'
import { sendChecked } from '../../scripts/devnet/compoundV2.ts'
import { lyraArtifacts } from '../../scripts/devnet/lyraAvalon.ts'
import { addPerpLiquidity, depositToPerp } from '../../scripts/devnet/perpTrading.ts'
import { passTime, setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, readBalance } from '../../scripts/devnet/tokens.ts'
import type { VenueRule } from '../../src/core/venueRule.ts'
import { venueState } from '../../src/risk/venues/venueState.ts'
import { parametersOf, readDevnetVenue } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { readAaveAccount, readPerpAccount } from '../support/devnetViews.ts'
import { rejection } from '../support/rejection.ts'
import { firstPrice, shiftFromOpening } from '../support/venueShift.ts'

const wad = 10n ** 18n
const cent = wad / 100n
const million = 10n ** 6n

const aaveAbi = parseAbi([
  'function liquidationCall(address collateralAsset, address debtAsset, address user, uint256 debtToCover, bool receiveAToken)',
])
const marketAbi = parseAbi([
  'function liquidateBorrow(address borrower, uint256 amount, address collateral) returns (uint256)',
  'error InsufficientShortfall()',
  'error TooMuchRepay()',
])
const perpAbi = parseAbi([
  'function liquidate(address trader, address baseToken)',
  'function cancelAllExcessOrders(address maker, address baseToken)',
  'event PositionLiquidated(address indexed trader, address indexed baseToken, uint256 positionNotional, uint256 positionSize, uint256 liquidationFee, address liquidator)',
])
async function readRule(fixture: DevnetFixture, venue: string, account: Address): Promise<VenueRule> {
  const { rules } = await readDevnetVenue(fixture, venue, { account })
  return rules[0] ?? expect.fail(`${venue} has no rule`)
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value
}

describe('real liquidations', function () {
  this.timeout(300_000)

  it('Aave liquidates the leg of a hedged book a cent below the predicted price and not a cent above', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { aave, tokens, accounts, operators } = deployment
    // 10 WETH at 82.5 % against 12,375 USDC: 1,500 USD, a quarter below the opening price.
    await borrowFromAave(sendAs(chain, accounts.hedged), aave, { asset: tokens.usdc, amount: 7_375n * million })
    const parameters = parametersOf(fixture)
    const rule = await readRule(fixture, 'aave-v3', accounts.hedged)
    const at = (price: bigint) => venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
    const safe = firstPrice(wad, 2_000n * wad, cent, (price) => !at(price).isLiquidatable)
    expect(absolute(safe - 1_500n * wad) <= cent, `predicted ${safe}`).to.equal(true)

    const liquidator = sendAs(chain, accounts.empty)
    await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: accounts.empty, amount: 20_000n * million })
    await approveAll(liquidator, [tokens.usdc], [aave.pool])
    const pool = { name: 'Pool', address: aave.pool, abi: aaveAbi }
    const liquidate = () =>
      liquidator.send(pool, 'liquidationCall', [tokens.weth, tokens.usdc, accounts.hedged, maxUint256, false])

    await setPrices(chain, deployment, { ETH: safe + cent })
    // HEALTH_FACTOR_NOT_BELOW_THRESHOLD
    expect((await rejection(liquidate(), DevnetTransactionError)).message).to.contain('45')

    const price = safe - cent
    await setPrices(chain, deployment, { ETH: price })
    const before = await readAaveAccount(fixture, accounts.hedged)
    const [usdcBefore, wethBefore] = [
      await readBalance(liquidator, tokens.usdc),
      await readBalance(liquidator, tokens.weth),
    ]
    await liquidate()
    const repaid = usdcBefore - (await readBalance(liquidator, tokens.usdc))
    const seized = (await readBalance(liquidator, tokens.weth)) - wethBefore
    const after = await readAaveAccount(fixture, accounts.hedged)

    // Just below a health factor of one the pool lets half of the debt be repaid.
    expect(absolute(repaid - 6_187_500_000n) < 100n, `repaid ${repaid}`).to.equal(true)
    const gain = (seized * price) / wad - repaid * 10n ** 12n
    if (rule.kind !== 'lendingPool') return expect.fail('a lending pool was expected')
    const bonus = (repaid * 10n ** 12n * BigInt(rule.collaterals[0]?.bonus ?? 0)) / 10_000n
    // To a millionth of a dollar: the seized amount is rounded to 1e-18 ether, and so to less than 1e-14 dollars.
    expect(absolute(gain - bonus) < 10n ** 12n, `gain ${gain}, bonus ${bonus}`).to.equal(true)
    // What the liquidator gains is what the account loses.
    const loss = before.collateral - before.debt - (after.collateral - after.debt)
    expect(absolute(loss * 10n ** 10n - gain) < wad / 1_000n, `loss ${loss}`).to.equal(true)
    const { penalty } = at(price)
    expect(gain <= penalty).to.equal(true)
    // With the close factor that applied here the penalty is the gain, but for the interest of the seconds since.
    const half = venueState(
      { ...rule, closeFactor: wad / 2n },
      shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }),
    )
    expect(absolute(half.penalty - gain) < wad / 1_000n, `${half.penalty} for ${gain}`).to.equal(true)
  })

  for (const venue of ['compound-v2', 'venus'] as const) {
    it(`${venue} liquidates a cent below the predicted price and not a cent above, at the predicted cost`, async () => {
      const fixture = await devnetFixture()
      const { chain, client, deployment } = fixture
      const { tokens, accounts, operators, compoundV2, venus } = deployment
      const { borrower, empty } = accounts
      const [collateral, debt] = venue === 'venus' ? [venus.vWeth, venus.vUsdc] : [compoundV2.cEth, compoundV2.cUsdc]
      const parameters = parametersOf(fixture)
      const rule = await readRule(fixture, venue, borrower)
      if (rule.kind !== 'moneyMarket') return expect.fail('a money market was expected')
      const at = (price: bigint, changes: Partial<typeof rule> = {}) =>
        venueState({ ...rule, ...changes }, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
      const safe = firstPrice(wad, 2_000n * wad, cent, (price) => !at(price).isLiquidatable)
      // 9,000 / 8.25 and 8,000 / 8.
      const expected = venue === 'venus' ? 1_000n * wad : (9_000n * wad * 100n) / 825n
      expect(absolute(safe - expected) <= cent, `predicted ${safe}`).to.equal(true)

      const liquidator = sendAs(chain, empty)
      await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: empty, amount: 20_000n * million })
      await approveAll(liquidator, [tokens.usdc], [debt])
      const market = { name: 'Market', address: debt, abi: marketAbi }
      const repaid = (venue === 'venus' ? 4_000n : 4_500n) * million
      const liquidate = () => sendChecked(liquidator, market, 'liquidateBorrow', [borrower, repaid, collateral])

      await setPrices(chain, deployment, { ETH: safe + cent })
      // COMPTROLLER_REJECTION of Compound, InsufficientShortfall of Venus.
      const refusal = venue === 'venus' ? 'InsufficientShortfall' : 'error 3'
      expect((await rejection(liquidate(), DevnetTransactionError)).message).to.contain(refusal)

      const price = safe - cent
      await setPrices(chain, deployment, { ETH: price })
      const sharesOf = () =>
        client.readContract({ address: collateral, abi: erc20Abi, functionName: 'balanceOf', args: [borrower] })
      const before = await sharesOf()
      // More than the venue's close factor, half of the debt, is refused.
      const tooMuch = sendChecked(liquidator, market, 'liquidateBorrow', [borrower, repaid + million, collateral])
      await rejection(tooMuch, DevnetTransactionError)
      await liquidate()
      const seized = before - (await sharesOf())
      const value = (((seized * (rule.collaterals[0]?.exchangeRate ?? 0n)) / wad) * price) / wad
      const loss = value - repaid * 10n ** 12n
      // Incentives of 8 % and 10 % on what was repaid, to the ether in one share.
      const bonus = (repaid * 10n ** 12n * (rule.liquidationIncentive - wad)) / wad
      const share = ((rule.collaterals[0]?.exchangeRate ?? 0n) * price) / wad / wad + 1n
      expect(absolute(loss - bonus) <= share, `loss ${loss}, bonus ${bonus}`).to.equal(true)
      expect(loss <= at(price).penalty).to.equal(true)
      // With the close factor of the venue the penalty is that loss, but for the interest of the seconds since.
      const half = at(price, { closeFactor: wad / 2n }).penalty
      expect(absolute(half - loss) < wad / 100n, `${half} for ${loss}`).to.equal(true)
    })
  }

  it('Perpetual liquidates a short half a percent above the predicted price and not half a percent below', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { perpV2, tokens, accounts, operators } = deployment
    const parameters = parametersOf(fixture)
    const rule = await readRule(fixture, 'perp-v2', accounts.hedged)
    const at = (price: bigint) => venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
    const critical = firstPrice(2_000n * wad, 4_000n * wad, cent, (price) => at(price).isLiquidatable)

    const liquidator = sendAs(chain, accounts.empty)
    await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: accounts.empty, amount: 50_000n * million })
    await approveAll(liquidator, [tokens.usdc], [perpV2.vault])
    await depositToPerp(liquidator, perpV2, { token: tokens.usdc, amount: 50_000n * million })
    const clearingHouse = { name: 'ClearingHouse', address: perpV2.clearingHouse, abi: perpAbi }
    const liquidate = () => liquidator.send(clearingHouse, 'liquidate', [accounts.hedged, perpV2.baseToken])

    const below = ((critical * 995n) / 1_000n / cent) * cent
    await setPrices(chain, deployment, { ETH: below })
    await passTime(chain, deployment, 1_800)
    expect((await rejection(liquidate(), DevnetTransactionError)).message).to.contain('CH_EAV')

    const above = ((critical * 1_005n) / 1_000n / cent) * cent
    await setPrices(chain, deployment, { ETH: above })
    await passTime(chain, deployment, 1_800)
    const before = await readPerpAccount(fixture, accounts.hedged)
    await liquidate()
    const [event] = await client.getContractEvents({ ...clearingHouse, eventName: 'PositionLiquidated' })
    const after = await readPerpAccount(fixture, accounts.hedged)
    const { positionNotional = 0n, liquidationFee = 0n } = event?.args ?? {}
    if (rule.kind !== 'perpetualAccount') return expect.fail('a perpetual account was expected')
    expect(liquidationFee).to.equal((positionNotional * rule.penaltyRatio) / wad)
    // Above half of the requirement the venue closes half of the position.
    expect(after.size).to.equal(-7n * wad)
    expect(absolute(before.value - after.value - liquidationFee) < wad / 100n).to.equal(true)
    const { penalty } = at(above)
    expect(liquidationFee <= penalty).to.equal(true)
    expect(
      absolute(penalty - 2n * liquidationFee) * 1_000n < penalty,
      `${penalty} for twice ${liquidationFee}`,
    ).to.equal(true)
  })

  it('Perpetual cancels the orders of a maker and liquidates what they leave, for no more than the rule says', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { perpV2, tokens, accounts, operators } = deployment
    const deployer = sendAs(chain, operators.deployer)
    const user = sendAs(chain, accounts.naked)
    const liquidator = sendAs(chain, accounts.empty)
    for (const [trader, amount] of [
      [user, 25_000n],
      [liquidator, 200_000n],
    ] as const) {
      await mintToken(deployer, tokens.usdc, { to: trader.address, amount: amount * million })
      await approveAll(trader, [tokens.usdc], [perpV2.vault])
      await depositToPerp(trader, perpV2, { token: tokens.usdc, amount: amount * million })
    }
    await addPerpLiquidity(user, perpV2, { base: 60n * wad, quote: 120_000n * wad, ticks: [-1_980, 1_980] })
    const rule = await readRule(fixture, 'perp-v2', user.address)
    const parameters = parametersOf(fixture)
    const at = (price: bigint) => venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
    const safe = firstPrice(1_000n * wad, 2_000n * wad, cent, (price) => !at(price).isLiquidatable)

    const clearingHouse = { name: 'ClearingHouse', address: perpV2.clearingHouse, abi: perpAbi }
    const cancel = () => liquidator.send(clearingHouse, 'cancelAllExcessOrders', [user.address, perpV2.baseToken])
    const liquidate = () => liquidator.send(clearingHouse, 'liquidate', [user.address, perpV2.baseToken])
    const price = ((safe * 99n) / 100n / cent) * cent
    await setPrices(chain, deployment, { ETH: price })
    await passTime(chain, deployment, 1_800)
    // Nobody is liquidated with orders open.
    expect((await rejection(liquidate(), DevnetTransactionError)).message).to.contain('CH_CLWTISO')
    const before = await readPerpAccount(fixture, user.address)
    await cancel()
    const kept = await readDevnetVenue(fixture, 'perp-v2', { account: user.address })
    expect(kept.positions.some(({ kind }) => kind === 'perpetualLiquidity')).to.equal(false)
    const between = await readPerpAccount(fixture, user.address)
    expect(absolute(before.value - between.value) < wad / 100n).to.equal(true)
    await liquidate()
    const [event] = await client.getContractEvents({ ...clearingHouse, eventName: 'PositionLiquidated' })
    const { liquidationFee = 0n } = event?.args ?? {}
    const after = await readPerpAccount(fixture, user.address)
    expect(absolute(between.value - after.value - liquidationFee) < wad / 100n).to.equal(true)
    expect(liquidationFee > 0n && liquidationFee <= at(price).penalty).to.equal(true)
  })

  it('Lyra takes no more of a short than the penalty, premium and fees together', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { lyra, accounts } = deployment
    const market = { address: lyra.optionMarket, abi: (await (await lyraArtifacts())('OptionMarket')).abi }
    const price = 2_150n * wad
    await setPrices(chain, deployment, { ETH: price })
    const { positions, rules } = await readDevnetVenue(fixture, 'lyra-avalon', { account: accounts.naked })
    const [call, collateral] = positions
    const rule = rules[0]
    if (rule?.kind !== 'optionCollateral' || call?.kind !== 'option' || collateral?.kind !== 'balance') {
      return expect.fail('a short with its collateral was expected')
    }
    await sendAs(chain, accounts.empty).send({ name: 'OptionMarket', ...market }, 'liquidatePosition', [
      BigInt(call.claim.id),
      accounts.empty,
    ])
    const [event] = await client.getContractEvents({ ...market, eventName: 'Trade' })
    const { liquidation } = (event as unknown as { args: { liquidation: Record<string, bigint> } }).args
    const { lpPremiums = 0n, lpFee = 0n, liquidatorFee = 0n, smFee = 0n, returnCollateral = 0n } = liquidation
    const [short] = rule.shorts
    if (short === undefined) return expect.fail('a short was expected')
    const parameters = parametersOf(fixture)
    const { penalty } = venueState({ ...rule, shorts: [short] }, shiftFromOpening(parameters, { timestamp: 0 }))
    expect(lpPremiums + lpFee + liquidatorFee + smFee + returnCollateral).to.equal(collateral.amount)
    // The venue closes far above its own mark: premium, fees and what it takes of the rest.
    const loss = collateral.amount - returnCollateral + (call.venueValue ?? 0n)
    expect(loss > lpFee + liquidatorFee + smFee && loss <= penalty, `loss ${loss}, penalty ${penalty}`).to.equal(true)
  })
})
