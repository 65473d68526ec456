import { expect } from 'chai'
import { type Address, maxUint256, parseAbi } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import { lyraArtifacts } from '../../../scripts/devnet/lyraAvalon.ts'
import {
  openOption,
  optionTypes,
  readMinimumCollateral,
  refreshGreeks,
  setSyntheticRate,
} from '../../../scripts/devnet/lyraTrading.ts'
import { approveAll, mintToken } from '../../../scripts/devnet/tokens.ts'
import { lyraAvalon } from '../../../src/adapters/lyraAvalon.ts'
import type { LyraConfiguration, LyraRaw } from '../../../src/adapters/lyraAvalonRead.ts'
import { wad } from '../../../src/core/units.ts'
import { readLyraPositions, readLyraSpot } from '../../support/devnetViews.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, World } from '../support/subject.ts'

const optionTokenAbi = parseAbi([
  'struct OptionPosition { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }',
  'function getOwnerPositions(address owner) view returns (OptionPosition[])',
  'function canLiquidate(OptionPosition position, uint256 expiry, uint256 strikePrice, uint256 spotPrice) view returns (bool)',
  'function transferFrom(address from, address to, uint256 tokenId)',
])
const marketAbi = parseAbi(['function addCollateral(uint256 positionId, uint256 amountCollateral)'])
const elsewhere: Address = '0x000000000000000000000000000000000000bEEF'
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

type Do = Action<LyraConfiguration>

const buy =
  (optionType: number, amount: bigint): Do =>
  (user, { deployment: { lyra } }) =>
    openOption(user, lyra, { strikeId: BigInt(lyra.strikeIds[1] ?? 0), optionType, amount, collateral: 0n })

/** Sells with a twentieth more than the venue demands. */
const sell =
  (optionType: number, amount: bigint): Do =>
  async (user, world) => {
    const { lyra } = world.deployment
    const order = { strikeId: BigInt(lyra.strikeIds[1] ?? 0), optionType, amount }
    const minimum = await readMinimumCollateral(user, lyra, { ...order, price: await readLyraSpot(world) })
    await openOption(user, lyra, { ...order, collateral: (minimum * 105n) / 100n })
  }

async function ownedBy({ client, deployment }: World<LyraConfiguration>, account: Address) {
  return client.readContract({
    address: deployment.lyra.optionToken,
    abi: optionTokenAbi,
    functionName: 'getOwnerPositions',
    args: [account],
  })
}

const onMarket =
  (functionName: string, args: (position: Awaited<ReturnType<typeof ownedBy>>[number]) => readonly unknown[]): Do =>
  async (user, world) => {
    const short = (await ownedBy(world, user.address)).find(({ optionType }) => optionType >= 2)
    if (short === undefined) throw new Error('a short was expected')
    const abi = functionName === 'addCollateral' ? marketAbi : (await (await lyraArtifacts())('OptionMarket')).abi
    await user.send(
      { name: 'OptionMarket', address: world.deployment.lyra.optionMarket, abi },
      functionName,
      args(short),
    )
  }

const subject: ConformanceSubject<LyraConfiguration, LyraRaw> = {
  adapter: lyraAvalon,
  venue: 'lyra-avalon',
  control: 'venue',
  fund: async (user, { chain, deployment: { lyra, operators } }) => {
    const deployer = sendAs(chain, operators.deployer)
    await mintToken(deployer, lyra.sUSD, { to: user.address, amount: 20_000n * wad })
    await mintToken(deployer, lyra.sETH, { to: user.address, amount: 5n * wad })
    await approveAll(user, [lyra.sUSD, lyra.sETH], [lyra.optionMarket])
  },
  open: async (user, world) => {
    await sell(optionTypes.shortCallQuote, 2n * wad)(user, world)
    await buy(optionTypes.longPut, wad)(user, world)
  },
  openDust: buy(optionTypes.longCall, 1n),
  actions: {
    'buying another option': buy(optionTypes.longCall, wad / 10n),
    'selling another option': sell(optionTypes.shortPutQuote, wad),
    'more collateral': onMarket('addCollateral', ({ positionId }) => [positionId, 1n]),
    'closing a part': onMarket('closePosition', ({ positionId, strikeId, optionType, collateral }) => [
      {
        strikeId,
        positionId,
        iterations: 1n,
        optionType,
        amount: wad,
        setCollateralTo: collateral,
        minTotalCost: 0n,
        maxTotalCost: maxUint256,
      },
    ]),
    'a transfer': async (user, world) => {
      const [first] = await ownedBy(world, user.address)
      const { optionToken } = world.deployment.lyra
      await user.send({ name: 'OptionToken', address: optionToken, abi: optionTokenAbi }, 'transferFrom', [
        user.address,
        elsewhere,
        first?.positionId ?? 0n,
      ])
    },
  },
  requireAsVenue: async ({ positions, requirements }, world, account) => {
    const theirs = await readLyraPositions(world, account)
    const isShort = (optionType: number) => optionType >= 2
    expect(
      positions.flatMap((position) =>
        position.kind === 'option' ? [[position.size, position.strike, position.expiry]] : [],
      ),
    ).to.deep.equal(
      theirs.map(({ optionType, amount, strike, expiry }) => [
        isShort(optionType) ? -amount : amount,
        strike,
        Number(expiry),
      ]),
    )
    expect(positions.flatMap((position) => (position.kind === 'balance' ? [position.amount] : []))).to.deep.equal(
      theirs.flatMap(({ optionType, collateral }) => (isShort(optionType) ? [collateral] : [])),
    )
    const shorts = theirs.filter(({ optionType }) => isShort(optionType))
    const marks = positions.flatMap((position) =>
      position.kind === 'option' && position.size < 0n ? [-(position.venueValue ?? 0n)] : [],
    )
    const demanded = shorts.reduce((total, { minimum }, index) => {
      const beyond = minimum - (marks[index] ?? 0n)
      return total + (beyond > 0n ? beyond : 0n)
    }, 0n)
    const gap = (requirements[0]?.maintenance ?? 0n) - demanded
    // The mark of a short is rounded up in its value and down in the requirement.
    expect(gap >= 0n && gap <= BigInt(shorts.length), `${gap}`).to.equal(true)
  },
  rule: {
    underlying: 'ETH',
    opening: 2_000n * wad,
    prices: [1_200n, 1_900n, 2_000n, 2_030n, 2_150n, 2_600n].map((price) => price * wad),
    setPrice: async ({ chain, deployment: { lyra, operators } }, price) => {
      const deployer = sendAs(chain, operators.deployer)
      await setSyntheticRate(deployer, lyra.exchangeRates, price)
      await refreshGreeks(deployer, lyra)
    },
    isLiquidatable: async (world, account) => {
      const spot = await readLyraSpot(world)
      const [owned, priced] = [await ownedBy(world, account), await readLyraPositions(world, account)]
      const verdicts = owned.map((position, index) =>
        world.client.readContract({
          address: world.deployment.lyra.optionToken,
          abi: optionTokenAbi,
          functionName: 'canLiquidate',
          args: [position, priced[index]?.expiry ?? 0n, priced[index]?.strike ?? 0n, spot],
        }),
      )
      return (await Promise.all(verdicts)).includes(true)
    },
    slack: async (world, account) => {
      const shorts = (await readLyraPositions(world, account)).filter(({ optionType }) => optionType >= 2)
      const value = shorts.reduce((total, { collateral, minimum }) => total + collateral - minimum, 0n)
      // Fourteen digits: the venue prices with 27 decimals and a distribution of its own.
      const apart = shorts.reduce((total, { minimum }) => total + minimum / 10n ** 14n, 1n)
      return { value, below: apart, above: apart }
    },
  },
  largest: {
    raw: {
      positions: [
        {
          id: maxUint256,
          type: { right: 'call', side: 'long', collateral: undefined },
          amount: maxUint256,
          collateral: 0n,
          strike: maxUint256,
          expiry: 2_000_000,
        },
      ],
    },
    context: contextOf(
      {
        optionMarket: token(1),
        optionToken: token(2),
        greekCache: token(3),
        shortCollateral: token(4),
        synthetixAdapter: token(5),
        underlying: 'ETH',
        quoteAsset: token(6),
        baseAsset: token(7),
        surface: 'surface',
      },
      { [token(6)]: 18, [token(7)]: 18 },
    ),
    amounts: [maxUint256, maxUint256],
  },
  decimals: 'the market keeps all amounts with 18 decimals.',
}

export const subjects: readonly AnySubject[] = [subject]
