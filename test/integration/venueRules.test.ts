import { expect } from 'chai'
import { type Address, concat, keccak256, numberToHex, parseAbi } from 'viem'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { sendChecked } from '../../scripts/devnet/compoundV2.ts'
import { addPerpLiquidity, depositToPerp, openShortPerpetual } from '../../scripts/devnet/perpTrading.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, postAnswers, wrapEther } from '../../scripts/devnet/tokens.ts'
import { perpV2 } from '../../src/adapters/perpV2.ts'
import type { VenueRule } from '../../src/core/venueRule.ts'
import { minimumCollateral } from '../../src/risk/venues/optionCollateral.ts'
import { venueState } from '../../src/risk/venues/venueState.ts'
import { parametersOf, readDevnetVenue } from '../adapters/support/devnetVenue.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { readAaveAccount, readPerpAccount, readPerpPrices } from '../support/devnetViews.ts'
import { firstPrice, shiftFromOpening } from '../support/venueShift.ts'

const wad = 10n ** 18n
/** The finest move of a feed with 8 decimals. */
const tick = 10n ** 10n
const ladder = [
  700n,
  900n,
  1_100n,
  1_300n,
  1_450n,
  1_480n,
  1_700n,
  2_000n,
  2_300n,
  2_600n,
  2_900n,
  3_000n,
  3_500n,
  4_000n,
]

const aaveAbi = parseAbi([
  'function getUserAccountData(address user) view returns (uint256, uint256, uint256, uint256, uint256, uint256 healthFactor)',
  'function getPoolConfigurator() view returns (address)',
  'function setEModeCategory(uint8 id, uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus, address oracle, string label)',
  'function setAssetEModeCategory(address asset, uint8 id)',
  'function setUserEMode(uint8 id)',
  'function configureReserveAsCollateral(address asset, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus)',
])
const perpAbi = parseAbi([
  'function getAccountValue(address trader) view returns (int256)',
  'function isLiquidatable(address trader) view returns (bool)',
])
const lyraAbi = parseAbi([
  'struct OptionPosition { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }',
  'function getOwnerPositions(address target) view returns (OptionPosition[])',
  'function canLiquidate(OptionPosition position, uint256 expiry, uint256 strikePrice, uint256 spotPrice) view returns (bool)',
  'function getStrikeAndExpiry(uint256 strikeId) view returns (uint256 strikePrice, uint256 expiry)',
  'function getMinCollateral(uint8 optionType, uint256 strikePrice, uint256 expiry, uint256 spotPrice, uint256 amount) view returns (uint256)',
])

async function readRule(fixture: DevnetFixture, venue: string, account: Address): Promise<VenueRule> {
  const { rules } = await readDevnetVenue(fixture, venue, { account })
  if (rules[0] === undefined || rules.length > 1) return expect.fail(`one rule was expected, not ${rules.length}`)
  return rules[0]
}

/** An account that makes the perpetual market from 1,638 to 2,443 with 120,000 USD and ether to match, on 25,000 USDC. */
async function openMaker({ chain, deployment }: DevnetFixture) {
  const { perpV2: venue, tokens, accounts, operators } = deployment
  const user = sendAs(chain, accounts.empty)
  await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: user.address, amount: 25_000n * 10n ** 6n })
  await approveAll(user, [tokens.usdc], [venue.vault])
  await depositToPerp(user, venue, { token: tokens.usdc, amount: 25_000n * 10n ** 6n })
  await addPerpLiquidity(user, venue, { base: 60n * wad, quote: 120_000n * wad, ticks: [-1_980, 1_980] })
  return user
}

async function readTimestamp({ client }: DevnetFixture): Promise<number> {
  return Number((await client.getBlock()).timestamp)
}

describe('venue rules against the venues', function () {
  this.timeout(300_000)

  it('have no rule where there is nothing to liquidate', async () => {
    const fixture = await devnetFixture()
    const { hedged, naked, levered, empty, borrower, futuresLong, futuresShort } = fixture.deployment.accounts
    const venues: Readonly<Record<string, readonly Address[]>> = {
      'aave-v3': [hedged, levered],
      'perp-v2': [hedged],
      'lyra-avalon': [hedged, naked],
      'synthetix-perps-v2': [futuresLong, futuresShort],
      'uniswap-v3': [],
      'compound-v2': [borrower],
      venus: [borrower],
      wallet: [],
    }
    for (const [venue, holders] of Object.entries(venues)) {
      for (const account of [hedged, naked, levered, empty, borrower, futuresLong, futuresShort]) {
        const { rules } = await readDevnetVenue(fixture, venue, { account })
        expect(rules, `${venue} ${account}`).to.have.lengthOf(holders.includes(account) ? 1 : 0)
      }
    }
  })

  describe('Aave', () => {
    /** The pool's health factor at another price of ether in the very same block. */
    async function healthFactorAt({ client, deployment }: DevnetFixture, account: Address, price: bigint) {
      const answer = { slot: numberToHex(1, { size: 32 }), value: numberToHex(price / tick, { size: 32 }) }
      const [, , , , , healthFactor] = await client.readContract({
        address: deployment.aave.pool,
        abi: aaveAbi,
        functionName: 'getUserAccountData',
        args: [account],
        stateOverride: [{ address: deployment.feeds.ethUsd, stateDiff: [answer] }],
      })
      return healthFactor
    }

    for (const name of ['hedged', 'levered'] as const) {
      it(`${name}: one snapshot tells the pool's verdict after every real move`, async () => {
        const fixture = await devnetFixture()
        const { chain, deployment } = fixture
        const account = deployment.accounts[name]
        const parameters = parametersOf(fixture)
        const rule = await readRule(fixture, 'aave-v3', account)
        const timestamp = await readTimestamp(fixture)
        const verdicts = new Set<boolean>()
        for (const price of [500n, 600n, 610n, ...ladder]) {
          await postAnswers(sendAs(chain, deployment.operators.deployer), deployment.feeds, {
            ETH: price * 10n ** 8n,
            USDC: 10n ** 8n,
            sUSD: 10n ** 8n,
          })
          const { healthFactor } = await readAaveAccount(fixture, account)
          const state = venueState(rule, shiftFromOpening(parameters, { timestamp }, { ETH: price * wad }))
          expect(state.isLiquidatable, `at ${price}`).to.equal(healthFactor < wad)
          expect(state.slack < 0n, `slack at ${price}`).to.equal(healthFactor < wad)
          // Read again after the move, the rule needs no shift.
          const moved = venueState(
            await readRule(fixture, 'aave-v3', account),
            shiftFromOpening(parameters, { timestamp }),
          )
          expect(moved.isLiquidatable).to.equal(healthFactor < wad)
          verdicts.add(state.isLiquidatable)
        }
        expect([...verdicts]).to.have.lengthOf(2)
      })

      it(`${name}: the verdict turns at the pool's own price, to the last digit of its feed`, async () => {
        const fixture = await devnetFixture()
        const account = fixture.deployment.accounts[name]
        const parameters = parametersOf(fixture)
        const rule = await readRule(fixture, 'aave-v3', account)
        const at = (price: bigint) => venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
        const safe = firstPrice(100n * wad, 2_000n * wad, tick, (price) => !at(price).isLiquidatable)
        expect(await healthFactorAt(fixture, account, safe)).to.satisfy((factor: bigint) => factor >= wad)
        expect(await healthFactorAt(fixture, account, safe - tick)).to.satisfy((factor: bigint) => factor < wad)
      })
    }

    it('reads what e-mode replaces: thresholds, bonus and the price source of the category', async () => {
      const fixture = await devnetFixture()
      const { chain, client, deployment } = fixture
      const { aave, tokens, accounts, operators } = deployment
      const deployer = sendAs(chain, operators.deployer)
      const configurator = {
        name: 'PoolConfigurator',
        abi: aaveAbi,
        address: await client.readContract({
          address: aave.addressesProvider,
          abi: aaveAbi,
          functionName: 'getPoolConfigurator',
        }),
      }
      const zero = '0x0000000000000000000000000000000000000000'
      const setCategory = (oracle: string) =>
        deployer.send(configurator, 'setEModeCategory', [1, 9_000, 9_301, 10_200, oracle, 'all'])
      // Of both reserves only USDC keeps to its own threshold.
      await deployer.send(configurator, 'configureReserveAsCollateral', [tokens.usdc, 7_000n, 7_777n, 10_800n])
      await setCategory(zero)
      for (const asset of [tokens.weth, tokens.usdc])
        await deployer.send(configurator, 'setAssetEModeCategory', [asset, 1])
      const before = await readRule(fixture, 'aave-v3', accounts.levered)
      await sendAs(chain, accounts.levered).send(
        { name: 'Pool', abi: aaveAbi, address: aave.pool },
        'setUserEMode',
        [1],
      )
      const inside = await readRule(fixture, 'aave-v3', accounts.levered)
      if (before.kind !== 'lendingPool' || inside.kind !== 'lendingPool') return expect.fail('lending pools expected')
      expect(before.collaterals[0]).to.include({ liquidationThreshold: 8_250, bonus: 500 })
      expect(inside.collaterals[0]).to.include({ liquidationThreshold: 9_301, bonus: 200, quote: 2_000n * 10n ** 8n })
      const parameters = parametersOf(fixture)
      const safe = firstPrice(
        100n * wad,
        2_000n * wad,
        tick,
        (price) => !venueState(inside, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price })).isLiquidatable,
      )
      expect(await healthFactorAt(fixture, accounts.levered, safe)).to.satisfy((factor: bigint) => factor >= wad)
      expect(await healthFactorAt(fixture, accounts.levered, safe - tick)).to.satisfy((factor: bigint) => factor < wad)

      await setCategory(tokens.usdc)
      const sourced = await readRule(fixture, 'aave-v3', accounts.levered)
      expect(sourced.kind === 'lendingPool' && sourced.collaterals[0]?.quote).to.equal(10n ** 8n)
      const { healthFactor } = await readAaveAccount(fixture, accounts.levered)
      expect(healthFactor < wad).to.equal(true)
      expect(venueState(sourced, shiftFromOpening(parameters, { timestamp: 0 })).isLiquidatable).to.equal(true)
    })
  })

  describe('Compound and Venus', () => {
    const liquidityAbi = parseAbi([
      'function getAccountLiquidity(address account) view returns (uint256 code, uint256 liquidity, uint256 shortfall)',
      'function latestRound() view returns (uint256)',
    ])
    const marketAbi = parseAbi(['function accrueInterest() returns (uint256)'])
    const poolOf = ({ deployment: { compoundV2, venus } }: DevnetFixture, venue: string) =>
      venue === 'venus'
        ? { comptroller: venus.comptroller, ether: venus.vWeth, dollars: venus.vUsdc }
        : { comptroller: compoundV2.comptroller, ether: compoundV2.cEth, dollars: compoundV2.cUsdc }

    /** Whether the pool sees a shortfall at another price of ether in the very same block, its markets accrued. */
    async function hasShortfall(fixture: DevnetFixture, venue: string, price: bigint): Promise<boolean> {
      const { client, deployment } = fixture
      const round = await client.readContract({
        address: deployment.feeds.ethUsd,
        abi: liquidityAbi,
        functionName: 'latestRound',
      })
      // The feed's answers by round, the fifth of its variables.
      const slot = keccak256(concat([numberToHex(round, { size: 32 }), numberToHex(4, { size: 32 })]))
      const answer = { slot, value: numberToHex(price / tick, { size: 32 }) }
      const [, , shortfall] = await client.readContract({
        address: poolOf(fixture, venue).comptroller,
        abi: liquidityAbi,
        functionName: 'getAccountLiquidity',
        args: [deployment.accounts.borrower],
        stateOverride: [{ address: deployment.feeds.ethUsd, stateDiff: [answer] }],
      })
      return shortfall > 0n
    }

    for (const venue of ['compound-v2', 'venus']) {
      it(`${venue}: the verdict turns at the pool's own price, to the last digit of its feed`, async () => {
        const fixture = await devnetFixture()
        const { chain, deployment } = fixture
        const { ether, dollars } = poolOf(fixture, venue)
        const user = sendAs(chain, deployment.accounts.empty)
        // A pool judges by what is stored: the debt in the block of its accrual, the ether that nobody owes at any time.
        await fixture.client.mine({ blocks: 100_000 })
        await user.send({ name: 'Market', address: ether, abi: marketAbi }, 'accrueInterest')
        await user.send({ name: 'Market', address: dollars, abi: marketAbi }, 'accrueInterest')
        const parameters = parametersOf(fixture)
        const rule = await readRule(fixture, venue, deployment.accounts.borrower)
        const at = (price: bigint) => venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
        const safe = firstPrice(100n * wad, 2_000n * wad, tick, (price) => !at(price).isLiquidatable)
        expect(await hasShortfall(fixture, venue, safe)).to.equal(false)
        expect(await hasShortfall(fixture, venue, safe - tick)).to.equal(true)
        for (const price of ladder) {
          expect(at(price * wad).isLiquidatable, `at ${price}`).to.equal(
            await hasShortfall(fixture, venue, price * wad),
          )
        }
      })
    }

    it('a debt that Venus forces is liquidatable at any price', async () => {
      const fixture = await devnetFixture()
      const { chain, deployment } = fixture
      const { venus, accounts, operators } = deployment
      const abi = parseAbi(['function setForcedLiquidation(address market, bool enable)'])
      await sendAs(chain, operators.deployer).send(
        { name: 'Comptroller', address: venus.comptroller, abi },
        'setForcedLiquidation',
        [venus.vUsdc, true],
      )
      const rule = await readRule(fixture, 'venus', accounts.borrower)
      const state = venueState(rule, shiftFromOpening(parametersOf(fixture), { timestamp: 0 }))
      expect(state.isLiquidatable).to.equal(true)
      // 8,000 dollars and the interest of some blocks.
      expect(state.slack / wad).to.equal(-8_000n)
    })

    it('a debt at a market that Compound deprecates is liquidatable at any price', async () => {
      const fixture = await devnetFixture()
      const { chain, deployment } = fixture
      const { compoundV2, accounts, operators } = deployment
      const deployer = sendAs(chain, operators.deployer)
      const abi = parseAbi([
        'function _setCollateralFactor(address market, uint256 factor) returns (uint256)',
        'function _setBorrowPaused(address market, bool state) returns (bool)',
        'function _setReserveFactor(uint256 factor) returns (uint256)',
      ])
      const comptroller = { name: 'Comptroller', address: compoundV2.comptroller, abi }
      await sendChecked(deployer, comptroller, '_setCollateralFactor', [compoundV2.cUsdc, 0n])
      await deployer.send(comptroller, '_setBorrowPaused', [compoundV2.cUsdc, true])
      await sendChecked(deployer, { ...comptroller, address: compoundV2.cUsdc }, '_setReserveFactor', [wad])
      const rule = await readRule(fixture, 'compound-v2', accounts.borrower)
      const state = venueState(rule, shiftFromOpening(parametersOf(fixture), { timestamp: 0 }))
      expect([state.isLiquidatable, state.slack / wad]).to.deep.equal([true, -9_000n])
    })
  })

  describe('Perpetual', () => {
    it('hedged: one snapshot tells the verdict once the mark price has followed the move', async () => {
      const verdicts = new Set<boolean>()
      for (const price of ladder) {
        const fixture = await devnetFixture()
        const { chain, deployment } = fixture
        const parameters = parametersOf(fixture)
        const { hedged } = deployment.accounts
        const rule = await readRule(fixture, 'perp-v2', hedged)
        const timestamp = await readTimestamp(fixture)
        await setPrices(chain, deployment, { ETH: price * wad })
        await advanceTime(chain, 1_800)
        const { mark } = await readPerpPrices(fixture)
        const account = await readPerpAccount(fixture, hedged)
        const isLiquidatable = account.value < account.requirement
        // The mark price is an average of ticks, each a ten-thousandth apart.
        const gap = mark > price * wad ? mark - price * wad : price * wad - mark
        expect(gap * 10_000n <= price * wad, `mark ${mark} at ${price}`).to.equal(true)
        const state = venueState(rule, shiftFromOpening(parameters, { timestamp }, { ETH: price * wad }))
        expect(state.isLiquidatable, `at ${price}`).to.equal(isLiquidatable)

        // Read after the move, at its own mark price, the account is the venue's to the last unit.
        const moved = venueState(
          await readRule(fixture, 'perp-v2', hedged),
          shiftFromOpening(parameters, { timestamp }),
        )
        expect(moved.isLiquidatable).to.equal(isLiquidatable)
        expect(account.value - account.requirement - moved.slack).to.be.oneOf([0n, 1n])
        verdicts.add(isLiquidatable)
      }
      expect([...verdicts]).to.have.lengthOf(2)
    })

    it('maker: one snapshot tells the verdict for orders, whichever way the price leaves their range', async () => {
      const verdicts: boolean[] = []
      for (const price of [1_100n, 1_350n, 1_480n, 1_650n, 1_900n, 2_350n, 2_600n, 3_000n]) {
        const fixture = await devnetFixture()
        const { chain, deployment } = fixture
        const user = await openMaker(fixture)
        const parameters = parametersOf(fixture)
        const rule = await readRule(fixture, 'perp-v2', user.address)
        if (rule.kind !== 'perpetualAccount') return expect.fail('a perpetual account was expected')
        expect(rule.markets[0]?.maker?.orders).to.have.lengthOf(1)
        await setPrices(chain, deployment, { ETH: price * wad })
        await advanceTime(chain, 1_800)
        const account = await readPerpAccount(fixture, user.address)
        const isLiquidatable = account.value < account.requirement
        const state = venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price * wad }))
        expect(state.isLiquidatable, `at ${price}`).to.equal(isLiquidatable)
        // A thousandth of the position for the mark, which is an average of ticks, and the fees that the move has earned.
        const real = account.value - account.requirement
        const gap = real > state.slack ? real - state.slack : state.slack - real
        expect(gap < 400n * wad, `${state.slack} against ${real} at ${price}`).to.equal(true)
        const moved = venueState(
          await readRule(fixture, 'perp-v2', user.address),
          shiftFromOpening(parameters, { timestamp: 0 }),
        )
        expect(real - moved.slack).to.be.oneOf([0n, 1n])
        verdicts.push(isLiquidatable)
      }
      expect(verdicts).to.deep.equal([true, true, true, false, false, false, true, true])
    })

    it('follows the vault where other collateral backs a loss', async () => {
      const fixture = await devnetFixture()
      const { chain, client, deployment } = fixture
      const { perpV2: venue, tokens, accounts } = deployment
      const sender = sendAs(chain, accounts.levered)
      await wrapEther(sender, tokens.weth, 10n * wad)
      await approveAll(sender, [tokens.weth], [venue.vault])
      await depositToPerp(sender, venue, { token: tokens.weth, amount: 10n * wad })
      await openShortPerpetual(sender, venue, 5n * wad)
      const parameters = parametersOf(fixture)
      const verdicts: boolean[] = []
      // The loss of the short passes the limit of 10,000 USDC of debt between 3,900 and 4,100, far above maintenance.
      for (const price of [2_000n, 2_500n, 3_900n, 4_100n]) {
        await setPrices(chain, deployment, { ETH: price * wad })
        await advanceTime(chain, 1_800)
        const rule = await readRule(fixture, perpV2.id, accounts.levered)
        const expected = await client.readContract({
          address: venue.vault,
          abi: perpAbi,
          functionName: 'isLiquidatable',
          args: [accounts.levered],
        })
        expect(venueState(rule, shiftFromOpening(parameters, { timestamp: 0 })).isLiquidatable).to.equal(expected)
        verdicts.push(expected)
      }
      expect(verdicts).to.deep.equal([false, false, false, true])
    })
  })

  describe('Lyra', () => {
    for (const name of ['hedged', 'naked'] as const) {
      it(`${name}: one snapshot tells whether any short may be liquidated at any spot`, async () => {
        const fixture = await devnetFixture()
        const { client, deployment } = fixture
        const { optionToken, optionMarket, greekCache } = deployment.lyra
        const account = deployment.accounts[name]
        const parameters = parametersOf(fixture)
        const rule = await readRule(fixture, 'lyra-avalon', account)
        if (rule.kind !== 'optionCollateral') return expect.fail('an option rule was expected')
        const timestamp = await readTimestamp(fixture)
        const read = { abi: lyraAbi } as const
        const owned = await client.readContract({
          ...read,
          address: optionToken,
          functionName: 'getOwnerPositions',
          args: [account],
        })
        const shorts = owned.filter(({ optionType }) => optionType >= 2)
        expect(shorts).to.have.lengthOf(rule.shorts.length)
        const verdicts = new Set<boolean>()
        for (const price of [...ladder, 1_990n, 2_010n, 2_020n, 2_030n, 2_040n, 2_050n]) {
          const spot = price * wad
          let expected = false
          for (const [index, position] of shorts.entries()) {
            const [strike, expiry] = await client.readContract({
              ...read,
              address: optionMarket,
              functionName: 'getStrikeAndExpiry',
              args: [position.strikeId],
            })
            const args = [position, expiry, strike, spot] as const
            expected ||= await client.readContract({
              ...read,
              address: optionToken,
              functionName: 'canLiquidate',
              args,
            })
            const theirs = await client.readContract({
              ...read,
              address: greekCache,
              functionName: 'getMinCollateral',
              args: [position.optionType, strike, expiry, spot, position.amount],
            })
            const short = rule.shorts[index]
            if (short === undefined) return expect.fail('a short was expected')
            const ours = minimumCollateral(short, rule.minimum, { spot, timestamp })
            // Fourteen digits: the venue prices with 27 decimals and a distribution of its own.
            const gap = ours > theirs ? ours - theirs : theirs - ours
            expect(gap * 10n ** 14n <= theirs, `${ours} against ${theirs} at ${price}`).to.equal(true)
          }
          const state = venueState(rule, shiftFromOpening(parameters, { timestamp }, { ETH: spot }))
          expect(state.isLiquidatable, `at ${price}`).to.equal(expected)
          verdicts.add(expected)
        }
        expect([...verdicts].sort()).to.deep.equal(name === 'naked' ? [false, true] : [false])
      })
    }
  })
})
