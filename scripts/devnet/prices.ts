import { InvalidInputError } from '../../src/core/errors.ts'
import { type Wad, wad } from '../../src/core/units.ts'
import { advanceTime, type DevnetChain, sendAs } from './chain.ts'
import type { DevnetDeployment } from './deployment.ts'
import { refreshGreeks, setBoardVolatility, setSyntheticRate } from './lyraTrading.ts'
import { alignPerpPrice } from './perpTrading.ts'
import { dispatchPrice } from './perpV2.ts'
import { publishPrices } from './pyth.ts'
import { postAnswers, postFurtherAnswers, readAnswer } from './tokens.ts'
import { alignPoolPrice } from './uniswapV3.ts'
import { alignV4PoolPrices } from './uniswapV4.ts'

/** New prices in WAD USD; an asset that is not named keeps its price. */
export type DevnetPrices = Partial<Readonly<Record<'ETH' | 'USDC' | 'sUSD' | 'BTC' | 'DAI', Wad>>>

const feedUnit = 10n ** 10n

/**
 * Moves prices everywhere at once and renews every timestamp: Chainlink aggregators (and with them Aave, Morpho and Synthetix
 * Perps), Pyth, Perp's price feed, the rate of Lyra's Synthetix stand-in and its cached greeks; then the maker trades the Uniswap pools and
 * the perpetual market to the new price, as arbitrage would. Averages follow in their own time: Perp's mark price has
 * arrived after 30 minutes. The perpetual market takes 15 seconds of chain time for every 9 % of a move. With no prices
 * this only renews. Pools have liquidity from an eighth to eight times 2,000 USD.
 *
 * @throws {InvalidInputError} for a price that is not positive or finer than the feeds' 8 decimals.
 *
 * @example
 * await setPrices(chain, deployment, { ETH: 1_600n * 10n ** 18n })
 */
export async function setPrices(chain: DevnetChain, deployment: DevnetDeployment, prices: DevnetPrices): Promise<void> {
  const { feeds, pyth, perpV2, lyra, operators } = deployment
  const deployer = sendAs(chain, operators.deployer)
  const maker = sendAs(chain, operators.maker)
  const answers = {
    ETH: toAnswer('ETH', prices.ETH) ?? (await readAnswer(chain, feeds.ethUsd)),
    USDC: toAnswer('USDC', prices.USDC) ?? (await readAnswer(chain, feeds.usdcUsd)),
    sUSD: toAnswer('sUSD', prices.sUSD) ?? (await readAnswer(chain, feeds.susdUsd)),
  }
  await postAnswers(deployer, feeds, answers)
  await publishPrices(deployer, pyth, answers)
  await dispatchPrice(deployer, perpV2.priceFeedDispatcher)
  await setSyntheticRate(deployer, lyra.exchangeRates, answers.ETH * feedUnit)
  await refreshGreeks(deployer, lyra)
  const etherInUsdc = (answers.ETH * 10n ** 8n) / answers.USDC
  await alignPoolPrice(maker, deployment, etherInUsdc)
  await alignPerpPrice(maker, perpV2, answers.ETH)
  await postFurtherAnswers(deployer, feeds, {
    BTC: toAnswer('BTC', prices.BTC) ?? (await readAnswer(chain, feeds.btcUsd)),
    DAI: toAnswer('DAI', prices.DAI) ?? (await readAnswer(chain, feeds.daiUsd)),
  })
  await alignV4PoolPrices(maker, deployment, etherInUsdc)
}

/**
 * Moves the volatility of ether, a year, WAD: that of Lyra's board, at which its strikes trade times their skews. The averages
 * that the protocol takes of it follow in their own time.
 *
 * @throws {InvalidInputError} for one that is not positive or above ten.
 */
export async function setVolatility(chain: DevnetChain, deployment: DevnetDeployment, volatility: Wad): Promise<void> {
  if (volatility <= 0n || volatility > 10n * wad) {
    throw new InvalidInputError(`A volatility is above zero and at most 10 (1,000 % a year); got ${volatility} (WAD).`)
  }
  const { lyra, operators } = deployment
  await setPrices(chain, deployment, {})
  await setBoardVolatility(sendAs(chain, operators.deployer), lyra, volatility)
}

/** Lets `seconds` pass at the present prices: advances the chain, then renews what would be stale. */
export async function passTime(chain: DevnetChain, deployment: DevnetDeployment, seconds: number): Promise<void> {
  await advanceTime(chain, seconds)
  await setPrices(chain, deployment, {})
}

function toAnswer(asset: string, price: Wad | undefined): bigint | undefined {
  if (price === undefined) return undefined
  if (price <= 0n || price % feedUnit !== 0n) {
    throw new InvalidInputError(
      `The price of ${asset} must be positive and have at most 8 decimals; got ${price} (WAD).`,
    )
  }
  return price / feedUnit
}
