import { type Address, type Hex, type MulticallParameters, parseAbi } from 'viem'
import { multicall } from 'viem/actions'
import { type MorphoBlueMarket, toParameters } from '../../scripts/devnet/morphoBlue.ts'
import type { Devnet } from './devnetViews.ts'

export const morphoAbi = parseAbi([
  'struct MarketParams { address loanToken; address collateralToken; address oracle; address irm; uint256 lltv; }',
  'function accrueInterest(MarketParams marketParams)',
  'function position(bytes32 id, address user) view returns (uint256 supplyShares, uint128 borrowShares, uint128 collateral)',
  'function market(bytes32 id) view returns (uint128 totalSupplyAssets, uint128 totalSupplyShares, uint128 totalBorrowAssets, uint128 totalBorrowShares, uint128 lastUpdate, uint128 fee)',
  'function createMarket(MarketParams marketParams)',
  'function supplyCollateral(MarketParams marketParams, uint256 assets, address onBehalf, bytes data)',
  'function withdrawCollateral(MarketParams marketParams, uint256 assets, address onBehalf, address receiver)',
  'function withdraw(MarketParams marketParams, uint256 assets, uint256 shares, address onBehalf, address receiver) returns (uint256 assetsWithdrawn, uint256 sharesWithdrawn)',
  'function repay(MarketParams marketParams, uint256 assets, uint256 shares, address onBehalf, bytes data) returns (uint256 assetsRepaid, uint256 sharesRepaid)',
  'function liquidate(MarketParams marketParams, address borrower, uint256 seizedAssets, uint256 repaidShares, bytes data) returns (uint256 seized, uint256 repaid)',
])

type PositionCall = { address: Address; abi: typeof morphoAbi; functionName: 'position'; args: [Hex, Address] }
type MarketCall = { address: Address; abi: typeof morphoAbi; functionName: 'market'; args: [Hex] }

/**
 * What Morpho itself would pay and collect for all shares of an account in the very block: Morpho accrues the interest first,
 * then a withdrawal and a repayment by shares are simulated. The account must hold and approve what it owes.
 */
export async function viewMorphoMarket({ client, deployment }: Devnet, market: MorphoBlueMarket, account: Address) {
  const morpho = { address: deployment.morphoBlue.morpho, abi: morphoAbi } as const
  const { number, hash } = await client.getBlock()
  const marketParams = toParameters(market)
  // The calls of one multicall see what those before them changed.
  const [, [supplyShares, borrowShares, collateral], totals] = await multicall(client, {
    contracts: [
      { ...morpho, functionName: 'accrueInterest', args: [marketParams] },
      { ...morpho, functionName: 'position', args: [market.id, account] },
      { ...morpho, functionName: 'market', args: [market.id] },
    ],
    deployless: true,
    allowFailure: false,
    blockHash: hash,
  } as never as MulticallParameters<readonly [PositionCall, PositionCall, MarketCall], false>)
  const simulated = { ...morpho, account, blockNumber: number } as const
  return {
    supply: async () => {
      if (supplyShares === 0n) return 0n
      const args = [marketParams, 0n, supplyShares, account, account] as const
      return (await client.simulateContract({ ...simulated, functionName: 'withdraw', args })).result[0]
    },
    debt: async () => {
      if (borrowShares === 0n) return 0n
      const args = [marketParams, 0n, borrowShares, account, '0x'] as const
      return (await client.simulateContract({ ...simulated, functionName: 'repay', args })).result[0]
    },
    collateral,
    borrowShares,
    totals,
  }
}
