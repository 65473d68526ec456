import { expect } from 'chai'
import { type Address, erc20Abi, parseAbi, zeroAddress } from 'viem'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import {
  borrowFromMarket,
  deployCompoundV2,
  enterMarkets,
  sendChecked,
  supplyEther,
  supplyToMarket,
} from '../../scripts/devnet/compoundV2.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken } from '../../scripts/devnet/tokens.ts'
import { compoundV2 } from '../../src/adapters/compoundV2.ts'
import type { CompoundV2Market, CompoundV2Pool } from '../../src/adapters/compoundV2Read.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError, InvalidInputError } from '../../src/core/errors.ts'
import type { ReadPlan } from '../../src/core/readPlan.ts'
import { parseWith } from '../../src/core/schema.ts'
import { readSnapshots } from '../../src/readSnapshots.ts'
import { rereadSnapshots } from '../../src/rereadSnapshots.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { rejection, thrown } from '../support/rejection.ts'
import { contextOf, holder } from './support/context.ts'
import { parametersOf, readDevnetVenue, venuePlan } from './support/devnetVenue.ts'
import {
  compoundPool,
  comptrollerAbi,
  marketAbi,
  readCurrent,
  readLiquidity,
  venusPool,
} from './support/moneyMarkets.ts'

const wad = 10n ** 18n
const usdc = (amount: bigint) => amount * 10n ** 6n

const poolsOf = ({ deployment }: DevnetFixture) => [compoundPool(deployment), venusPool(deployment)]

describe('compoundV2 on the devnet', function () {
  this.timeout(240_000)

  it('gives the exchange rates, balances, debts and liquidity of the pools, also after months and a fall', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const account = deployment.accounts.borrower
    // Someone owes ether, too, so that its shares grow.
    const other = sendAs(chain, deployment.operators.maker)
    await enterMarkets(other, deployment.compoundV2.comptroller, [deployment.compoundV2.cUsdc])
    await borrowFromMarket(other, deployment.compoundV2.cEth, 100n * wad)
    await approveAll(other, [deployment.tokens.usdc], [deployment.venus.vUsdc])
    await supplyToMarket(other, deployment.venus.vUsdc, usdc(1_000_000n))
    await enterMarkets(other, deployment.venus.comptroller, [deployment.venus.vUsdc])
    await borrowFromMarket(other, deployment.venus.vWeth, 100n * wad)
    const grown = []
    for (const later of [false, true]) {
      if (later) {
        await setPrices(chain, deployment, { ETH: 1_234_56789012n * 10n ** 10n })
        await advanceTime(chain, 86_400)
        await client.mine({ blocks: 1_000_000 })
      }
      for (const pool of poolsOf(fixture)) {
        const { positions, rules, block } = await readDevnetVenue(fixture, pool.venue, { account })
        const at = { account, blockNumber: block.number }
        const current = {
          ...(await readCurrent(fixture, pool.ether, at)),
          debt: (await readCurrent(fixture, pool.dollars, at)).debt,
          liquidity: await readLiquidity(fixture, pool, at),
        }
        const [rule] = rules
        if (rule?.kind !== 'moneyMarket') return expect.fail('a money market was expected')
        const amounts = positions.map((position) => 'amount' in position && position.amount)
        expect(rule.collaterals[0]?.exchangeRate).to.equal(current.exchangeRate)
        expect(amounts[0]).to.equal(current.supplied)
        // Rounded up: the venue multiplies a principal that it does not show.
        const debt = amounts[1] || 0n
        expect(debt - current.debt).to.be.oneOf([0n, 1n, 2n])
        const carried = rule.collaterals.reduce(
          (total, { factor, exchangeRate, quote, shares }) =>
            total +
            (rule.truncation === 'factorFirst'
              ? ((((factor * exchangeRate) / wad) * quote) / wad) * shares
              : ((factor * ((exchangeRate * quote) / wad)) / wad) * shares) /
              wad,
          0n,
        )
        const [owed] = rule.debts
        expect(carried - (current.debt * (owed?.quote ?? 0n)) / wad, pool.venue).to.equal(current.liquidity)
        grown.push(amounts)
      }
    }
    const [ether, , laterEther] = grown.map(([supplied]) => supplied || 0n) as [bigint, bigint, bigint, bigint]
    expect(laterEther > ether).to.equal(true)
  })

  it('equals the debt of the venue in the block of an accrual, to the last unit', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { borrower, empty } = deployment.accounts
    for (const pool of poolsOf(fixture)) {
      await client.mine({ blocks: 10_000 })
      await sendAs(chain, empty).send({ name: 'Market', address: pool.dollars, abi: marketAbi }, 'accrueInterest')
      const { positions, block } = await readDevnetVenue(fixture, pool.venue, { account: borrower })
      const current = await readCurrent(fixture, pool.dollars, { account: borrower, blockNumber: block.number })
      expect(positions.map((position) => 'amount' in position && position.amount)[1]).to.equal(current.debt)
    }
  })

  it('names native ether by the zero address and shares and debts by their markets', async () => {
    const fixture = await devnetFixture()
    const { chainId, compoundV2: venue, tokens, accounts } = fixture.deployment
    const { positions } = await readDevnetVenue(fixture, 'compound-v2', { account: accounts.borrower })
    const claims = positions.map(({ kind, claim, ...position }) => [
      kind,
      claim.contract,
      claim.id,
      'asset' in position && position.asset,
    ])
    expect(claims).to.deep.equal([
      ['balance', venue.cEth, '', toAssetKey(chainId, zeroAddress)],
      ['debt', venue.cUsdc, 'debt', toAssetKey(chainId, tokens.usdc)],
    ])
  })

  it('counts only entered markets as collateral, and what is not entered as a balance all the same', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { compoundV2: venue, tokens, accounts, operators } = deployment
    const user = sendAs(chain, accounts.empty)
    await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: user.address, amount: usdc(10_000n) })
    await approveAll(user, [tokens.usdc], [venue.cUsdc])
    await supplyToMarket(user, venue.cUsdc, usdc(10_000n))
    await supplyEther(user, venue, wad)
    const idle = await readDevnetVenue(fixture, 'compound-v2', { account: user.address })
    expect([idle.positions.length, idle.rules, idle.requirements]).to.deep.equal([2, [], []])

    await enterMarkets(user, venue.comptroller, [venue.cUsdc])
    await borrowFromMarket(user, venue.cUsdc, usdc(5_000n))
    const read = async () => {
      const { positions, rules, requirements } = await readDevnetVenue(fixture, 'compound-v2', {
        account: user.address,
      })
      const [rule] = rules
      if (rule?.kind !== 'moneyMarket') return expect.fail('a money market was expected')
      return {
        kinds: positions.map(({ kind }) => kind),
        markets: rule.collaterals.map(({ market }) => market),
        requirements,
      }
    }
    const before = await read()
    expect(before.kinds).to.deep.equal(['balance', 'balance', 'debt'])
    expect(before.markets).to.deep.equal([venue.cUsdc])
    // 15 % of 10,000 dollars.
    expect((before.requirements[0]?.initial ?? 0n) / wad).to.equal(1_500n)
    await enterMarkets(user, venue.comptroller, [venue.cEth])
    expect((await read()).markets).to.have.members([venue.cUsdc, venue.cEth])
    await sendChecked(user, { name: 'Comptroller', address: venue.comptroller, abi: comptrollerAbi }, 'exitMarket', [
      venue.cEth,
    ])
    expect(await read()).to.deep.include({ markets: [venue.cUsdc] })
  })

  it('reads several pools as venue accounts of their own, and refuses one that is listed twice', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { accounts, compoundV2: venue, operators } = deployment
    const second = await deployCompoundV2(sendAs(chain, operators.deployer), deployment)
    await supplyEther(sendAs(chain, accounts.borrower), second, wad)
    const configuration = {
      comptrollers: [venue.comptroller, second.comptroller],
      nativeMarkets: [venue.cEth, second.cEth],
    }
    const { positions, rules } = await readDevnetVenue(fixture, 'compound-v2', {
      account: accounts.borrower,
      configuration,
    })
    expect(positions.map(({ venueAccount }) => venueAccount.instance)).to.deep.equal([
      venue.comptroller,
      venue.comptroller,
      second.comptroller,
    ])
    expect(rules.map(({ venueAccount }) => venueAccount.instance)).to.deep.equal([venue.comptroller])
    const twice = { comptrollers: [venue.comptroller, venue.comptroller] }
    expect(() => parseWith(compoundV2.configuration, twice, 'venue')).to.throw(InvalidInputError, 'twice')
  })

  it('error: the market of another variant, and a native market that is not named', async () => {
    const fixture = await devnetFixture()
    const { accounts, venus, compoundV2: venue } = fixture.deployment
    const account = accounts.borrower
    const asCompound = { comptrollers: [venus.comptroller] }
    const failure = await rejection(readDevnetVenue(fixture, 'venus', { account, configuration: asCompound }), Error)
    expect(failure.message).to.contain('getBlockNumber')
    const unnamed = { comptrollers: [venue.comptroller] }
    const unread = await rejection(readDevnetVenue(fixture, 'compound-v2', { account, configuration: unnamed }), Error)
    expect(unread.message).to.contain('underlying')
  })

  it('moves shares with the wallet of the account: they are tokens', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { compoundV2: venue, accounts, operators } = deployment
    const shares = { name: 'cETH', address: venue.cEth, abi: erc20Abi }
    await sendAs(chain, operators.maker).send(shares, 'transfer', [accounts.empty, 50n * 10n ** 8n])
    const { positions } = await readDevnetVenue(fixture, 'compound-v2', { account: accounts.empty })
    expect(positions.map((position) => 'amount' in position && position.amount)).to.deep.equal([wad])
  })
})

describe('compoundV2 at a market of Venus that left the list', function () {
  this.timeout(240_000)

  it('still reports a debt there, which the pool names no more, and notices that it left', async () => {
    const fixture = await devnetFixture()
    const { client, deployment } = fixture
    const { borrower } = deployment.accounts
    const { vUsdc } = deployment.venus
    const unlist = await closeMarket(fixture, vUsdc)
    const all = parametersOf(fixture)
    const parameters = { ...all, venues: all.venues.filter(({ id }) => id === 'venus') }
    const listed = await readSnapshots(client, { accounts: [borrower], parameters })
    await unlist()
    const fresh = await readSnapshots(client, { accounts: [borrower], parameters })
    const [reading] = fresh.readings
    if (reading === undefined || 'refusal' in reading) return expect.fail(reading?.refusal.message ?? 'no reading')
    const debts = reading.snapshot.portfolio.positions.filter(({ kind }) => kind === 'debt')
    expect(debts.map(({ claim }) => claim.contract)).to.deep.equal([vUsdc])
    const [debt] = debts
    const current = await readCurrent(fixture, vUsdc, { account: borrower, blockNumber: fresh.block.number })
    expect((debt?.kind === 'debt' ? debt.amount : 0n) - current.debt).to.be.oneOf([0n, 1n, 2n])
    const again = await rereadSnapshots(client, listed, { parameters, blockNumber: fresh.block.number })
    expect(again.readings).to.deep.equal(fresh.readings)
  })
})

describe('compoundV2 at a pool whose list lacks a market', function () {
  this.timeout(240_000)

  it('reads what the account has entered all the same', async () => {
    const { client, deployment } = await devnetFixture()
    const { borrower } = deployment.accounts
    const { cUsdc } = deployment.compoundV2
    const block = await pinBlock(client, { chainId: deployment.chainId })
    const parameters = parametersOf({ deployment })
    const { name, plan } = await venuePlan(client, parameters, { id: 'compound-v2', account: borrower, block })
    const { results } = await runPlans(client, block, [{ name, plan: withoutListed(plan, cUsdc) }])
    const debts = results[0]?.positions.filter(({ kind }) => kind === 'debt')
    expect(debts?.map(({ claim }) => claim.contract)).to.deep.equal([cUsdc])
  })
})

/** A plan at forks of Compound that strike markets from `getAllMarkets` and leave them with who has entered them. */
function* withoutListed<Result>(plan: ReadPlan<Result>, struck: Address): ReadPlan<Result> {
  let step = plan.next()
  while (step.done !== true) {
    const calls = step.value
    const answers = yield calls
    step = plan.next(
      answers.map((answer, index) =>
        calls[index]?.functionName === 'getAllMarkets'
          ? (answer as readonly Address[]).filter((market) => market !== struck)
          : answer,
      ),
    )
  }
  return step.value
}

/** Does all that Venus asks for before a market may leave the list, which the function that is returned then does. */
async function closeMarket({ chain, client, deployment }: DevnetFixture, market: Address) {
  const admin = sendAs(chain, deployment.operators.deployer)
  const comptroller = {
    name: 'Comptroller',
    address: deployment.venus.comptroller,
    abi: parseAbi([
      'function accessControlManager() view returns (address)',
      'function setActionsPaused(address[] markets, uint8[] actions, bool paused)',
      'function setMarketBorrowCaps(address[] markets, uint256[] caps)',
      'function setMarketSupplyCaps(address[] markets, uint256[] caps)',
      'function setCollateralFactor(address market, uint256 factor, uint256 threshold)',
      'function unlistMarket(address market) returns (uint256)',
    ]),
  }
  const access = {
    name: 'AccessControlManager',
    address: await client.readContract({ ...comptroller, functionName: 'accessControlManager' }),
    abi: parseAbi(['function giveCallPermission(address target, string signature, address account)']),
  }
  for (const signature of [
    'setActionsPaused(address[],uint256[],bool)',
    'setMarketBorrowCaps(address[],uint256[])',
    'setMarketSupplyCaps(address[],uint256[])',
    'setCollateralFactor(address,uint256,uint256)',
    'unlistMarket(address)',
  ]) {
    await admin.send(access, 'giveCallPermission', [comptroller.address, signature, admin.address])
  }
  const everyAction = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  await admin.send(comptroller, 'setActionsPaused', [[market], everyAction, true])
  await admin.send(comptroller, 'setMarketBorrowCaps', [[market], [0n]])
  await admin.send(comptroller, 'setMarketSupplyCaps', [[market], [0n]])
  await admin.send(comptroller, 'setCollateralFactor', [market, 0n, 0n])
  return () => admin.send(comptroller, 'unlistMarket', [market])
}

describe('compoundV2.toPositions', () => {
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = {
    variant: 'compound' as const,
    comptrollers: [token(9)],
    nativeMarkets: [],
    closeFactor: wad,
  }
  const context = contextOf(configuration, { [token(1)]: 6, [token(2)]: 18 })
  const risk = { price: 10n ** 30n, collateralFactor: wad / 2n, liquidationThreshold: wad / 2n, isForced: false }
  const market: CompoundV2Market = {
    market: token(3),
    asset: token(1),
    decimals: 6,
    isEntered: true,
    shares: usdc(100n),
    exchangeRate: wad,
    debt: 0n,
    stored: { exchangeRate: wad, debt: 0n },
    risk,
  }
  const owed = {
    ...market,
    market: token(4),
    shares: 0n,
    debt: usdc(30n),
    stored: { exchangeRate: wad, debt: usdc(30n) },
  }
  const pool = (changes: Partial<CompoundV2Pool>): CompoundV2Pool => ({
    comptroller: token(9),
    markets: [market, owed],
    liquidationIncentive: (11n * wad) / 10n,
    // 50 % of 100 less 30.
    liquidity: { error: 0n, liquidity: 20n * wad, shortfall: 0n },
    all: [token(3), token(4)].map((market) => ({ market, isEntered: true, isListed: true })),
    ...changes,
  })

  it('error: InconsistentReadError where the comptroller counts otherwise, answers an error, or has no price', async () => {
    expect(compoundV2.toPositions([pool({})], context).rules).to.have.lengthOf(1)
    const broken: readonly Partial<CompoundV2Pool>[] = [
      { liquidity: { error: 0n, liquidity: 20n * wad + 1n, shortfall: 0n } },
      { liquidity: { error: 13n, liquidity: 0n, shortfall: 0n } },
      {
        markets: [market, { ...owed, isEntered: false, risk: { ...risk, price: 0n } }],
        liquidity: { error: 0n, liquidity: 50n * wad, shortfall: 0n },
      },
    ]
    for (const changes of broken) {
      await thrown(() => compoundV2.toPositions([pool(changes)], context), InconsistentReadError)
    }
  })

  it('error: InconsistentReadError for decimals that the parameter set contradicts', async () => {
    const markets = [{ ...market, asset: token(2) }]
    await thrown(() => compoundV2.toPositions([pool({ markets })], context), InconsistentReadError)
  })

  it('reports a debt at a market that is not entered, and lets it count', () => {
    const markets = [market, { ...owed, isEntered: false }]
    const liquidity = { error: 0n, liquidity: 50n * wad, shortfall: 0n }
    const { positions, rules } = compoundV2.toPositions([pool({ markets, liquidity })], context)
    expect(positions.map(({ kind, claim }) => [kind, claim.holder])).to.deep.equal([
      ['balance', holder],
      ['debt', holder],
    ])
    expect(rules[0]?.kind === 'moneyMarket' && rules[0].debts).to.deep.equal([
      {
        asset: toAssetKey(1, token(1)),
        market: token(4),
        decimals: 6,
        quote: 10n ** 30n,
        amount: usdc(30n),
        isForced: false,
      },
    ])
  })
})
