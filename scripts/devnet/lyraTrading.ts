import { type Abi, type Address, maxUint256, parseAbi } from 'viem'
import type { Wad } from '../../src/core/units.ts'
import type { Artifact } from './artifacts.ts'
import type { Contract, Sender } from './chain.ts'
import { type LyraDeployment, lyraArtifacts, name32 } from './lyraAvalon.ts'

/** Kinds of position, in the protocol's order. */
export const optionTypes = { longCall: 0, longPut: 1, shortCallBase: 2, shortCallQuote: 3, shortPutQuote: 4 } as const

/** Sets the price at which the Synthetix stand-in values sETH, in USD, WAD. */
export async function setSyntheticRate(sender: Sender, exchangeRates: Address, price: bigint): Promise<void> {
  await sender.send({ name: 'TestExchangeRates', address: exchangeRates, abi: exchangeRatesAbi }, 'setRateAndInvalid', [
    name32('sETH'),
    price,
    false,
  ])
}

/** Recomputes the cached greeks of the board, which go stale after three hours or a 5 % move. */
export async function refreshGreeks(sender: Sender, lyra: LyraDeployment): Promise<void> {
  await sender.send(greekCacheOf(lyra), 'updateBoardCachedGreeks', [BigInt(lyra.boardId)])
}

/** Sets the volatility of the board at which its strikes trade, times their skews, a year, WAD, and renews its greeks. */
export async function setBoardVolatility(sender: Sender, lyra: LyraDeployment, volatility: Wad): Promise<void> {
  const market = { name: 'OptionMarket', address: lyra.optionMarket, abi: optionMarketAbi }
  const board = BigInt(lyra.boardId)
  await sender.send(market, 'setBoardFrozen', [board, true])
  await sender.send(market, 'setBoardBaseIv', [board, volatility])
  await sender.send(market, 'setBoardFrozen', [board, false])
  await refreshGreeks(sender, lyra)
}

/**
 * Opens a position; `amount` in options and `collateral` in sUSD or sETH, both WAD. With the protocol's artifacts a refusal is
 * told by its name; the ABI of the call alone needs no package.
 */
export async function openOption(
  sender: Sender,
  lyra: LyraDeployment,
  order: { strikeId: bigint; optionType: number; amount: bigint; collateral: bigint },
  abi?: Abi,
): Promise<void> {
  const { strikeId, optionType, amount, collateral } = order
  const market = { name: 'OptionMarket', address: lyra.optionMarket, abi: abi ?? (await marketAbi()) }
  await sender.send(market, 'openPosition', [
    {
      strikeId,
      positionId: 0n,
      iterations: 1n,
      optionType,
      amount,
      setCollateralTo: collateral,
      minTotalCost: 0n,
      maxTotalCost: maxUint256,
    },
  ])
}

/** What the protocol itself demands for a short position, in sUSD or sETH, WAD. `price` in USD, WAD. */
export async function readMinimumCollateral(
  sender: Sender,
  lyra: LyraDeployment,
  order: { strikeId: bigint; optionType: number; amount: bigint; price: bigint },
): Promise<bigint> {
  const { client } = sender.chain
  const [strike, expiry] = await client.readContract({
    address: lyra.optionMarket,
    abi: optionMarketAbi,
    functionName: 'getStrikeAndExpiry',
    args: [order.strikeId],
  })
  return client.readContract({
    address: lyra.greekCache,
    abi: greekCacheAbi,
    functionName: 'getMinCollateral',
    args: [order.optionType, strike, expiry, order.price, order.amount],
  })
}

const exchangeRatesAbi = parseAbi(['function setRateAndInvalid(bytes32 currencyKey, uint256 rate, bool invalid)'])
const greekCacheAbi = parseAbi([
  'function updateBoardCachedGreeks(uint256 boardId)',
  'function getMinCollateral(uint8 optionType, uint256 strike, uint256 expiry, uint256 spot, uint256 amount) view returns (uint256)',
])
export const optionMarketAbi = parseAbi([
  'struct TradeInputParameters { uint256 strikeId; uint256 positionId; uint256 iterations; uint8 optionType; uint256 amount; uint256 setCollateralTo; uint256 minTotalCost; uint256 maxTotalCost; }',
  'function openPosition(TradeInputParameters params)',
  'function setBoardFrozen(uint256 boardId, bool frozen)',
  'function setBoardBaseIv(uint256 boardId, uint256 baseIv)',
  'function getStrikeAndExpiry(uint256 strikeId) view returns (uint256 strike, uint256 expiry)',
])

function greekCacheOf(lyra: LyraDeployment): Contract {
  return { name: 'OptionGreekCache', address: lyra.greekCache, abi: greekCacheAbi }
}

async function marketAbi(): Promise<Artifact['abi']> {
  const load = await lyraArtifacts()
  return (await load('OptionMarket')).abi
}
