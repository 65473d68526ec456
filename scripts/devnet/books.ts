import { type Address, parseEther } from 'viem'
import { borrowFromAave, supplyToAave } from './aaveV3.ts'
import { type BookPlan, type BookToken, bookTokens, type PlannedPosition, planBooks } from './bookPlan.ts'
import { type DevnetChain, type Sender, sendAs } from './chain.ts'
import { borrowFromMarket, enterMarkets, supplyEther, supplyToMarket } from './compoundV2.ts'
import type { DevnetDeployment } from './deployment.ts'
import { openOption, optionMarketAbi, optionTypes, readMinimumCollateral } from './lyraTrading.ts'
import { borrowFromMorpho, supplyCollateralToMorpho, supplyToMorpho } from './morphoBlue.ts'
import { depositToPerp, openPerpetual } from './perpTrading.ts'
import { setPrices } from './prices.ts'
import { approveAll, mintToken, openingPrices, sendToken, wrapEther } from './tokens.ts'
import { mintPosition } from './uniswapV3.ts'

/** How many books, and what they follow from. */
export type BookOptions = { readonly accounts: number; readonly seed: number }

/** Feeds and greeks grow stale while books are opened, a second a transaction. */
const renewEvery = 50

/** Ether for the gas of a book. */
const gasMoney = parseEther('100')

/**
 * Opens random books on a devnet at its opening prices, each of an account that nobody holds a key of and that the node lets
 * send. The maker supplies on behalf of the accounts and lends out what they borrow; what they borrow, they borrow themselves.
 * On a chain of pace `stepped` equal seeds give equal books.
 *
 * @returns the accounts by name, `book-0` and so on.
 * @throws {DevnetTransactionError} naming the call that failed.
 */
export async function openBooks(
  chain: DevnetChain,
  deployment: DevnetDeployment,
  options: BookOptions & { readonly onProgress?: (text: string) => void },
): Promise<Readonly<Record<string, Address>>> {
  const { onProgress = () => undefined } = options
  const plans = planBooks(options)
  const maker = sendAs(chain, deployment.operators.maker)
  await fundMaker(maker, deployment, plans)
  for (const [index, plan] of plans.entries()) {
    if (index % renewEvery === 0) {
      onProgress(`Books: ${index} of ${plans.length}`)
      await setPrices(chain, deployment, {})
    }
    await openBook({ maker, deployment }, plan)
  }
  await setPrices(chain, deployment, {})
  return Object.fromEntries(plans.map(({ name, address }) => [name, address]))
}

type Opening = { readonly maker: Sender; readonly deployment: DevnetDeployment }

async function openBook({ maker, deployment }: Opening, { address, ether, positions }: BookPlan): Promise<void> {
  const { client } = maker.chain
  await client.impersonateAccount({ address })
  const spent = sum(positions, (position) => (position.kind === 'moneyMarket' ? position.ether : 0n))
  await client.setBalance({ address, value: spent + gasMoney })
  const holder = sendAs(maker.chain, address)
  for (const position of positions) await openPosition({ maker, holder, deployment }, position)
  // What gas costs depends on the node.
  await client.setBalance({ address, value: ether })
}

async function openPosition(
  { maker, holder, deployment }: Opening & { readonly holder: Sender },
  position: PlannedPosition,
): Promise<void> {
  const { tokens, morphoBlue, compoundV2, perpV2 } = deployment
  const onBehalfOf = holder.address
  const { morpho, markets } = morphoBlue
  const market = markets.wethUsdc
  switch (position.kind) {
    case 'wallet': {
      await sendToken(maker, tokens[position.token], { to: holder.address, amount: position.amount })
      break
    }
    case 'pool': {
      const { pool, supply, borrow } = position
      for (const { token, amount } of supply) {
        await supplyToAave(maker, deployment[pool], { asset: tokens[token], amount, onBehalfOf })
      }
      if (borrow) {
        await borrowFromAave(holder, deployment[pool], { asset: tokens[borrow.token], amount: borrow.amount })
      }
      break
    }
    case 'liquidity': {
      const { weth, usdc, ticks } = position
      await mintPosition(maker, deployment, { weth, usdc, ticks, recipient: onBehalfOf })
      break
    }
    case 'morphoLoan': {
      await supplyCollateralToMorpho(maker, { morpho, market, amount: position.collateral, onBehalfOf })
      await borrowFromMorpho(holder, { morpho, market, amount: position.borrow })
      break
    }
    case 'morphoLending': {
      await supplyToMorpho(maker, { morpho, market, amount: position.usdc, onBehalfOf })
      break
    }
    case 'moneyMarket': {
      await supplyEther(holder, compoundV2, position.ether)
      if (position.borrow > 0n) {
        await enterMarkets(holder, compoundV2.comptroller, [compoundV2.cEth])
        await borrowFromMarket(holder, compoundV2.cUsdc, position.borrow)
      }
      break
    }
    case 'perpetual': {
      await depositToPerp(maker, perpV2, { token: tokens.usdc, amount: position.deposit, onBehalfOf })
      await openPerpetual(holder, perpV2, position.size)
      break
    }
    case 'option': {
      await openBookOption({ holder, deployment }, position)
      break
    }
  }
}

async function openBookOption(
  { holder, deployment }: { readonly holder: Sender; readonly deployment: DevnetDeployment },
  { strike, optionType: name, amount, cover }: Extract<PlannedPosition, { readonly kind: 'option' }>,
): Promise<void> {
  const { lyra, operators } = deployment
  const deployer = sendAs(holder.chain, operators.deployer)
  const optionType = optionTypes[name]
  const order = { strikeId: BigInt(lyra.strikeIds[strike] ?? lyra.strikeIds[0] ?? 0), optionType, amount }
  const price = openingPrices.ETH * 10n ** 10n
  const isLong = name === 'longCall' || name === 'longPut'
  const collateral = isLong ? 0n : ((await readMinimumCollateral(holder, lyra, { ...order, price })) * cover) / 100n
  const token = name === 'shortCallBase' ? lyra.sETH : lyra.sUSD
  // Half of what it is on pays for any option of the board.
  const money = isLong ? (amount * price) / parseEther('2') : collateral
  await mintToken(deployer, token, { to: holder.address, amount: money })
  await approveAll(holder, [token], [lyra.optionMarket])
  await openOption(holder, lyra, { ...order, collateral }, optionMarketAbi)
}

/** Gives the maker what it hands out, and lends half as much again as the books borrow. */
async function fundMaker(maker: Sender, deployment: DevnetDeployment, plans: readonly BookPlan[]): Promise<void> {
  const { chain, address } = maker
  const { tokens, aave, spark, uniswapV3, compoundV2, morphoBlue, perpV2, operators } = deployment
  const positions = plans.flatMap((plan) => plan.positions)
  const borrowed = (of: (position: PlannedPosition) => bigint) => (sum(positions, of) * 3n) / 2n
  const atPool = (pool: 'aave' | 'spark', token: BookToken) =>
    borrowed((position) =>
      position.kind === 'pool' && position.pool === pool && position.borrow?.token === token
        ? position.borrow.amount
        : 0n,
    )
  const loans = (['usdc', 'dai', 'weth'] as const).flatMap((token) =>
    (['aave', 'spark'] as const).map((pool) => ({ pool, token, amount: atPool(pool, token) })),
  )
  const atMorpho = borrowed((position) => (position.kind === 'morphoLoan' ? position.borrow : 0n))
  const atCompound = borrowed((position) => (position.kind === 'moneyMarket' ? position.borrow : 0n))

  const deployer = sendAs(chain, operators.deployer)
  const names = Object.keys(bookTokens) as BookToken[]
  for (const name of names.filter((token) => token !== 'weth')) {
    const lent = sum(loans, ({ token, amount }) => (token === name ? amount : 0n))
    const amount = handedOut(positions, name) + lent + (name === 'usdc' ? atMorpho + atCompound : 0n)
    await mintToken(deployer, tokens[name], { to: address, amount })
  }
  const weth = handedOut(positions, 'weth') + sum(loans, ({ token, amount }) => (token === 'weth' ? amount : 0n))
  await chain.client.setBalance({ address, value: weth + 10_000n * gasMoney })
  await wrapEther(maker, tokens.weth, weth)
  await approveAll(maker, Object.values(tokens), [aave.pool, spark.pool])
  await approveAll(maker, [tokens.weth, tokens.usdc], [uniswapV3.positionManager, morphoBlue.morpho])
  await approveAll(maker, [tokens.usdc], [perpV2.vault, compoundV2.cUsdc])
  for (const { pool, token, amount } of loans) {
    if (amount > 0n) await supplyToAave(maker, deployment[pool], { asset: tokens[token], amount })
  }
  const { morpho, markets } = morphoBlue
  if (atMorpho > 0n) await supplyToMorpho(maker, { morpho, market: markets.wethUsdc, amount: atMorpho })
  if (atCompound > 0n) await supplyToMarket(maker, compoundV2.cUsdc, atCompound)
}

/** What the maker pays in one token for all positions. */
function handedOut(positions: readonly PlannedPosition[], token: BookToken): bigint {
  return sum(positions, (position) => {
    switch (position.kind) {
      case 'wallet':
        return position.token === token ? position.amount : 0n
      case 'pool':
        return sum(position.supply, (supplied) => (supplied.token === token ? supplied.amount : 0n))
      case 'liquidity':
        return token === 'weth' ? position.weth : token === 'usdc' ? position.usdc : 0n
      case 'morphoLoan':
        return token === 'weth' ? position.collateral : 0n
      case 'morphoLending':
        return token === 'usdc' ? position.usdc : 0n
      case 'perpetual':
        return token === 'usdc' ? position.deposit : 0n
      default:
        return 0n
    }
  })
}

function sum<Item>(items: readonly Item[], of: (item: Item) => bigint): bigint {
  return items.reduce((total, item) => total + of(item), 0n)
}
