// Written by scripts/generateAddresses.ts.

import type { ProtocolAddresses } from './protocolAddresses.ts'

/** Protocols on Base, from the packages that their teams maintain. */
export const base = {
  chainId: 8453,
  multicall3: '0xcA11bde05977b3631167028862bE2a173976CA11',
  tokens: {
    WETH: { address: '0x4200000000000000000000000000000000000006', decimals: 18 },
    wstETH: { address: '0xc1CBa3fCea344f92D9239c08C0568f6F2F0ee452', decimals: 18 },
    USDC: { address: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913', decimals: 6 },
  },
  feeds: {
    BTC: '0x64c911996D3c6aC71f9b455B1E8E7266BcbD848F',
    DAI: '0x591e79239a7d679378eC8c847e5038150364C78F',
    ETH: '0x71041dddad3595F9CEd3DcCFBe3D1F4b0a16Bb70',
    USDC: '0x7e860098F58bBFC8648a4311b374B1D669a2bc6B',
    USDT: '0xf19d560eB8d2ADf07BD6D13ed03e1D11215721F9',
  },
  aaveV3: {
    pool: '0xA238Dd80C259a72e81d7e4664a9801593F98d1c5',
    dataProvider: '0x0F43731EB8d45A581f4a36DD74F5f358bc90C73A',
  },
  uniswapV3: {
    factory: '0x33128a8fC17869897dcE68Ed026d694621f6FDfD',
    positionManager: '0x03a520b32C04BF3bEEf7BEb72E919cf822Ed34f1',
  },
  uniswapV4: {
    poolManager: '0x498581fF718922c3f8e6A244956aF099B2652b2b',
    positionManager: '0x7C5f5A4bBd8fD63184577525326123B519429bDc',
    stateView: '0xA3c0c9b65baD0b08107Aa264b0f3dB444b867A71',
  },
  morphoBlue: { morpho: '0xBBBBBbbBBb9cC5e90e3b3Af64bdAF62C37EEFFCb', fromBlock: 13977148 },
  venus: { comptrollers: ['0x0C7973F9598AA62f9e03B94E92C967fD5437426C'] },
} as const satisfies ProtocolAddresses
