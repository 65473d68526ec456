import { z } from 'zod'
import { address, bytes32, parseJson, parseWith } from '../../src/core/schema.ts'

const id = z.string().regex(/^[1-9]\d*$/, 'expected a positive integer as decimal text')

const aavePool = z.strictObject({ addressesProvider: address, pool: address, dataProvider: address, oracle: address })
const morphoBlueMarket = z.strictObject({
  id: bytes32,
  loanToken: address,
  collateralToken: address,
  oracle: address,
  irm: address,
  lltv: id,
})

const schema = z.strictObject({
  chainId: z.int().positive(),
  tokens: z.strictObject({ weth: address, usdc: address, wbtc: address, dai: address }),
  feeds: z.strictObject({ ethUsd: address, usdcUsd: address, susdUsd: address, btcUsd: address, daiUsd: address }),
  pyth: z.strictObject({ contract: address, ethUsd: bytes32, usdcUsd: bytes32, susdUsd: bytes32 }),
  aave: aavePool,
  /** A second deployment of the same code with parameters of its own, as Spark is one of Aave's. */
  spark: aavePool,
  uniswapV3: z.strictObject({ factory: address, positionManager: address, swapRouter: address, pool: address }),
  perpV2: z.strictObject({
    clearingHouse: address,
    accountBalance: address,
    vault: address,
    exchange: address,
    clearingHouseConfig: address,
    orderBook: address,
    marketRegistry: address,
    collateralManager: address,
    insuranceFund: address,
    baseToken: address,
    quoteToken: address,
    pool: address,
    priceFeedDispatcher: address,
  }),
  lyra: z.strictObject({
    optionMarket: address,
    optionToken: address,
    greekCache: address,
    shortCollateral: address,
    liquidityPool: address,
    optionMarketPricer: address,
    poolHedger: address,
    synthetixAdapter: address,
    viewer: address,
    exchangeRates: address,
    sUSD: address,
    sETH: address,
    boardId: id,
    strikeIds: z.array(id).min(1).readonly(),
  }),
  compoundV2: z.strictObject({ comptroller: address, oracle: address, cEth: address, cUsdc: address }),
  venus: z.strictObject({
    comptroller: address,
    poolRegistry: address,
    oracle: address,
    vWeth: address,
    vUsdc: address,
  }),
  morphoBlue: z.strictObject({
    morpho: address,
    markets: z.strictObject({ wethUsdc: morphoBlueMarket, usdcWeth: morphoBlueMarket }),
  }),
  synthetixPerps: z.strictObject({
    addressResolver: address,
    systemStatus: address,
    exchangeRates: address,
    futuresMarketManager: address,
    marketSettings: address,
    market: address,
    sUSD: address,
    issuer: address,
  }),
  uniswapV4: z.strictObject({
    poolManager: address,
    positionManager: address,
    stateView: address,
    swapRouter: address,
    permit2: address,
  }),
  operators: z.strictObject({ deployer: address, maker: address }),
  accounts: z.strictObject({
    hedged: address,
    naked: address,
    levered: address,
    empty: address,
    borrower: address,
    isolated: address,
    futuresLong: address,
    futuresShort: address,
    provider: address,
  }),
})

/** Where everything of a devnet lies, as plain JSON. */
export type DevnetDeployment = Readonly<z.infer<typeof schema>>

/**
 * Reads a deployment from JSON text.
 *
 * @throws {InvalidInputError} naming path and value of every problem.
 */
export function parseDeployment(text: string): DevnetDeployment {
  return parseWith(schema, parseJson(text, 'The devnet deployment'), 'The devnet deployment')
}
