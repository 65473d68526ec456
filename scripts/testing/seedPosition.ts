import { type Address, parseEther } from 'viem'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type AaveV3Deployment, borrowFromAave, supplyToAave } from '../devnet/aaveV3.ts'
import { type Sender, sendAs } from '../devnet/chain.ts'
import {
  borrowFromMarket,
  type CompoundV2Deployment,
  enterMarkets,
  supplyEther,
  supplyToMarket,
} from '../devnet/compoundV2.ts'
import type { LyraDeployment } from '../devnet/lyraAvalon.ts'
import { openOption, optionMarketAbi, optionTypes, readMinimumCollateral } from '../devnet/lyraTrading.ts'
import {
  borrowFromMorpho,
  type MorphoBlueDeployment,
  supplyCollateralToMorpho,
  supplyToMorpho,
} from '../devnet/morphoBlue.ts'
import { depositToPerp, openPerpetual } from '../devnet/perpTrading.ts'
import type { PerpV2Deployment } from '../devnet/perpV2.ts'
import { approveAll, readAnswer, readBalance } from '../devnet/tokens.ts'
import { mintPosition, type UniswapV3Deployment } from '../devnet/uniswapV3.ts'
import { chainOf, type HasAddress, type TestConnection, toAddress } from './connection.ts'
import { deal } from './deal.ts'

type TokenAmount = { readonly asset: Address; readonly amount: bigint }

/** What a position is opened from, by protocol; amounts in the smallest unit of their token. */
export type PositionSeeds = {
  readonly 'aave-v3': {
    /** For Spark, `{ aave: deployment.spark }`. */
    readonly deployment: { readonly aave: AaveV3Deployment }
    readonly supply?: readonly TokenAmount[]
    readonly borrow?: readonly TokenAmount[]
  }
  readonly 'uniswap-v3': {
    readonly deployment: {
      readonly uniswapV3: UniswapV3Deployment
      readonly tokens: { readonly weth: Address; readonly usdc: Address }
    }
    /** At most as much as this; the pool takes of one of them less. */
    readonly weth: bigint
    readonly usdc: bigint
    /** Ticks on either side of the price, a multiple of 10. */
    readonly ticks: number
  }
  readonly 'morpho-blue': {
    readonly deployment: { readonly morphoBlue: MorphoBlueDeployment }
    readonly market: keyof MorphoBlueDeployment['markets']
    readonly lend?: bigint
    readonly collateral?: bigint
    readonly borrow?: bigint
  }
  readonly 'compound-v2': {
    readonly deployment: { readonly compoundV2: CompoundV2Deployment; readonly tokens: { readonly usdc: Address } }
    readonly supply?: { readonly ether?: bigint; readonly usdc?: bigint }
    readonly borrow?: { readonly ether?: bigint; readonly usdc?: bigint }
  }
  readonly 'perp-v2': {
    readonly deployment: { readonly perpV2: PerpV2Deployment; readonly tokens: { readonly usdc: Address } }
    /** USDC. */
    readonly deposit: bigint
    /** ETH, WAD, negative for a short. */
    readonly size?: bigint
  }
  readonly 'lyra-avalon': {
    readonly deployment: { readonly lyra: LyraDeployment; readonly feeds: { readonly ethUsd: Address } }
    /** Index of the strike on the board. */
    readonly strike: number
    readonly optionType: keyof typeof optionTypes
    /** Options, WAD. */
    readonly amount: bigint
    /** Of a short, sUSD or sETH, WAD; by default 1.5 times what the protocol demands at least. */
    readonly collateral?: bigint
  }
}

export type SeededProtocol = keyof PositionSeeds

/**
 * Opens a position of an account on a devnet or a fork of one. What it takes (tokens, premiums, gas) is dealt: wallet balances
 * are as before, but for what was borrowed and for the premium of an option sold. The account stays unlocked at the node.
 *
 * @throws {DevnetTransactionError} naming the call that the protocol refused.
 * @throws {TokenNotDealableError | InvalidInputError} as `deal`, and for a strike that the board does not have.
 *
 * @example
 * await seedPosition('aave-v3', connection, {
 *   account: alice, deployment, supply: [{ asset: weth, amount: 10n ** 19n }], borrow: [{ asset: usdc, amount: 5_000_000_000n }],
 * })
 */
export async function seedPosition<Protocol extends SeededProtocol>(
  protocol: Protocol,
  connection: TestConnection,
  seed: PositionSeeds[Protocol] & { readonly account: HasAddress },
): Promise<void> {
  const chain = chainOf(connection)
  const address = toAddress(seed.account)
  const { client } = chain
  await client.impersonateAccount({ address })
  const ether = await client.getBalance({ address })
  await client.setBalance({ address, value: ether + gasMoney })
  const account: SeededAccount = { ...sendAs(chain, address), connection }
  let borrowed = 0n
  try {
    borrowed = await openers[protocol](account, seed)
  } finally {
    await client.setBalance({ address, value: ether + borrowed })
  }
}

/** Ether for the gas of a few transactions. */
const gasMoney = parseEther('100')

type SeededAccount = Sender & { readonly connection: TestConnection }

/** Each opens its position and says how much native ether was borrowed. */
const openers: {
  readonly [Protocol in SeededProtocol]: (account: SeededAccount, seed: PositionSeeds[Protocol]) => Promise<bigint>
} = {
  'aave-v3': async (account, { deployment: { aave }, supply = [], borrow = [] }) => {
    for (const { asset, amount } of supply) {
      await fund(account, asset, amount, [aave.pool])
      await supplyToAave(account, aave, { asset, amount })
    }
    for (const loan of borrow) await borrowFromAave(account, aave, loan)
    return 0n
  },

  'uniswap-v3': async (account, { deployment, weth, usdc, ticks }) => {
    const { tokens, uniswapV3 } = deployment
    const before = [await readBalance(account, tokens.weth), await readBalance(account, tokens.usdc)] as const
    await fund(account, tokens.weth, weth, [uniswapV3.positionManager])
    await fund(account, tokens.usdc, usdc, [uniswapV3.positionManager])
    await mintPosition(account, deployment, { weth, usdc, ticks })
    await dealTo(account, tokens.weth, before[0])
    await dealTo(account, tokens.usdc, before[1])
    return 0n
  },

  'morpho-blue': async (account, { deployment, market: name, lend = 0n, collateral = 0n, borrow = 0n }) => {
    const { morpho, markets } = deployment.morphoBlue
    const market = markets[name]
    if (lend > 0n) {
      await fund(account, market.loanToken, lend, [morpho])
      await supplyToMorpho(account, { morpho, market, amount: lend })
    }
    if (collateral > 0n) {
      await fund(account, market.collateralToken, collateral, [morpho])
      await supplyCollateralToMorpho(account, { morpho, market, amount: collateral })
    }
    if (borrow > 0n) await borrowFromMorpho(account, { morpho, market, amount: borrow })
    return 0n
  },

  'compound-v2': async (account, { deployment: { compoundV2, tokens }, supply = {}, borrow = {} }) => {
    const { cEth, cUsdc, comptroller } = compoundV2
    const supplied = [...(supply.ether ? [cEth] : []), ...(supply.usdc ? [cUsdc] : [])]
    if (supply.ether) {
      const value = (await account.chain.client.getBalance({ address: account.address })) + supply.ether
      await account.chain.client.setBalance({ address: account.address, value })
      await supplyEther(account, compoundV2, supply.ether)
    }
    if (supply.usdc) {
      await fund(account, tokens.usdc, supply.usdc, [cUsdc])
      await supplyToMarket(account, cUsdc, supply.usdc)
    }
    if (supplied.length > 0) await enterMarkets(account, comptroller, supplied)
    if (borrow.ether) await borrowFromMarket(account, cEth, borrow.ether)
    if (borrow.usdc) await borrowFromMarket(account, cUsdc, borrow.usdc)
    return borrow.ether ?? 0n
  },

  'perp-v2': async (account, { deployment: { perpV2, tokens }, deposit, size = 0n }) => {
    if (deposit > 0n) {
      await fund(account, tokens.usdc, deposit, [perpV2.vault])
      await depositToPerp(account, perpV2, { token: tokens.usdc, amount: deposit })
    }
    if (size !== 0n) await openPerpetual(account, perpV2, size)
    return 0n
  },

  'lyra-avalon': async (account, { deployment: { lyra, feeds }, strike, optionType: name, amount, collateral }) => {
    const optionType = optionTypes[name]
    const id = lyra.strikeIds[strike]
    if (id === undefined) {
      throw new InvalidInputError(`The option board has ${lyra.strikeIds.length} strikes, none at ${strike}.`)
    }
    const isLong = name === 'longCall' || name === 'longPut'
    const token = name === 'shortCallBase' ? lyra.sETH : lyra.sUSD
    const order = { strikeId: BigInt(id), optionType, amount }
    const before = await readBalance(account, token)
    const price = (await readAnswer(account.chain, feeds.ethUsd)) * 10n ** 10n
    const setCollateralTo = isLong
      ? 0n
      : (collateral ?? ((await readMinimumCollateral(account, lyra, { ...order, price })) * 3n) / 2n)
    // No option costs more than what it is on.
    const money = isLong ? (2n * amount * price) / parseEther('1') : setCollateralTo
    await fund(account, token, money, [lyra.optionMarket])
    await openOption(account, lyra, { ...order, collateral: setCollateralTo }, optionMarketAbi)
    if (isLong) await dealTo(account, token, before)
    return 0n
  },
}

/** Deals `amount` on top of what the account has, for these spenders. */
async function fund(account: SeededAccount, token: Address, amount: bigint, spenders: readonly Address[]) {
  await dealTo(account, token, (await readBalance(account, token)) + amount)
  await approveAll(account, [token], spenders)
}

async function dealTo({ connection, address }: SeededAccount, token: Address, amount: bigint): Promise<void> {
  await deal(connection, { token, to: address, amount })
}
