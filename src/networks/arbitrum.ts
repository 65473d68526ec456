// Written by scripts/generateAddresses.ts.

import type { ProtocolAddresses } from './protocolAddresses.ts'

/** Protocols on Arbitrum One, from the packages that their teams maintain. */
export const arbitrum = {
  chainId: 42161,
  multicall3: '0xcA11bde05977b3631167028862bE2a173976CA11',
  tokens: {
    WETH: { address: '0x82aF49447D8a07e3bd95BD0d56f35241523fBab1', decimals: 18 },
    WBTC: { address: '0x2f2a2543B76A4166549F7aaB2e75Bef0aefC5B0f', decimals: 8 },
    wstETH: { address: '0x5979D7b546E38E414F7E9822514be443A4800529', decimals: 18 },
    USDC: { address: '0xaf88d065e77c8cC2239327C5EDb3A432268e5831', decimals: 6 },
    USDT: { address: '0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9', decimals: 6 },
    DAI: { address: '0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1', decimals: 18 },
  },
  feeds: {
    BTC: '0x6ce185860a4963106506C203335A2910413708e9',
    DAI: '0xc5C8E77B397E531B8EC06BFb0048328B30E9eCfB',
    ETH: '0x639Fe6ab55C921f74e7fac1ee960C0B6293ba612',
    USDC: '0x50834F3163758fcC1Df9973b6e91f0F0F0434aD3',
    USDT: '0x3f3f5dF88dC9F13eac63DF89EC16ef6e7E25DdE7',
  },
  aaveV3: {
    pool: '0x794a61358D6845594F94dc1DB02A252b5b4814aD',
    dataProvider: '0x243Aa95cAC2a25651eda86e80bEe66114413c43b',
  },
  uniswapV3: {
    factory: '0x1F98431c8aD98523631AE4a59f267346ea31F984',
    positionManager: '0xC36442b4a4522E871399CD717aBDD847Ab11FE88',
  },
  uniswapV4: {
    poolManager: '0x360E68faCcca8cA495c1B759Fd9EEe466db9FB32',
    positionManager: '0xd88F38F930b7952f2DB2432Cb002E7abbF3dD869',
    stateView: '0x76Fd297e2D437cd7f76d50F01AfE6160f86e9990',
  },
  morphoBlue: { morpho: '0x6c247b1F6182318877311737BaC0844bAa518F5e', fromBlock: 296446593 },
  venus: { comptrollers: ['0x317c1A5739F39046E20b08ac9BeEa3f10fD43326', '0x52bAB1aF7Ff770551BD05b9FC2329a0Bf5E23F16'] },
} as const satisfies ProtocolAddresses
