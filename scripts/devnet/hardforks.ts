import type { ChainDescriptorsUserConfig } from 'hardhat/types/config'

/**
 * When the chains that can be forked changed their rules, for calls at and before the block of a fork; without it Hardhat
 * refuses such a call. It knows 1, 11155111 and 560048 itself, and the chains of the OP stack as type `op` only.
 *
 * Rules that a chain has beside those of Ethereum (fees of a rollup, own precompiles) are not run on any of them. Ethereum's
 * words stand for what a chain calls otherwise: Canyon, Ecotone and Isthmus of the OP stack, Agra, Napoli and Bhilai of Polygon,
 * Hertz, Kepler and Pascal of BNB, Durango and Etna of Avalanche. From the chains' own configurations; `timestamp` in Unix seconds.
 */
export const forkableChains: ChainDescriptorsUserConfig = {
  31337: { name: 'Development chain', hardforkHistory: { osaka: { blockNumber: 0 } } },
  10: {
    name: 'OP Mainnet',
    chainType: 'generic',
    hardforkHistory: {
      istanbul: { blockNumber: 0 },
      berlin: { blockNumber: 3_950_000 },
      london: { blockNumber: 105_235_063 },
      merge: { blockNumber: 105_235_063 },
      shanghai: { timestamp: 1_704_992_401 },
      cancun: { timestamp: 1_710_374_401 },
      prague: { timestamp: 1_746_806_401 },
    },
  },
  11155420: {
    name: 'OP Sepolia',
    chainType: 'generic',
    hardforkHistory: {
      merge: { blockNumber: 0 },
      shanghai: { timestamp: 1_699_981_200 },
      cancun: { timestamp: 1_708_534_800 },
      prague: { timestamp: 1_744_905_600 },
    },
  },
  8453: {
    name: 'Base',
    chainType: 'generic',
    hardforkHistory: {
      merge: { blockNumber: 0 },
      shanghai: { timestamp: 1_704_992_401 },
      cancun: { timestamp: 1_710_374_401 },
      prague: { timestamp: 1_746_806_401 },
    },
  },
  84532: {
    name: 'Base Sepolia',
    chainType: 'generic',
    hardforkHistory: {
      merge: { blockNumber: 0 },
      shanghai: { timestamp: 1_699_981_200 },
      cancun: { timestamp: 1_708_534_800 },
      prague: { timestamp: 1_744_905_600 },
    },
  },
  42161: {
    name: 'Arbitrum One',
    hardforkHistory: {
      merge: { blockNumber: 0 },
      shanghai: { blockNumber: 184_097_479 },
      cancun: { blockNumber: 190_301_729 },
      prague: { blockNumber: 348_346_856 },
    },
  },
  137: {
    name: 'Polygon',
    hardforkHistory: {
      petersburg: { blockNumber: 0 },
      istanbul: { blockNumber: 3_395_000 },
      berlin: { blockNumber: 14_750_000 },
      london: { blockNumber: 23_850_000 },
      shanghai: { blockNumber: 50_523_000 },
      cancun: { blockNumber: 54_876_000 },
      prague: { blockNumber: 73_440_256 },
    },
  },
  100: {
    name: 'Gnosis',
    hardforkHistory: {
      byzantium: { blockNumber: 0 },
      constantinople: { blockNumber: 1_604_400 },
      petersburg: { blockNumber: 2_508_800 },
      istanbul: { blockNumber: 7_298_030 },
      berlin: { blockNumber: 16_101_500 },
      london: { blockNumber: 19_040_000 },
      merge: { blockNumber: 25_349_537 },
      shanghai: { timestamp: 1_690_889_660 },
      cancun: { timestamp: 1_710_181_820 },
      prague: { timestamp: 1_746_021_820 },
      osaka: { timestamp: 1_776_168_380 },
    },
  },
  56: {
    name: 'BNB Smart Chain',
    hardforkHistory: {
      istanbul: { blockNumber: 0 },
      berlin: { blockNumber: 31_302_048 },
      london: { blockNumber: 31_302_048 },
      shanghai: { timestamp: 1_705_996_800 },
      cancun: { timestamp: 1_718_863_500 },
      prague: { timestamp: 1_742_436_600 },
      osaka: { timestamp: 1_777_343_400 },
    },
  },
  43114: {
    name: 'Avalanche C-Chain',
    hardforkHistory: {
      istanbul: { blockNumber: 0 },
      berlin: { timestamp: 1_620_644_400 },
      london: { timestamp: 1_629_813_600 },
      shanghai: { timestamp: 1_709_740_800 },
      cancun: { timestamp: 1_734_368_400 },
    },
  },
}
