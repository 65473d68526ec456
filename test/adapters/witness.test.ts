import { expect } from 'chai'
import fc from 'fast-check'
import {
  type Address,
  bytesToHex,
  encodeAbiParameters,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  keccak256,
  parseAbi,
} from 'viem'
import { borrowFromAave, supplyToAave } from '../../scripts/devnet/aaveV3.ts'
import { type Sender, sendAs } from '../../scripts/devnet/chain.ts'
import { borrowFromMarket, enterMarkets, supplyEther, supplyToMarket } from '../../scripts/devnet/compoundV2.ts'
import { openOption, optionTypes } from '../../scripts/devnet/lyraTrading.ts'
import { borrowFromMorpho, supplyCollateralToMorpho, supplyToMorpho } from '../../scripts/devnet/morphoBlue.ts'
import { addPerpLiquidity, depositToPerp, openShortPerpetual } from '../../scripts/devnet/perpTrading.ts'
import { deployPlimsoll } from '../../scripts/devnet/plimsoll.ts'
import { passTime, setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../scripts/devnet/tokens.ts'
import { mintPosition } from '../../scripts/devnet/uniswapV3.ts'
import type { AnyAdapter } from '../../src/adapters/adapter.ts'
import { allAdapters } from '../../src/adapters/all.ts'
import { compoundV2 } from '../../src/adapters/compoundV2.ts'
import { toVenueWitness } from '../../src/adapters/witness.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import { type PlannedCall, type ReadPlan, readAll } from '../../src/core/readPlan.ts'
import { parseWith } from '../../src/core/schema.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { parametersOf, readDevnetVenue } from './support/devnetVenue.ts'

const wad = 10n ** 18n
const usdc = (amount: bigint) => amount * 10n ** 6n
const managerAbi = parseAbi([
  'function transferFrom(address from, address to, uint256 tokenId)',
  'struct DecreaseParams { uint256 tokenId; uint128 liquidity; uint256 amount0Min; uint256 amount1Min; uint256 deadline; }',
  'function decreaseLiquidity(DecreaseParams params) payable returns (uint256 amount0, uint256 amount1)',
])
const lyraAbi = parseAbi(['function addCollateral(uint256 positionId, uint256 amountCollateral)'])
const vaultAbi = parseAbi(['function withdraw(address token, uint256 amount)'])
const poolAbi = parseAbi(['function setUserUseReserveAsCollateral(address asset, bool useAsCollateral)'])

/** What a witness commits to of a call. */
const target = [
  { name: 'target', type: 'address' },
  { name: 'data', type: 'bytes' },
] as const

type Action = (user: Sender, fixture: DevnetFixture) => Promise<void>

const manager = ({ deployment }: DevnetFixture) => ({
  name: 'Manager',
  address: deployment.uniswapV3.positionManager,
  abi: managerAbi,
})

async function positionId(fixture: DevnetFixture, venue: string, index: number): Promise<bigint> {
  const { positions } = await readDevnetVenue(fixture, venue, { account: fixture.deployment.accounts.hedged })
  return BigInt(positions[index]?.claim.id ?? -1)
}

/** What the owner of a book can do at each venue. */
const actions: Record<string, Record<string, Action>> = {
  wallet: {
    transfer: (user, { deployment }) =>
      user.send({ name: 'USDC', address: deployment.tokens.usdc, abi: erc20Abi }, 'transfer', [
        deployment.accounts.empty,
        1n,
      ]),
  },
  'aave-v3': {
    supply: (user, { deployment }) =>
      supplyToAave(user, deployment.aave, { asset: deployment.tokens.usdc, amount: 10n }),
    borrow: (user, { deployment }) =>
      borrowFromAave(user, deployment.aave, { asset: deployment.tokens.usdc, amount: 10n }),
    'borrowing of another asset': (user, { deployment }) =>
      borrowFromAave(user, deployment.aave, { asset: deployment.tokens.weth, amount: 10n ** 15n }),
    'change of collateral': async (user, { deployment }) => {
      const pool = { name: 'Pool', address: deployment.aave.pool, abi: poolAbi }
      await user.send(pool, 'setUserUseReserveAsCollateral', [deployment.tokens.usdc, false])
    },
  },
  'uniswap-v3': {
    'new position': (user, { deployment }) =>
      mintPosition(user, deployment, { weth: wad / 100n, usdc: usdc(20n), ticks: 100 }),
    withdrawal: async (user, fixture) => {
      const tokenId = await positionId(fixture, 'uniswap-v3', 0)
      await user.send(manager(fixture), 'decreaseLiquidity', [
        { tokenId, liquidity: 1n, amount0Min: 0n, amount1Min: 0n, deadline: 10n ** 12n },
      ])
    },
    transfer: async (user, fixture) => {
      const { hedged, empty } = fixture.deployment.accounts
      await user.send(manager(fixture), 'transferFrom', [hedged, empty, await positionId(fixture, 'uniswap-v3', 0)])
    },
  },
  'perp-v2': {
    deposit: (user, { deployment }) =>
      depositToPerp(user, deployment.perpV2, { token: deployment.tokens.usdc, amount: 10n }),
    'deposit of other collateral': (user, { deployment }) =>
      depositToPerp(user, deployment.perpV2, { token: deployment.tokens.weth, amount: 10n }),
    withdrawal: (user, { deployment }) =>
      user.send({ name: 'Vault', address: deployment.perpV2.vault, abi: vaultAbi }, 'withdraw', [
        deployment.tokens.usdc,
        10n,
      ]),
    trade: (user, { deployment }) => openShortPerpetual(user, deployment.perpV2, wad / 100n),
    'new order': (user, { deployment }) =>
      addPerpLiquidity(user, deployment.perpV2, { base: wad / 100n, quote: 20n * wad }),
  },
  'compound-v2': {
    supply: (user, { deployment }) => supplyToMarket(user, deployment.compoundV2.cUsdc, 10n),
    'supply to another market': (user, { deployment }) => supplyEther(user, deployment.compoundV2, 10n ** 15n),
    borrowing: (user, { deployment }) => borrowFromMarket(user, deployment.compoundV2.cUsdc, 10n),
    'entering a market': (user, { deployment: { compoundV2 } }) =>
      enterMarkets(user, compoundV2.comptroller, [compoundV2.cEth]),
    transfer: (user, { deployment }) =>
      user.send({ name: 'cUSDC', address: deployment.compoundV2.cUsdc, abi: erc20Abi }, 'transfer', [
        deployment.accounts.empty,
        1n,
      ]),
  },
  venus: {
    supply: (user, { deployment }) => supplyToMarket(user, deployment.venus.vUsdc, usdc(1n)),
    borrowing: (user, { deployment }) => borrowFromMarket(user, deployment.venus.vUsdc, 10n),
    'entering a market': (user, { deployment: { venus } }) => enterMarkets(user, venus.comptroller, [venus.vWeth]),
  },
  'morpho-blue': {
    supply: (user, { deployment: { morphoBlue } }) =>
      supplyToMorpho(user, { morpho: morphoBlue.morpho, market: morphoBlue.markets.wethUsdc, amount: usdc(1n) }),
    borrow: (user, { deployment: { morphoBlue } }) =>
      borrowFromMorpho(user, { morpho: morphoBlue.morpho, market: morphoBlue.markets.wethUsdc, amount: usdc(1n) }),
    'more collateral': (user, { deployment: { morphoBlue } }) =>
      supplyCollateralToMorpho(user, { morpho: morphoBlue.morpho, market: morphoBlue.markets.wethUsdc, amount: 1n }),
    'first position in a market that the configuration does not list': (user, { deployment: { morphoBlue } }) =>
      supplyToMorpho(user, { morpho: morphoBlue.morpho, market: morphoBlue.markets.usdcWeth, amount: wad / 10n }),
  },
  'lyra-avalon': {
    'new position': (user, { deployment }) =>
      openOption(user, deployment.lyra, {
        strikeId: BigInt(deployment.lyra.strikeIds[1] ?? 0),
        optionType: optionTypes.longCall,
        amount: wad / 10n,
        collateral: 0n,
      }),
    'more collateral': async (user, fixture) => {
      const { lyra } = fixture.deployment
      const short = await positionId(fixture, 'lyra-avalon', 2)
      await user.send({ name: 'OptionMarket', address: lyra.optionMarket, abi: lyraAbi }, 'addCollateral', [short, 10n])
    },
  },
}

/** The one event besides an action of the account that a venue's witness may follow. */
const accruals: Record<string, (fixture: DevnetFixture) => Address> = {
  'compound-v2': ({ deployment }) => deployment.compoundV2.cUsdc,
  venus: ({ deployment }) => deployment.venus.vUsdc,
}

/** Gives the hedged account something to act with, and a loan at Morpho. */
async function fund(fixture: DevnetFixture): Promise<Sender> {
  const { chain, deployment } = fixture
  const { tokens, lyra, aave, perpV2, uniswapV3, compoundV2, venus, morphoBlue } = deployment
  const { morpho, markets } = morphoBlue
  const deployer = sendAs(chain, deployment.operators.deployer)
  const user = sendAs(chain, deployment.accounts.hedged)
  await mintToken(deployer, tokens.usdc, { to: user.address, amount: usdc(10_000n) })
  await mintToken(deployer, lyra.sUSD, { to: user.address, amount: 1_000n * wad })
  await mintToken(deployer, lyra.sETH, { to: user.address, amount: wad })
  await wrapEther(user, tokens.weth, wad)
  const spenders = [aave.pool, perpV2.vault, uniswapV3.positionManager, morpho]
  await approveAll(user, [tokens.weth, tokens.usdc], spenders)
  await supplyCollateralToMorpho(user, { morpho, market: markets.wethUsdc, amount: wad / 2n })
  await approveAll(user, [lyra.sUSD, lyra.sETH], [lyra.optionMarket])
  await supplyToAave(user, aave, { asset: tokens.usdc, amount: 1_000_000n })
  await approveAll(user, [tokens.usdc], [compoundV2.cUsdc, venus.vUsdc])
  for (const [comptroller, market] of [
    [compoundV2.comptroller, compoundV2.cUsdc],
    [venus.comptroller, venus.vUsdc],
  ] as const) {
    await supplyToMarket(user, market, usdc(100n))
    await enterMarkets(user, comptroller, [market])
  }
  return user
}

async function witnessOf(fixture: DevnetFixture, venue: string) {
  return (await readDevnetVenue(fixture, venue, { account: fixture.deployment.accounts.hedged })).witness
}

describe('witnesses', function () {
  this.timeout(240_000)

  for (const [venue, changes] of Object.entries(actions)) {
    it(`${venue}: unchanged by time and prices, changed by ${Object.keys(changes).join(', ')}`, async () => {
      for (const [name, act] of Object.entries(changes)) {
        const fixture = await devnetFixture()
        const { chain, deployment } = fixture
        const user = await fund(fixture)
        const before = await witnessOf(fixture, venue)
        await setPrices(chain, deployment, { ETH: 2_080n * wad })
        await passTime(chain, deployment, 5_000)
        expect(await witnessOf(fixture, venue), `${name}: before`).to.deep.equal(before)
        await act(user, fixture)
        expect(await witnessOf(fixture, venue), name).not.to.deep.equal(before)
      }
    })
  }

  it('credit-line: unchanged by the price of the debt, changed by borrowing and repaying', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { creditLine } = await deployPlimsoll(chain, deployment)
    const user = await fund(fixture)
    const { weth } = deployment.tokens
    await approveAll(user, [weth, deployment.tokens.usdc], [creditLine])
    const abi = parseAbi([
      'function deposit(uint256 amount)',
      'function borrow(uint256 amount, bytes update)',
      'function repay(address borrower, uint256 amount)',
    ])
    const line = { name: 'CreditLine', address: creditLine, abi }
    const read = () => readDevnetVenue(fixture, 'credit-line', { account: user.address, creditLine })
    expect((await read()).positions).to.deep.equal([])

    const states = [await read()]
    for (const [functionName, args] of [
      ['deposit', [wad / 2n]],
      ['borrow', [usdc(100n), '0x']],
      ['repay', [user.address, usdc(40n)]],
    ] as const) {
      await user.send(line, functionName, args)
      states.push(await read())
    }
    const results = states.map(({ witness }) => witness.results)
    expect(new Set(results).size).to.equal(results.length)
    const debts = states.map(({ positions }) => positions.map((position) => 'amount' in position && position.amount))
    expect(debts).to.deep.equal([[], [], [100n * wad], [60n * wad]])

    await setPrices(chain, deployment, { USDC: (wad * 102n) / 100n })
    const later = await read()
    expect(later.witness).to.deep.equal(states.at(-1)?.witness)
    expect(later.positions[0]).to.include({ kind: 'consumerDebt', control: 'consumer', amount: (612n * wad) / 10n })
  })

  for (const [venue, marketOf] of Object.entries(accruals)) {
    it(`${venue}: accruals by others change it where the account owes, as its adapter declares, and not elsewhere`, async () => {
      const fixture = await devnetFixture()
      const { chain, deployment } = fixture
      const user = await fund(fixture)
      const market = { name: 'Market', address: marketOf(fixture), abi: parseAbi(['function accrueInterest()']) }
      const accrue = async () => {
        await fixture.client.mine({ blocks: 100_000 })
        await sendAs(chain, deployment.accounts.empty).send(market, 'accrueInterest')
      }
      const idle = await witnessOf(fixture, venue)
      await accrue()
      expect(await witnessOf(fixture, venue)).to.deep.equal(idle)

      await borrowFromMarket(user, market.address, usdc(50n))
      const owing = await witnessOf(fixture, venue)
      await fixture.client.mine({ blocks: 100_000 })
      expect(await witnessOf(fixture, venue)).to.deep.equal(owing)
      await accrue()
      expect(await witnessOf(fixture, venue)).not.to.deep.equal(owing)
      expect(compoundV2.witnessAlsoChangesOn).to.equal('accrualOfDebts')
    })
  }

  it('no adapter but those of money markets declares that anything else changes it', () => {
    const declaring = allAdapters.filter(({ witnessAlsoChangesOn }) => witnessAlsoChangesOn !== undefined)
    expect(declaring.map(({ id }) => id)).to.deep.equal(['compound-v2'])
  })

  it('hashes calls and return data of any length as viem encodes them, whatever was hashed before', () => {
    const abi = parseAbi(['function answer(bytes question) view returns (bytes)'])
    const bytes = fc.uint8Array({ maxLength: 200 }).map(bytesToHex)
    const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(bytesToHex)
    fc.assert(
      fc.property(fc.array(fc.tuple(address, bytes, bytes), { maxLength: 12 }), (asked) => {
        const calls = asked.map(([address, question]) => ({
          address,
          abi,
          functionName: 'answer',
          args: [question] as const,
        }))
        const targets = calls.map(({ address, args }) => ({ target: address, data: encodeFunctionData({ abi, args }) }))
        const returned = asked.map(([, , answer]) => encodeAbiParameters([{ type: 'bytes' }], [answer]))
        const results = asked.map(([, , answer]) => answer)
        expect(toVenueWitness('venue', calls, results)).to.deep.equal({
          venue: 'venue',
          calls: keccak256(encodeAbiParameters([{ type: 'tuple[]', components: target }], [targets])),
          results: keccak256(encodeAbiParameters([{ type: 'bytes[]' }], [returned])),
        })
      }),
      { numRuns: 300 },
    )
  })

  it('commits to the return data as a contract would see it', async () => {
    const fixture = await devnetFixture()
    const { client, deployment } = fixture
    const account = deployment.accounts.hedged
    const parameters = parametersOf(fixture)
    const block = await pinBlock(client, { chainId: deployment.chainId })
    for (const { id, adapter: adapterId, configuration } of parameters.venues) {
      const adapter = allAdapters.find((candidate) => candidate.id === adapterId) as AnyAdapter
      const context = {
        venue: id,
        configuration: parseWith(adapter.configuration, configuration, id),
        account,
        block,
        assets: parameters.assets,
        ids: [],
      }
      const calls = function* (): ReadPlan<readonly PlannedCall[]> {
        return adapter.witness(yield* adapter.read(context), context)
      }
      const { results } = await runPlans(client, block, [{ name: id, plan: calls() }])
      const witnessCalls = results[0] ?? []
      expect(witnessCalls.length, id).to.be.greaterThan(0)
      const targets: { target: Address; data: Hex }[] = []
      const returned: Hex[] = []
      for (const call of witnessCalls) {
        const data = encodeFunctionData(call)
        targets.push({ target: call.address, data })
        returned.push((await client.call({ to: call.address, data })).data ?? '0x')
      }
      const values = function* (): ReadPlan<readonly unknown[]> {
        return yield* readAll(witnessCalls)
      }
      const decoded = await runPlans(client, block, [{ name: id, plan: values() }])
      expect(toVenueWitness(id, witnessCalls, decoded.results[0] ?? [])).to.deep.equal({
        venue: id,
        calls: keccak256(encodeAbiParameters([{ type: 'tuple[]', components: target }], [targets])),
        results: keccak256(encodeAbiParameters([{ type: 'bytes[]' }], [returned])),
      })
    }
  })
})
