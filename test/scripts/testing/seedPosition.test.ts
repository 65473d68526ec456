import { expect } from 'chai'
import { type Address, erc20Abi, parseEther, parseUnits } from 'viem'
import { DevnetTransactionError } from '../../../scripts/devnet/chain.ts'
import { devnetParameters } from '../../../scripts/devnet/parameters.ts'
import { seedPosition } from '../../../scripts/testing.ts'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { type MarginParameters, parseParameters } from '../../../src/core/parameters.ts'
import type { Position } from '../../../src/core/position.ts'
import { readSnapshot } from '../../../src/engine.ts'
import { defaultCalibration, defaultUnderlyings } from '../../../src/risk/plimsoll/calibration.ts'
import { type DevnetFixture, devnetFixture } from '../../support/devnet.ts'
import { rejection } from '../../support/rejection.ts'

const usdc = (amount: string) => parseUnits(amount, 6)
const wad = parseEther
const account: Address = '0x000000000000000000000000000000000000bEEF'

describe('plimsoll/testing: seedPosition', function () {
  this.timeout(240_000)
  let devnet: DevnetFixture
  let parameters: MarginParameters
  beforeEach(async () => {
    devnet = await devnetFixture()
    const calibration = { ...defaultCalibration, underlyings: { ...defaultUnderlyings } }
    parameters = parseParameters(devnetParameters(devnet.deployment, calibration))
  })

  /** What the adapter of a venue reads. */
  const read = async (venue: string): Promise<readonly Position[]> => {
    const { snapshot } = await readSnapshot(devnet.client, { account, parameters })
    return snapshot.portfolio.positions.filter(({ venueAccount }) => venueAccount.venue === venue)
  }
  const amounts = (positions: readonly Position[]) =>
    positions.map((position) => [position.kind, 'amount' in position ? position.amount : undefined])
  const wallet = async (token: Address) => {
    const call = { address: token, abi: erc20Abi, functionName: 'balanceOf', args: [account] } as const
    return devnet.client.readContract(call)
  }

  for (const [venue, pool] of [
    ['aave-v3', 'aave'],
    ['spark', 'spark'],
  ] as const) {
    it(`supplies to ${venue} and borrows from it`, async () => {
      const { connection, deployment } = devnet
      const { weth, usdc: dollars } = deployment.tokens
      await seedPosition('aave-v3', connection, {
        account,
        deployment: { aave: deployment[pool] },
        supply: [{ asset: weth, amount: wad('10') }],
        borrow: [{ asset: dollars, amount: usdc('5000') }],
      })
      const [supplied, owed, ...rest] = [...(await read(venue))].sort((a, b) => (a.kind < b.kind ? -1 : 1))
      expect(rest).to.deep.equal([])
      expect(supplied).to.include({ kind: 'balance' })
      expect(owed).to.include({ kind: 'debt' })
      // Interest of the second after the loan, and what rounds against the account.
      expect(amounts([supplied, owed] as Position[]).map(([, amount]) => amount as bigint)).to.satisfy(
        ([has, owes]: readonly [bigint, bigint]) =>
          has - wad('10') < 10n ** 12n && has >= wad('10') - 1n && owes >= usdc('5000') && owes <= usdc('5000') + 2n,
      )
      expect([await wallet(weth), await wallet(dollars)]).to.deep.equal([0n, usdc('5000')])
    })
  }

  it('provides liquidity at uniswap-v3, and takes back what the pool did not take', async () => {
    const { connection, deployment } = devnet
    await seedPosition('uniswap-v3', connection, {
      account,
      deployment,
      weth: wad('4'),
      usdc: usdc('8000'),
      ticks: 2_000,
    })
    const [position, ...rest] = await read('uniswap-v3')
    expect(rest).to.deep.equal([])
    if (position?.kind !== 'concentratedLiquidity') return expect.fail(`read a ${position?.kind}`)
    expect(position.tickUpper - position.tickLower).to.equal(4_000)
    expect(position.liquidity > 0n).to.equal(true)
    expect([await wallet(deployment.tokens.weth), await wallet(deployment.tokens.usdc)]).to.deep.equal([0n, 0n])
  })

  it('lends to and borrows from markets of morpho-blue', async () => {
    const { connection, deployment } = devnet
    await seedPosition('morpho-blue', connection, {
      account,
      deployment,
      market: 'wethUsdc',
      collateral: wad('10'),
      borrow: usdc('12000'),
    })
    await seedPosition('morpho-blue', connection, { account, deployment, market: 'usdcWeth', lend: wad('5') })
    const positions = await read('morpho-blue')
    expect(positions.map(({ kind }) => kind).sort()).to.deep.equal(['balance', 'balance', 'debt'])
    const [least, most] = amounts(positions.filter(({ kind }) => kind === 'balance'))
      .map(([, amount]) => amount as bigint)
      .sort((a, b) => (a < b ? -1 : 1))
    expect(most).to.equal(wad('10'))
    expect((least ?? 0n) >= wad('5') - 1n && (least ?? 0n) < wad('5.001')).to.equal(true)
    expect(await wallet(deployment.tokens.usdc)).to.equal(usdc('12000'))
  })

  it('supplies ether to compound-v2 and borrows dollars, and leaves native ether as it was', async () => {
    const { client, connection, deployment } = devnet
    await client.setBalance({ address: account, value: 7n })
    await seedPosition('compound-v2', connection, {
      account,
      deployment,
      supply: { ether: wad('10') },
      borrow: { usdc: usdc('9000') },
    })
    const positions = await read('compound-v2')
    expect(positions.map(({ kind }) => kind).sort()).to.deep.equal(['balance', 'debt'])
    const debt = positions.find(({ kind }) => kind === 'debt')
    expect(debt).to.have.property('amount', usdc('9000'))
    expect(await client.getBalance({ address: account })).to.equal(7n)
  })

  it('borrows native ether from compound-v2 against dollars', async () => {
    const { client, connection, deployment } = devnet
    await seedPosition('compound-v2', connection, {
      account,
      deployment,
      supply: { usdc: usdc('10000') },
      borrow: { ether: wad('2') },
    })
    expect(await client.getBalance({ address: account })).to.equal(wad('2'))
    expect((await read('compound-v2')).find(({ kind }) => kind === 'debt')).to.have.property('amount', wad('2'))
  })

  for (const size of [wad('-3'), wad('2')]) {
    it(`trades ${size / 10n ** 18n} ETH at perp-v2`, async () => {
      const { connection, deployment } = devnet
      await seedPosition('perp-v2', connection, { account, deployment, deposit: usdc('4000'), size })
      const positions = await read('perp-v2')
      expect(positions.find(({ kind }) => kind === 'perpetual')).to.have.property('size', size)
      // The fee of 0.3 % is part of the balance or of the cost, so that only the order of size is exact here.
      const cash = positions.find(({ kind }) => kind === 'balance')
      expect(cash).to.satisfy((held: Position) => held.kind === 'balance' && held.amount > usdc('3900'))
      expect(await wallet(deployment.tokens.usdc)).to.equal(0n)
    })
  }

  for (const [optionType, right, sign] of [
    ['longCall', 'call', 1n],
    ['longPut', 'put', 1n],
    ['shortCallBase', 'call', -1n],
    ['shortCallQuote', 'call', -1n],
    ['shortPutQuote', 'put', -1n],
  ] as const) {
    it(`opens a ${optionType} at lyra-avalon`, async () => {
      const { connection, deployment } = devnet
      const seed = { account, deployment, strike: 1, optionType, amount: wad('2') }
      await seedPosition('lyra-avalon', connection, seed)
      const option = (await read('lyra-avalon')).find(({ kind }) => kind === 'option')
      expect(option).to.include({ right, strike: wad('2000'), size: sign * wad('2') })
      if (sign > 0n) expect(await wallet(deployment.lyra.sUSD)).to.equal(0n)
      // A short keeps its premium: two options at the money, of a month and 100 % a year, are worth some 440 dollars.
      else expect(await wallet(deployment.lyra.sUSD)).to.satisfy((has: bigint) => has > wad('300') && has < wad('600'))
    })
  }

  it('says what the protocol refused, and refuses a strike that is not there', async () => {
    const { connection, deployment } = devnet
    const borrow = [{ asset: deployment.tokens.usdc, amount: usdc('1') }]
    const refused = await rejection(
      seedPosition('aave-v3', connection, { account, deployment, borrow }),
      DevnetTransactionError,
    )
    expect(refused.message).to.contain('Pool.borrow')
    const seed = { account, deployment, strike: 9, optionType: 'longCall', amount: wad('1') } as const
    expect((await rejection(seedPosition('lyra-avalon', connection, seed), InvalidInputError)).message).to.contain('9')
    expect(await devnet.client.getBalance({ address: account })).to.equal(0n)
  })
})
