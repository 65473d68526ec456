import type { Address } from 'viem'
import { type AssetKey, toAssetKey, type Underlying } from '../../../src/core/asset.ts'
import { toJson } from '../../../src/core/canonical.ts'
import { type MarginParameters, parseParameters } from '../../../src/core/parameters.ts'
import { defaultCalibration, defaultUnderlyings } from '../../../src/risk/plimsoll/calibration.ts'
import type { Random } from '../../kernel/support/random.ts'

export const chainId = 31337
export const tokenAddress = (last: number): Address => `0x${last.toString(16).padStart(40, '0')}` as Address
const keyOf = (last: number): AssetKey => toAssetKey(chainId, tokenAddress(last))

/** Tokens of every random parameter set. Decimals of the odd ones differ from set to set. */
export const tokens = {
  weth: keyOf(1),
  wsteth: keyOf(2),
  wbtc: keyOf(3),
  usdc: keyOf(4),
  susd: keyOf(5),
  seth: keyOf(6),
  savings: keyOf(7),
  oddEth: keyOf(8),
  oddUsd: keyOf(9),
} as const

/** A token that no parameter set knows. */
export const unknownToken: AssetKey = keyOf(0xff)

/** Venue ids with their adapters; `wallet` holds ERC-20 balances. */
export const venues = [
  { id: 'wallet', adapter: 'erc20', configuration: {} },
  { id: 'lend', adapter: 'aave-v3', configuration: {} },
  { id: 'pool', adapter: 'uniswap-v3', configuration: {} },
  { id: 'perp', adapter: 'perp-v2', configuration: {} },
  { id: 'options', adapter: 'lyra-avalon', configuration: {} },
  { id: 'consumer', adapter: 'credit-line', configuration: {} },
]

const wad = 10n ** 18n
const percent = wad / 100n

/** The default calibration with some of its constants changed. */
export function randomParameters(random: Random): MarginParameters {
  const chance = (ofHundred: bigint): boolean => random.between(1n, 100n) <= ofHundred
  const share = (least: bigint, most: bigint): bigint => random.between(least * percent, most * percent)
  const ratePair = (most: bigint): { initial: bigint; maintenance: bigint } => {
    const initial = random.between(0n, most)
    return { initial, maintenance: random.between(0n, initial) }
  }
  const decimals = (): number => Number(random.between(0n, 36n))
  const entry = (symbol: string, underlying: Underlying, places: number, basis = ratePair(0n)) => ({
    symbol,
    decimals: places,
    underlying,
    rate: { source: 'fixed', value: wad },
    basis,
  })
  const { lines, ...calibration } = defaultCalibration
  const plain = {
    ...calibration,
    modelId: 1,
    name: 'random',
    chainId,
    underlyings: defaultUnderlyings,
    lines: chance(50n)
      ? lines
      : {
          ...lines,
          shortOptionMinimum: ratePair(2n * percent),
          hedgedDeltaMinimum: ratePair(2n * percent),
          liquidity: { impact: ratePair(2n * wad) },
          oracleConfidence: { threshold: share(30n, 100n) },
          settlementGap: ratePair(20n * percent),
          venueFailure: { recovery: share(0n, 100n) },
        },
    decorrelation: chance(60n) ? wad : share(75n, 100n),
    credit: chance(60n)
      ? calibration.credit
      : { free: share(0n, 100n), venue: share(50n, 100n), enforceable: share(50n, 100n) },
    paperHaircut: chance(50n) ? calibration.paperHaircut : share(0n, 100n),
    expiredHaircut: chance(50n) ? calibration.expiredHaircut : share(0n, 100n),
    venuePhysics: chance(70n) ? 'on' : 'off',
    assets: {
      [tokens.weth]: entry('WETH', 'ETH', 18),
      [tokens.wsteth]: entry('wstETH', 'ETH', 18, ratePair(5n * percent)),
      [tokens.wbtc]: entry('WBTC', 'BTC', 8),
      [tokens.usdc]: entry('USDC', 'USDC', 6),
      [tokens.susd]: entry('sUSD', 'SUSD', 18),
      [tokens.seth]: entry('sETH', 'ETH', 18, ratePair(10n * percent)),
      [tokens.savings]: entry('sUSDC', 'USDC', 18, ratePair(2n * percent)),
      [tokens.oddEth]: entry('oddETH', 'ETH', decimals(), ratePair(10n * percent)),
      [tokens.oddUsd]: entry('oddUSD', 'SUSD', decimals(), ratePair(2n * percent)),
    },
    prices: Object.fromEntries(Object.keys(defaultUnderlyings).map((name) => [name, { source: 'file' }])),
    volatilities: { near: { source: 'file' }, far: { source: 'file' } },
    venues,
  }
  return parseParameters(toJson(plain))
}
