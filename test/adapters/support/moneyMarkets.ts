import { type Address, parseAbi } from 'viem'
import type { DevnetDeployment } from '../../../scripts/devnet/deployment.ts'
import type { Devnet } from '../../support/devnetViews.ts'

/** A pool of the devnet with its two markets. */
export type MoneyMarketPool = {
  readonly venue: 'compound-v2' | 'venus'
  readonly comptroller: Address
  readonly ether: Address
  readonly dollars: Address
}

export const comptrollerAbi = parseAbi([
  'function getAccountLiquidity(address account) view returns (uint256 code, uint256 liquidity, uint256 shortfall)',
  'function exitMarket(address market) returns (uint256)',
])
export const marketAbi = parseAbi([
  'function accrueInterest() returns (uint256)',
  'function exchangeRateCurrent() returns (uint256)',
  'function borrowBalanceCurrent(address account) returns (uint256)',
  'function balanceOfUnderlying(address account) returns (uint256)',
  'function redeemUnderlying(uint256 amount) returns (uint256)',
  'function repayBorrow(uint256 amount) returns (uint256)',
])

export function compoundPool({ compoundV2: { comptroller, cEth, cUsdc } }: DevnetDeployment): MoneyMarketPool {
  return { venue: 'compound-v2', comptroller, ether: cEth, dollars: cUsdc }
}

export function venusPool({ venus: { comptroller, vWeth, vUsdc } }: DevnetDeployment): MoneyMarketPool {
  return { venue: 'venus', comptroller, ether: vWeth, dollars: vUsdc }
}

/** What a market says of an account after accruing to the block; smallest units, the rate a mantissa. */
export async function readCurrent(
  { client }: Pick<Devnet, 'client'>,
  market: Address,
  { account, blockNumber }: { readonly account: Address; readonly blockNumber?: bigint },
) {
  const at = { address: market, abi: marketAbi, ...(blockNumber === undefined ? {} : { blockNumber }) } as const
  const { result: exchangeRate } = await client.simulateContract({ ...at, functionName: 'exchangeRateCurrent' })
  const [{ result: supplied }, { result: debt }] = await Promise.all([
    client.simulateContract({ ...at, functionName: 'balanceOfUnderlying', args: [account] }),
    client.simulateContract({ ...at, functionName: 'borrowBalanceCurrent', args: [account] }),
  ])
  return { exchangeRate, supplied, debt }
}

/** The comptroller's liquidity of an account, negative for a shortfall, both markets accrued to the block; WAD USD. */
export async function readLiquidity(
  { client }: Pick<Devnet, 'client'>,
  { comptroller, ether, dollars }: MoneyMarketPool,
  { account, blockNumber }: { readonly account: Address; readonly blockNumber?: bigint },
): Promise<bigint> {
  const accruals = [ether, dollars].map((address) => ({ address, abi: marketAbi, functionName: 'accrueInterest' }))
  const asked = { address: comptroller, abi: comptrollerAbi, functionName: 'getAccountLiquidity', args: [account] }
  // One call sees what the ones before it have changed.
  const results = (await client.multicall({
    contracts: [...accruals, asked] as never,
    deployless: true,
    allowFailure: false,
    ...(blockNumber === undefined ? {} : { blockNumber }),
  })) as unknown as readonly [bigint, bigint, readonly [bigint, bigint, bigint]]
  const [, liquidity, shortfall] = results[2]
  return liquidity - shortfall
}
