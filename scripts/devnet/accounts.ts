import { parseEther, parseUnits } from 'viem'
import { InvalidInputError } from '../../src/core/errors.ts'
import { borrowFromAave, supplyToAave } from './aaveV3.ts'
import { type DevnetChain, type Sender, sendAs } from './chain.ts'
import { borrowFromMarket, enterMarkets, supplyEther, supplyToMarket } from './compoundV2.ts'
import type { DevnetDeployment } from './deployment.ts'
import { openOption, optionTypes, readMinimumCollateral } from './lyraTrading.ts'
import { borrowFromMorpho, supplyCollateralToMorpho, supplyToMorpho } from './morphoBlue.ts'
import { addPerpLiquidity, alignPerpPrice, depositToPerp, openShortPerpetual } from './perpTrading.ts'
import { setPrices } from './prices.ts'
import { issueSynthetixUsd, modifyPosition, transferMargin } from './synthetixTrading.ts'
import { approveAll, mintToken, openingPrices, readBalance, wrapEther } from './tokens.ts'
import { alignPoolPrice, mintPosition, swapExactInput, wideTicks } from './uniswapV3.ts'
import {
  alignV4PoolPrices,
  approveUniswapV4,
  mintV4Position,
  type PoolName,
  poolKeyOf,
  readV4PoolPrice,
  swapV4ExactInput,
} from './uniswapV4.ts'

const usdc = (amount: number) => parseUnits(`${amount}`, 6)
const wad = (amount: string) => parseEther(amount)
const openingPriceWad = openingPrices.ETH * 10n ** 10n

/** Funds the markets and opens the sample accounts; every price stands at its opening value afterwards. */
export async function openSampleAccounts(
  chain: DevnetChain,
  deployment: DevnetDeployment,
  onProgress: (text: string) => void = () => undefined,
): Promise<void> {
  const { operators, accounts } = deployment
  const deployer = sendAs(chain, operators.deployer)
  const maker = sendAs(chain, operators.maker)
  onProgress('Market liquidity')
  await provideLiquidity({ deployer, sender: maker, deployment })
  onProgress('Account: hedged')
  await openHedged({ deployer, sender: sendAs(chain, accounts.hedged), deployment })
  onProgress('Account: naked')
  await openNaked({ deployer, sender: sendAs(chain, accounts.naked), deployment })
  onProgress('Account: levered')
  await openLevered({ sender: sendAs(chain, accounts.levered), deployment })
  onProgress('Accounts: futuresLong, futuresShort')
  for (const [account, size] of [
    [accounts.futuresLong, wad('10')],
    [accounts.futuresShort, -wad('8')],
  ] as const) {
    await openFutures({ deployer, sender: sendAs(chain, account), deployment }, size)
  }
  onProgress('Trading, so that fees accrue')
  await swapExactInput(maker, deployment, { tokenIn: deployment.tokens.usdc, amountIn: usdc(200_000) })
  await alignPoolPrice(maker, deployment, openingPrices.ETH)
  await alignPerpPrice(maker, deployment.perpV2, openingPrices.ETH)
  onProgress('Account: borrower')
  await openBorrower({ sender: sendAs(chain, accounts.borrower), deployment })
  onProgress('Liquidity of the further reserves and of Spark')
  await provideFurtherLiquidity(deployer, deployment)
  onProgress('Account: isolated')
  await openIsolated({ sender: sendAs(chain, accounts.isolated), deployment }, maker)
  onProgress('Account: provider')
  await openProvider({ deployer, sender: sendAs(chain, accounts.provider), deployment })
  await setPrices(chain, deployment, {})
}

type Opening = { readonly deployer: Sender; readonly sender: Sender; readonly deployment: DevnetDeployment }

/** Deep markets, so that the trades of the sample accounts and later price moves find a counterparty. */
async function provideLiquidity({ deployer, sender, deployment }: Opening): Promise<void> {
  const { tokens, aave, uniswapV3, perpV2 } = deployment
  await mintToken(deployer, tokens.usdc, { to: sender.address, amount: usdc(400_000_000) })
  await wrapEther(sender, tokens.weth, wad('9000'))
  await approveAll(sender, [tokens.weth, tokens.usdc], [aave.pool, uniswapV3.positionManager, uniswapV3.swapRouter])
  await approveAll(sender, [tokens.usdc], [perpV2.vault])
  await supplyToAave(sender, aave, { asset: tokens.usdc, amount: usdc(1_000_000) })
  await supplyToAave(sender, aave, { asset: tokens.weth, amount: wad('500') })
  await mintPosition(sender, deployment, { weth: wad('2000'), usdc: usdc(4_000_000), ticks: wideTicks })
  await depositToPerp(sender, perpV2, { token: tokens.usdc, amount: usdc(200_000_000) })
  await addPerpLiquidity(sender, perpV2, { base: wad('10000'), quote: wad('20000000') })
}

/** What can be borrowed of the further reserves of Aave, and at Spark. */
async function provideFurtherLiquidity(sender: Sender, { tokens, aave, spark }: DevnetDeployment): Promise<void> {
  const { weth, usdc: usdCoin, wbtc, dai } = tokens
  const to = sender.address
  await wrapEther(sender, weth, wad('500'))
  await mintToken(sender, usdCoin, { to, amount: usdc(1_000_000) })
  await mintToken(sender, wbtc, { to, amount: parseUnits('100', 8) })
  await mintToken(sender, dai, { to, amount: wad('2000000') })
  await approveAll(sender, [wbtc, dai], [aave.pool])
  await approveAll(sender, [weth, usdCoin, dai], [spark.pool])
  await supplyToAave(sender, aave, { asset: wbtc, amount: parseUnits('100', 8) })
  await supplyToAave(sender, aave, { asset: dai, amount: wad('1000000') })
  await supplyToAave(sender, spark, { asset: weth, amount: wad('500') })
  await supplyToAave(sender, spark, { asset: usdCoin, amount: usdc(1_000_000) })
  await supplyToAave(sender, spark, { asset: dai, amount: wad('1000000') })
}

/**
 * Long ether at Aave and Uniswap, short as much of it in the perpetual market, with protective puts and covered calls:
 * each venue alone looks risky, the whole has next to no delta.
 */
async function openHedged({ deployer, sender, deployment }: Opening): Promise<void> {
  const { tokens, aave, uniswapV3, perpV2, lyra } = deployment
  await mintToken(deployer, tokens.usdc, { to: sender.address, amount: usdc(19_000) })
  await wrapEther(sender, tokens.weth, wad('14'))
  await approveAll(sender, [tokens.weth], [aave.pool, uniswapV3.positionManager])
  await approveAll(sender, [tokens.usdc], [uniswapV3.positionManager, perpV2.vault])
  await supplyToAave(sender, aave, { asset: tokens.weth, amount: wad('10') })
  await borrowFromAave(sender, aave, { asset: tokens.usdc, amount: usdc(5_000) })
  await mintPosition(sender, deployment, { weth: wad('4'), usdc: usdc(8_000), ticks: 2_000 })
  await depositToPerp(sender, perpV2, { token: tokens.usdc, amount: usdc(16_000) })
  await openShortPerpetual(sender, perpV2, wad('14'))

  await mintToken(deployer, lyra.sUSD, { to: sender.address, amount: wad('2000') })
  await mintToken(deployer, lyra.sETH, { to: sender.address, amount: wad('2') })
  await approveAll(sender, [lyra.sUSD, lyra.sETH], [lyra.optionMarket])
  const [middle, upper] = [strikeAt(lyra, 1), strikeAt(lyra, 2)]
  const { longPut, shortCallBase } = optionTypes
  await openOption(sender, lyra, { strikeId: middle, optionType: longPut, amount: wad('3'), collateral: 0n })
  await openOption(sender, lyra, {
    strikeId: upper,
    optionType: shortCallBase,
    amount: wad('2'),
    collateral: wad('2'),
  })
}

/** Short calls and puts at the money, with barely the collateral that the protocol demands. */
async function openNaked({ deployer, sender, deployment }: Opening): Promise<void> {
  const { lyra } = deployment
  await mintToken(deployer, lyra.sUSD, { to: sender.address, amount: wad('20000') })
  await approveAll(sender, [lyra.sUSD], [lyra.optionMarket])
  const middle = strikeAt(lyra, 1)
  for (const [optionType, amount] of [
    [optionTypes.shortCallQuote, wad('6')],
    [optionTypes.shortPutQuote, wad('2')],
  ] as const) {
    const order = { strikeId: middle, optionType, amount }
    const minimum = await readMinimumCollateral(sender, lyra, { ...order, price: openingPriceWad })
    await openOption(sender, lyra, { ...order, collateral: (minimum * 102n) / 100n })
  }
}

/** Borrows USDC against WETH, buys WETH with it and supplies that, three times. */
async function openLevered({ sender, deployment }: Omit<Opening, 'deployer'>): Promise<void> {
  const { tokens, aave, uniswapV3 } = deployment
  await wrapEther(sender, tokens.weth, wad('10'))
  await approveAll(sender, [tokens.weth], [aave.pool])
  await approveAll(sender, [tokens.usdc], [uniswapV3.swapRouter])
  await supplyToAave(sender, aave, { asset: tokens.weth, amount: wad('10') })
  for (const amount of [usdc(14_000), usdc(9_800), usdc(6_800)]) {
    await borrowFromAave(sender, aave, { asset: tokens.usdc, amount })
    await swapExactInput(sender, deployment, { tokenIn: tokens.usdc, amountIn: amount })
    await supplyToAave(sender, aave, { asset: tokens.weth, amount: await readBalance(sender, tokens.weth) })
  }
}

/** Dollars borrowed against ether, native at Compound and wrapped at Venus. */
async function openBorrower({ sender, deployment }: Omit<Opening, 'deployer'>): Promise<void> {
  const { tokens, compoundV2, venus, operators } = deployment
  const lender = sendAs(sender.chain, operators.maker)
  await approveAll(lender, [tokens.usdc], [compoundV2.cUsdc])
  await supplyToMarket(lender, compoundV2.cUsdc, usdc(1_000_000))
  await supplyEther(lender, compoundV2, wad('500'))

  await wrapEther(sender, tokens.weth, wad('10'))
  await approveAll(sender, [tokens.weth], [venus.vWeth])
  await supplyEther(sender, compoundV2, wad('10'))
  await enterMarkets(sender, compoundV2.comptroller, [compoundV2.cEth])
  await borrowFromMarket(sender, compoundV2.cUsdc, usdc(9_000))
  await supplyToMarket(sender, venus.vWeth, wad('10'))
  await enterMarkets(sender, venus.comptroller, [venus.vWeth])
  await borrowFromMarket(sender, venus.vUsdc, usdc(8_000))
}

/** Borrows USDC against WETH in one market of Morpho and lends WETH to another, both of which the maker lends to. */
async function openIsolated({ sender, deployment }: Omit<Opening, 'deployer'>, maker: Sender): Promise<void> {
  const { tokens, morphoBlue } = deployment
  const { morpho, markets } = morphoBlue
  await approveAll(maker, [tokens.weth, tokens.usdc], [morpho])
  await supplyToMorpho(maker, { morpho, market: markets.wethUsdc, amount: usdc(100_000) })
  await supplyToMorpho(maker, { morpho, market: markets.usdcWeth, amount: wad('50') })
  await supplyCollateralToMorpho(maker, { morpho, market: markets.usdcWeth, amount: usdc(100_000) })
  await borrowFromMorpho(maker, { morpho, market: markets.usdcWeth, amount: wad('20') })

  await wrapEther(sender, tokens.weth, wad('15'))
  await approveAll(sender, [tokens.weth], [morpho])
  await supplyCollateralToMorpho(sender, { morpho, market: markets.wethUsdc, amount: wad('10') })
  await borrowFromMorpho(sender, { morpho, market: markets.wethUsdc, amount: usdc(12_000) })
  await supplyToMorpho(sender, { morpho, market: markets.usdcWeth, amount: wad('5') })
}

/** A future of `size` ETH at Synthetix on 4,000 sUSD of margin, 1,000 sUSD left in the wallet. */
async function openFutures({ deployer, sender, deployment }: Opening, size: bigint): Promise<void> {
  const { synthetixPerps } = deployment
  await issueSynthetixUsd(deployer, synthetixPerps, { to: sender.address, amount: wad('5000') })
  await transferMargin(sender, synthetixPerps, wad('4000'))
  await modifyPosition(sender, synthetixPerps, size)
}

/** Liquidity at Uniswap v4 alone, WETH against USDC and ether itself against USDC, beside a market maker; fees have accrued. */
async function openProvider({ deployer, sender, deployment }: Opening): Promise<void> {
  const { tokens, uniswapV4, operators } = deployment
  const maker = sendAs(sender.chain, operators.maker)
  for (const party of [maker, sender]) await approveUniswapV4(party, uniswapV4, [tokens.weth, tokens.usdc])
  await mintToken(deployer, tokens.usdc, { to: sender.address, amount: usdc(6_000) })
  await wrapEther(sender, tokens.weth, wad('2'))
  for (const name of ['weth', 'ether'] as const) {
    await provideToV4(maker, deployment, { name, ether: wad('50'), usdc: usdc(100_000), ticks: wideTicks })
  }
  await provideToV4(sender, deployment, { name: 'weth', ether: wad('2'), usdc: usdc(4_000), ticks: 2_000 })
  await provideToV4(sender, deployment, { name: 'ether', ether: wad('1'), usdc: usdc(2_000), ticks: 3_000 })
  for (const name of ['weth', 'ether'] as const) {
    const key = poolKeyOf(deployment, name)
    const order = { key, zeroForOne: key.currency0 === tokens.usdc, amountIn: usdc(10_000) }
    await swapV4ExactInput(maker, deployment, order)
  }
  await alignV4PoolPrices(maker, deployment, openingPrices.ETH)
}

/** Provides at most these amounts to a pool of Uniswap v4 within `ticks` on either side of its price. */
async function provideToV4(
  sender: Sender,
  deployment: DevnetDeployment,
  { name, ether, usdc, ticks }: { name: PoolName; ether: bigint; usdc: bigint; ticks: number },
): Promise<void> {
  const key = poolKeyOf(deployment, name)
  const { tick } = await readV4PoolPrice(sender.chain, deployment.uniswapV4, key)
  const nearest = (at: number) => Math.round(at / key.tickSpacing) * key.tickSpacing
  const [amount0, amount1] = key.currency1 === deployment.tokens.usdc ? [ether, usdc] : [usdc, ether]
  const range = { tickLower: nearest(tick - ticks), tickUpper: nearest(tick + ticks) }
  await mintV4Position(sender, deployment, { key, ...range, amount0, amount1 })
}

function strikeAt({ strikeIds }: DevnetDeployment['lyra'], index: number): bigint {
  const id = strikeIds[index]
  if (id === undefined)
    throw new InvalidInputError(`The option board has ${strikeIds.length} strikes, none at ${index}.`)
  return BigInt(id)
}
