// Written by scripts/generateAddresses.ts.

import type { ProtocolAddresses } from './protocolAddresses.ts'

/** Protocols on OP Mainnet, from the packages that their teams maintain. */
export const optimism = {
  chainId: 10,
  multicall3: '0xcA11bde05977b3631167028862bE2a173976CA11',
  tokens: {
    WETH: { address: '0x4200000000000000000000000000000000000006', decimals: 18 },
    WBTC: { address: '0x68f180fcCe6836688e9084f035309E29Bf0A2095', decimals: 8 },
    wstETH: { address: '0x1F32b1c2345538c0c6f582fCB022739c4A194Ebb', decimals: 18 },
    USDC: { address: '0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85', decimals: 6 },
    USDT: { address: '0x94b008aA00579c1307B0EF2c499aD98a8ce58e58', decimals: 6 },
    DAI: { address: '0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1', decimals: 18 },
  },
  feeds: {
    BTC: '0xD702DD976Fb76Fffc2D3963D037dfDae5b04E593',
    DAI: '0x8dBa75e83DA73cc766A7e5a0ee71F656BAb470d6',
    ETH: '0x13e3Ee699D1909E989722E753853AE30b17e08c5',
    USDC: '0x16a9FA2FDa030272Ce99B29CF780dFA30361E0f3',
    USDT: '0xECef79E109e997bCA29c1c0897ec9d7b03647F5E',
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
    poolManager: '0x9a13F98Cb987694C9F086b1F5eB990EeA8264Ec3',
    positionManager: '0x3C3Ea4B57a46241e54610e5f022E5c45859A1017',
    stateView: '0xc18a3169788F4F75A170290584ECA6395C75Ecdb',
  },
  morphoBlue: { morpho: '0xce95AfbB8EA029495c66020883F87aaE8864AF92', fromBlock: 130770075 },
  venus: { comptrollers: ['0x5593FF68bE84C966821eEf5F0a988C285D5B7CeC'] },
  perpV2: {
    clearingHouse: '0x82ac2CE43e33683c58BE4cDc40975E73aA50f459',
    accountBalance: '0xA7f3FC32043757039d5e13d790EE43edBcBa8b7c',
    vault: '0xAD7b4C162707E0B2b5f6fdDbD3f8538A5fbA0d60',
    exchange: '0xBd7a3B7DbEb096F0B832Cf467B94b091f30C34ec',
    clearingHouseConfig: '0xA4c817a425D3443BAf610CA614c8B11688a288Fb',
    orderBook: '0xDfcaEBe8f6ea5E022BeFAFaE8c6Cdae8D4E1094b',
    settlementToken: '0x7F5c764cBc14f9669B88837ca1490cCa17c31607',
    baseTokens: {
      BTC: '0x86f1e0420c26a858fc203A3645dD1A36868F18e5',
      ETH: '0x8C835DFaA34e2AE61775e80EE29E2c724c6AE2BB',
    },
  },
  lyraAvalon: {
    optionMarket: '0x1d42a98848e022908069c2c545aE44Cc78509Bc8',
    optionToken: '0xCfDfF4E171133D55dE2e45c66a0E144a135D93f2',
    greekCache: '0xbb3e8Eac35e649ed1071A9Ec42223d474e67b19A',
    shortCollateral: '0x3E86B53e1D7DA7eDbA225c3A218d0b5a7544fDfD',
    synthetixAdapter: '0xbfa31380ED380cEb325153eA08f296A45A489108',
  },
} as const satisfies ProtocolAddresses
