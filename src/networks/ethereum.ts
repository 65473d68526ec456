// Written by scripts/generateAddresses.ts.

import type { ProtocolAddresses } from './protocolAddresses.ts'

/** Protocols on Ethereum, from the packages that their teams maintain. */
export const ethereum = {
  chainId: 1,
  multicall3: '0xcA11bde05977b3631167028862bE2a173976CA11',
  tokens: {
    WETH: { address: '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2', decimals: 18 },
    WBTC: { address: '0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599', decimals: 8 },
    wstETH: { address: '0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0', decimals: 18 },
    USDC: { address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48', decimals: 6 },
    USDT: { address: '0xdAC17F958D2ee523a2206206994597C13D831ec7', decimals: 6 },
    DAI: { address: '0x6B175474E89094C44Da98b954EedeAC495271d0F', decimals: 18 },
  },
  feeds: {
    BTC: '0xF4030086522a5bEEa4988F8cA5B36dbC97BeE88c',
    DAI: '0xAed0c38402a5d19df6E4c03F4E2DceD6e29c1ee9',
    ETH: '0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419',
    USDC: '0x8fFfFfd4AfB6115b954Bd326cbe7B4BA576818f6',
    USDT: '0x3E7d1eAB13ad0104d2750B8863b489D65364e32D',
  },
  aaveV3: {
    pool: '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2',
    dataProvider: '0x0a16f2FCC0D44FaE41cc54e079281D84A363bECD',
  },
  uniswapV3: {
    factory: '0x1F98431c8aD98523631AE4a59f267346ea31F984',
    positionManager: '0xC36442b4a4522E871399CD717aBDD847Ab11FE88',
  },
  uniswapV4: {
    poolManager: '0x000000000004444c5dc75cB358380D2e3dE08A90',
    positionManager: '0xbD216513d74C8cf14cf4747E6AaA6420FF64ee9e',
    stateView: '0x7fFE42C4a5DEeA5b0feC41C94C136Cf115597227',
  },
  morphoBlue: { morpho: '0xBBBBBbbBBb9cC5e90e3b3Af64bdAF62C37EEFFCb', fromBlock: 18883124 },
  venus: {
    comptrollers: [
      '0x687a01ecF6d3907658f7A7c714749fAC32336D1B',
      '0x67aA3eCc5831a65A5Ba7be76BED3B5dc7DB60796',
      '0x562d2b6FF1dbf5f63E233662416782318cC081E4',
      '0xF522cd0360EF8c2FF48B648d53EA1717Ec0F3Ac3',
    ],
  },
} as const satisfies ProtocolAddresses
