import { type Address, type Hex, maxUint128, parseAbi } from 'viem'
import type { DevnetChain } from '../../scripts/devnet/chain.ts'
import type { DevnetDeployment } from '../../scripts/devnet/deployment.ts'

/** What a test asks the protocols themselves; amounts in each protocol's own units. */
export type Devnet = { readonly client: DevnetChain['client']; readonly deployment: DevnetDeployment }

const aavePoolAbi = parseAbi([
  'function getUserAccountData(address user) view returns (uint256 totalCollateralBase, uint256 totalDebtBase, uint256 availableBorrowsBase, uint256 currentLiquidationThreshold, uint256 ltv, uint256 healthFactor)',
])
const positionManagerAbi = parseAbi([
  'function balanceOf(address owner) view returns (uint256)',
  'function tokenOfOwnerByIndex(address owner, uint256 index) view returns (uint256)',
  'function positions(uint256 tokenId) view returns (uint96 nonce, address operator, address token0, address token1, uint24 fee, int24 tickLower, int24 tickUpper, uint128 liquidity, uint256 feeGrowthInside0LastX128, uint256 feeGrowthInside1LastX128, uint128 tokensOwed0, uint128 tokensOwed1)',
  'function collect((uint256 tokenId, address recipient, uint128 amount0Max, uint128 amount1Max) params) payable returns (uint256 amount0, uint256 amount1)',
])
const poolAbi = parseAbi([
  'function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint8, bool)',
])
const perpAbi = parseAbi([
  'function getAccountValue(address trader) view returns (int256)',
  'function getTotalPositionSize(address trader, address baseToken) view returns (int256)',
  'function getMarginRequirementForLiquidation(address trader) view returns (int256)',
  'function getMarkPrice(address baseToken) view returns (uint256)',
  'function getIndexPrice(uint256 interval) view returns (uint256)',
  'function isLiquidatable(address trader) view returns (bool)',
])
const lyraAbi = parseAbi([
  'struct OptionPosition { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }',
  'function getOwnerPositions(address owner) view returns (OptionPosition[])',
  'function getStrikeAndExpiry(uint256 strikeId) view returns (uint256 strike, uint256 expiry)',
  'function getMinCollateral(uint8 optionType, uint256 strike, uint256 expiry, uint256 spot, uint256 amount) view returns (uint256)',
  'function getSpotPriceForMarket(address market) view returns (uint256)',
  'function isBoardCacheStale(uint256 boardId) view returns (bool)',
])
const feedAbi = parseAbi([
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
])
const pythAbi = parseAbi([
  'struct Price { int64 price; uint64 conf; int32 expo; uint256 publishTime; }',
  'function getPriceUnsafe(bytes32 id) view returns (Price price)',
])

/** Aave's account data: dollars with 8 decimals, ratios in basis points, health factor in WAD. */
export async function readAaveAccount({ client, deployment }: Devnet, account: Address) {
  const [collateral, debt, available, liquidationThreshold, ltv, healthFactor] = await client.readContract({
    address: deployment.aave.pool,
    abi: aavePoolAbi,
    functionName: 'getUserAccountData',
    args: [account],
  })
  return { collateral, debt, available, liquidationThreshold, ltv, healthFactor }
}

/** The Uniswap positions of an account with the fees that a collect would pay now, in smallest units. */
export async function readUniswapPositions({ client, deployment }: Devnet, account: Address) {
  const manager = { address: deployment.uniswapV3.positionManager, abi: positionManagerAbi } as const
  const [, tick] = await client.readContract({
    address: deployment.uniswapV3.pool,
    abi: poolAbi,
    functionName: 'slot0',
  })
  const count = await client.readContract({ ...manager, functionName: 'balanceOf', args: [account] })
  return Promise.all(
    Array.from({ length: Number(count) }, async (_, index) => {
      const tokenId = await client.readContract({
        ...manager,
        functionName: 'tokenOfOwnerByIndex',
        args: [account, BigInt(index)],
      })
      const position = await client.readContract({ ...manager, functionName: 'positions', args: [tokenId] })
      const { result } = await client.simulateContract({
        ...manager,
        account,
        functionName: 'collect',
        args: [{ tokenId, recipient: account, amount0Max: maxUint128, amount1Max: maxUint128 }],
      })
      const [, , , , , tickLower, tickUpper, liquidity] = position
      return { tokenId, tickLower, tickUpper, liquidity, tick, fees0: result[0], fees1: result[1] }
    }),
  )
}

/** Perp's account: dollars and ether with 18 decimals. */
export async function readPerpAccount({ client, deployment }: Devnet, account: Address) {
  const { accountBalance, baseToken, clearingHouse, vault } = deployment.perpV2
  const balances = { address: accountBalance, abi: perpAbi } as const
  return {
    value: await client.readContract({
      address: clearingHouse,
      abi: perpAbi,
      functionName: 'getAccountValue',
      args: [account],
    }),
    size: await client.readContract({ ...balances, functionName: 'getTotalPositionSize', args: [account, baseToken] }),
    requirement: await client.readContract({
      ...balances,
      functionName: 'getMarginRequirementForLiquidation',
      args: [account],
    }),
    liquidatable: await client.readContract({
      address: vault,
      abi: perpAbi,
      functionName: 'isLiquidatable',
      args: [account],
    }),
  }
}

/** Perp's index (its latest answer and its average) and mark price, USD with 18 decimals. */
export async function readPerpPrices({ client, deployment }: Devnet) {
  const { accountBalance, baseToken } = deployment.perpV2
  const index = (window: bigint) =>
    client.readContract({ address: baseToken, abi: perpAbi, functionName: 'getIndexPrice', args: [window] })
  return {
    index: await index(0n),
    averageIndex: await index(900n),
    mark: await client.readContract({
      address: accountBalance,
      abi: perpAbi,
      functionName: 'getMarkPrice',
      args: [baseToken],
    }),
  }
}

/** Lyra's positions of an account with the protocol's own minimum collateral at its own spot, WAD. */
export async function readLyraPositions({ client, deployment }: Devnet, account: Address) {
  const { optionToken, optionMarket, greekCache } = deployment.lyra
  const spot = await readLyraSpot({ client, deployment })
  const positions = await client.readContract({
    address: optionToken,
    abi: lyraAbi,
    functionName: 'getOwnerPositions',
    args: [account],
  })
  return Promise.all(
    positions.map(async (position) => {
      const [strike, expiry] = await client.readContract({
        address: optionMarket,
        abi: lyraAbi,
        functionName: 'getStrikeAndExpiry',
        args: [position.strikeId],
      })
      const { optionType, amount, collateral, state } = position
      const minimum =
        optionType < 2
          ? 0n
          : await client.readContract({
              address: greekCache,
              abi: lyraAbi,
              functionName: 'getMinCollateral',
              args: [optionType, strike, expiry, spot, amount],
            })
      return { optionType, amount, collateral, state, strike, expiry, minimum }
    }),
  )
}

/** The price at which Lyra values ether, USD, WAD. */
export async function readLyraSpot({ client, deployment }: Devnet): Promise<bigint> {
  return client.readContract({
    address: deployment.lyra.synthetixAdapter,
    abi: lyraAbi,
    functionName: 'getSpotPriceForMarket',
    args: [deployment.lyra.optionMarket],
  })
}

/** Whether Lyra would refuse to trade because its greeks are stale. */
export async function readLyraStale({ client, deployment }: Devnet): Promise<boolean> {
  return client.readContract({
    address: deployment.lyra.greekCache,
    abi: lyraAbi,
    functionName: 'isBoardCacheStale',
    args: [BigInt(deployment.lyra.boardId)],
  })
}

/** Answer (8 decimals) and time of a Chainlink feed. */
export async function readFeed({ client }: Pick<Devnet, 'client'>, feed: Address) {
  const [, answer, , updatedAt] = await client.readContract({
    address: feed,
    abi: feedAbi,
    functionName: 'latestRoundData',
  })
  return { answer, updatedAt }
}

/** What Pyth holds for a price id. */
export async function readPyth({ client, deployment }: Devnet, id: Hex) {
  return client.readContract({
    address: deployment.pyth.contract,
    abi: pythAbi,
    functionName: 'getPriceUnsafe',
    args: [id],
  })
}
