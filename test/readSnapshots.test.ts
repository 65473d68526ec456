import { expect } from 'chai'
import { type Address, erc20Abi, parseAbi } from 'viem'
import { borrowFromAave, supplyToAave } from '../scripts/devnet/aaveV3.ts'
import { advanceTime, type Sender, sendAs } from '../scripts/devnet/chain.ts'
import { borrowFromMarket, enterMarkets, supplyEther } from '../scripts/devnet/compoundV2.ts'
import { openOption, optionTypes } from '../scripts/devnet/lyraTrading.ts'
import { borrowFromMorpho, supplyCollateralToMorpho, supplyToMorpho } from '../scripts/devnet/morphoBlue.ts'
import { depositToPerp, openShortPerpetual } from '../scripts/devnet/perpTrading.ts'
import { setPrices } from '../scripts/devnet/prices.ts'
import { issueSynthetixUsd, modifyPosition, transferMargin } from '../scripts/devnet/synthetixTrading.ts'
import { approveAll, mintToken, wrapEther } from '../scripts/devnet/tokens.ts'
import { mintPosition } from '../scripts/devnet/uniswapV3.ts'
import { approveUniswapV4, mintV4Position, poolKeyOf } from '../scripts/devnet/uniswapV4.ts'
import type { AdapterContext, AnyAdapter } from '../src/adapters/adapter.ts'
import { allAdapters } from '../src/adapters/all.ts'
import { UnsupportedPositionError } from '../src/adapters/errors.ts'
import { witnessRoot } from '../src/attest/witness.ts'
import { RpcError } from '../src/chain/errors.ts'
import { InvalidInputError, MissingMarketDataError } from '../src/core/errors.ts'
import { formatSnapshot, inputsHash, portfolioRoot, type Snapshot } from '../src/core/snapshot.ts'
import { readSnapshot } from '../src/engine.ts'
import { type AccountReading, readSnapshots, type SnapshotsReading } from '../src/readSnapshots.ts'
import { rereadSnapshots } from '../src/rereadSnapshots.ts'
import { interceptedClient } from './support/interceptedClient.ts'
import { type PlimsollFixture, plimsollFixture } from './support/plimsoll.ts'
import { rejection } from './support/rejection.ts'

const wad = 10n ** 18n
const usdc = (amount: bigint) => amount * 10n ** 6n
const stranger = (index: number): Address => `0x${(0xabc000n + BigInt(index)).toString(16).padStart(40, '0')}`
const rootOf = (snapshot: Snapshot) => portfolioRoot(inputsHash(snapshot), witnessRoot(snapshot.witnesses))
const textOf = (reading: AccountReading): string =>
  'snapshot' in reading
    ? `${rootOf(reading.snapshot)}\n${formatSnapshot(reading.snapshot)}`
    : `${reading.refusal.name}: ${reading.refusal.message}`

/** Accounts with and without positions. */
const accountsOf = ({ deployment }: PlimsollFixture): readonly Address[] => [
  ...Object.values(deployment.accounts),
  deployment.operators.maker,
  deployment.operators.deployer,
  ...Array.from({ length: 5 }, (_, index) => stranger(index)),
]

/** All adapters, of which the one of wallets refuses an account. */
const adaptersRefusing = (account: Address | undefined): readonly AnyAdapter[] =>
  allAdapters.map((adapter) => ({
    ...adapter,
    toPositions: (raw: unknown, context: AdapterContext<unknown>) => {
      if (adapter.id !== 'erc20' || context.account !== account) return adapter.toPositions(raw, context)
      throw new UnsupportedPositionError({ venue: context.venue, position: 'this', remedy: 'None.' })
    },
  }))

describe('readSnapshots', function () {
  this.timeout(240_000)

  it('reads of each account what readSnapshot reads of it alone, in any chunks, and says how far it is', async () => {
    const fixture = await plimsollFixture()
    const { client, ours } = fixture
    const accounts = accountsOf(fixture)
    const { parameters } = ours
    const alone: string[] = []
    for (const account of accounts) {
      alone.push(
        await readSnapshot(client, { account, parameters }).then(
          ({ snapshot }) => textOf({ account, snapshot }),
          (refusal) => textOf({ account, refusal }),
        ),
      )
    }
    for (const chunkSize of [1_000, 3]) {
      const progress: number[] = []
      const onProgress = (done: number) => progress.push(done)
      const { readings, ethCalls } = await readSnapshots(client, { accounts, parameters, chunkSize, onProgress })
      expect(readings.map(textOf)).to.deep.equal(alone)
      const chunks = Math.ceil(accounts.length / chunkSize)
      const steps = Array.from({ length: chunks }, (_, index) => Math.min(accounts.length, (index + 1) * chunkSize))
      expect(progress).to.deep.equal(steps)
      if (chunkSize === 1_000) expect(ethCalls).to.be.at.most(10)
    }
    expect(alone.every((text) => text.startsWith('0x'))).to.equal(true)
  })

  it('answers each account by itself: refusals of a venue, of the market and of the address leave the others', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const { hedged, levered, empty } = deployment.accounts
    const prices = Object.fromEntries(Object.entries(ours.parameters.prices).filter(([name]) => name !== 'SUSD'))
    const parameters = { ...ours.parameters, prices }
    const accounts: Address[] = [hedged, levered, deployment.operators.maker, '0x12', empty]
    const { readings } = await readSnapshots(client, { accounts, parameters, adapters: adaptersRefusing(accounts[2]) })
    expect(readings.map((reading) => ('refusal' in reading ? reading.refusal.name : 'read'))).to.deep.equal([
      'MissingMarketDataError',
      'read',
      'UnsupportedPositionError',
      'InvalidInputError',
      'read',
    ])
    expect(readings.map(({ account }) => account)).to.deep.equal(accounts)
    const classes = [MissingMarketDataError, UnsupportedPositionError, InvalidInputError]
    for (const [index, type] of [0, 2, 3].map((at, nth) => [at, classes[nth]] as const)) {
      const reading = readings[index]
      expect(reading && 'refusal' in reading && reading.refusal).to.be.instanceOf(type)
    }
  })

  it('fails as a whole when the node fails', async () => {
    const fixture = await plimsollFixture()
    const failing = interceptedClient(fixture, (method, count) => {
      if (method === 'eth_call' && count === 2) throw new Error('no answer')
    })
    const options = { accounts: accountsOf(fixture), parameters: fixture.ours.parameters }
    await rejection(readSnapshots(failing, options), RpcError)
  })
})

describe('rereadSnapshots', function () {
  this.timeout(600_000)

  it('equals a full read after every one of a sequence of random actions, prices and times', async () => {
    const fixture = await plimsollFixture()
    const { client, ours } = fixture
    const { parameters } = ours
    const accounts = accountsOf(fixture)
    const users = await fund(fixture)
    const random = randomFrom(7n)
    let state = await readSnapshots(client, { accounts, parameters })
    const seen = new Set<string>()
    for (let step = 0; step < actions.length + 4; step++) {
      for (let count = random(2); count >= 0; count--) {
        const [name, act] = actions[step < actions.length ? step : random(actions.length)] as (typeof actions)[number]
        seen.add(name)
        await act(fixture, users[random(users.length)] as Sender, stranger(random(5)))
      }
      const full = await readSnapshots(client, { accounts, parameters })
      state = await rereadSnapshots(client, state, { parameters })
      expect(state.readings.map(textOf), `step ${step}`).to.deep.equal(full.readings.map(textOf))
    }
    expect(seen.size).to.be.at.least(actions.length - 1)
  })

  it('asks again what moves by itself and the touched account, not the witness of the others', async () => {
    const fixture = await plimsollFixture()
    const { client, chain, ours, deployment } = fixture
    const { parameters } = ours
    const accounts = Array.from({ length: 40 }, (_, index) => stranger(index))
    const asked = { bytes: 0 }
    const counting = interceptedClient(fixture, (method, _, params) => {
      if (method === 'eth_call') asked.bytes += (params[0] as { data: string }).data.length / 2
    })
    const measure = async (read: () => Promise<SnapshotsReading>) => {
      asked.bytes = 0
      const reading = await read()
      return { reading, bytes: asked.bytes }
    }
    const full = await measure(() => readSnapshots(counting, { accounts, parameters }))
    await mintToken(sendAs(chain, deployment.operators.deployer), deployment.tokens.usdc, {
      to: stranger(3),
      amount: usdc(5n),
    })
    await advanceTime(chain, 60)
    const quiet = await measure(() => rereadSnapshots(counting, full.reading, { parameters }))
    expect(quiet.bytes).to.be.lessThan(full.bytes * 0.7)
    const fresh = await readSnapshots(client, { accounts, parameters })
    expect(quiet.reading.readings.map(textOf)).to.deep.equal(fresh.readings.map(textOf))
  })

  it('reads everything anew where the earlier block is gone or too far back', async () => {
    const fixture = await plimsollFixture()
    const { client, chain, ours, deployment } = fixture
    const { parameters } = ours
    const accounts = [deployment.accounts.levered]
    const snapshot = await client.snapshot()
    const user = (await fund(fixture))[2] as Sender
    await supplyToAave(user, deployment.aave, { asset: deployment.tokens.usdc, amount: 10n })
    const gone = await readSnapshots(client, { accounts, parameters })
    await client.revert({ id: snapshot })
    await advanceTime(chain, 5)
    for (const blocks of [1, 150, 300]) {
      await client.mine({ blocks, interval: 1 })
      const full = await readSnapshots(client, { accounts, parameters })
      const again = await rereadSnapshots(client, gone, { parameters })
      expect(again.readings.map(textOf), `${blocks}`).to.deep.equal(full.readings.map(textOf))
    }
  })
})

type Action = (fixture: PlimsollFixture, user: Sender, other: Address) => Promise<unknown>

const aaveAbi = parseAbi([
  'function withdraw(address asset, uint256 amount, address to) returns (uint256)',
  'function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf) returns (uint256)',
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function setUserUseReserveAsCollateral(address asset, bool useAsCollateral)',
])
const accrueAbi = parseAbi(['function accrueInterest() returns (uint256)'])
const pool = ({ deployment }: PlimsollFixture) => ({ name: 'Pool', address: deployment.aave.pool, abi: aaveAbi })
const token = (address: Address) => ({ name: 'token', address, abi: erc20Abi })

/** What users do, to themselves and to strangers. */
const actions: readonly (readonly [string, Action])[] = [
  ['supply', (f, user) => supplyToAave(user, f.deployment.aave, { asset: f.deployment.tokens.usdc, amount: 1_000n })],
  ['borrow', (f, user) => borrowFromAave(user, f.deployment.aave, { asset: f.deployment.tokens.usdc, amount: 500n })],
  [
    'supply for another',
    (f, user, other) => user.send(pool(f), 'supply', [f.deployment.tokens.weth, 10n ** 12n, other, 0]),
  ],
  ['repay', (f, user) => user.send(pool(f), 'repay', [f.deployment.tokens.usdc, 100n, 2n, user.address])],
  ['withdraw', (f, user, other) => user.send(pool(f), 'withdraw', [f.deployment.tokens.usdc, 300n, other])],
  ['transfer', (f, user, other) => user.send(token(f.deployment.tokens.usdc), 'transfer', [other, 77n])],
  [
    'perp deposit',
    (f, user) => depositToPerp(user, f.deployment.perpV2, { token: f.deployment.tokens.usdc, amount: usdc(50n) }),
  ],
  ['perp trade', (f, user) => openShortPerpetual(user, f.deployment.perpV2, wad / 1_000n)],
  ['liquidity', (f, user) => mintPosition(user, f.deployment, { weth: wad / 100n, usdc: usdc(20n), ticks: 100 })],
  [
    'option',
    ({ deployment: { lyra } }, user) =>
      openOption(user, lyra, {
        strikeId: BigInt(lyra.strikeIds[1] ?? 0),
        optionType: optionTypes.longCall,
        amount: wad / 10n,
        collateral: 0n,
      }),
  ],
  [
    'loan at Morpho',
    async ({ deployment: { morphoBlue } }, user) => {
      const market = { morpho: morphoBlue.morpho, market: morphoBlue.markets.wethUsdc }
      await supplyCollateralToMorpho(user, { ...market, amount: wad / 10n })
      await borrowFromMorpho(user, { ...market, amount: usdc(10n) })
    },
  ],
  [
    'lending at Morpho for another',
    ({ deployment: { morphoBlue } }, user, other) =>
      supplyToMorpho(user, {
        morpho: morphoBlue.morpho,
        market: morphoBlue.markets.wethUsdc,
        amount: usdc(3n),
        onBehalfOf: other,
      }),
  ],
  [
    'loan at Compound',
    async ({ deployment: { compoundV2 } }, user) => {
      await supplyEther(user, compoundV2, wad)
      await enterMarkets(user, compoundV2.comptroller, [compoundV2.cEth])
      await borrowFromMarket(user, compoundV2.cUsdc, usdc(20n))
    },
  ],
  [
    'accrual at Compound',
    ({ deployment: { compoundV2 } }, user) =>
      user.send({ name: 'CToken', address: compoundV2.cUsdc, abi: accrueAbi }, 'accrueInterest', []),
  ],
  [
    'future',
    async ({ deployment: { synthetixPerps } }, user) => {
      await transferMargin(user, synthetixPerps, 500n * wad)
      await modifyPosition(user, synthetixPerps, wad / 10n)
    },
  ],
  [
    'liquidity at Uniswap v4',
    async (f, user) => {
      const key = poolKeyOf(f.deployment, 'weth')
      const amounts = { amount0: usdc(20n), amount1: usdc(20n) }
      await mintV4Position(user, f.deployment, { key, tickLower: -887_220, tickUpper: 887_220, ...amounts })
    },
  ],
  ['price', (f) => setPrices(f.chain, f.deployment, { ETH: 2_010n * wad })],
  ['time', (f) => advanceTime(f.chain, 900)],
]

/** Gives the three accounts with positions something to act with. */
async function fund({ chain, deployment }: PlimsollFixture): Promise<readonly Sender[]> {
  const { tokens, lyra, aave, perpV2, uniswapV3, accounts } = deployment
  const deployer = sendAs(chain, deployment.operators.deployer)
  const users = [accounts.hedged, accounts.naked, accounts.levered].map((account) => sendAs(chain, account))
  for (const user of users) {
    await mintToken(deployer, tokens.usdc, { to: user.address, amount: usdc(100_000n) })
    await mintToken(deployer, lyra.sUSD, { to: user.address, amount: 10_000n * wad })
    await wrapEther(user, tokens.weth, 5n * wad)
    await approveAll(user, [tokens.weth, tokens.usdc], [aave.pool, perpV2.vault, uniswapV3.positionManager])
    await approveAll(user, [lyra.sUSD], [lyra.optionMarket])
    await supplyToAave(user, aave, { asset: tokens.usdc, amount: usdc(2_000n) })
    await borrowFromAave(user, aave, { asset: tokens.usdc, amount: usdc(10n) })
    await depositToPerp(user, perpV2, { token: tokens.usdc, amount: usdc(500n) })
    await approveAll(user, [tokens.weth, tokens.usdc], [deployment.morphoBlue.morpho])
    await approveUniswapV4(user, deployment.uniswapV4, [tokens.weth, tokens.usdc])
    await issueSynthetixUsd(deployer, deployment.synthetixPerps, { to: user.address, amount: 3_000n * wad })
  }
  return users
}

/** Numbers below a bound from a linear congruential generator (Numerical Recipes). */
function randomFrom(seed: bigint): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state * 1_664_525n + 1_013_904_223n) % 2n ** 32n
    return Number((state >> 16n) % BigInt(bound))
  }
}
