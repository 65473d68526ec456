import { type Address, parseAbi } from 'viem'
import { loadProjectArtifact } from '../../scripts/devnet/artifacts.ts'
import { sendAs } from '../../scripts/devnet/chain.ts'
import { approveAll, mintToken } from '../../scripts/devnet/tokens.ts'
import { encodeSqrtPrice, poolFee } from '../../scripts/devnet/uniswapV3.ts'
import type { DevnetFixture } from './devnet.ts'

const managerAbi = parseAbi([
  'function createAndInitializePoolIfNecessary(address token0, address token1, uint24 fee, uint160 sqrtPriceX96) payable returns (address pool)',
  'struct MintParams { address token0; address token1; uint24 fee; int24 tickLower; int24 tickUpper; uint256 amount0Desired; uint256 amount1Desired; uint256 amount0Min; uint256 amount1Min; address recipient; uint256 deadline; }',
  'function mint(MintParams params) payable returns (uint256 tokenId, uint128 liquidity, uint256 amount0, uint256 amount1)',
])

/** Gives `recipient`, unasked, Uniswap liquidity of two worthless tokens; returns the tokens. */
export async function sendScamPosition(
  { chain, deployment }: Pick<DevnetFixture, 'chain' | 'deployment'>,
  recipient: Address,
): Promise<readonly [Address, Address]> {
  const { deployer } = deployment.operators
  const { positionManager } = deployment.uniswapV3
  const sender = sendAs(chain, deployer)
  const artifact = await loadProjectArtifact('contracts/test/TestToken.sol/TestToken.json')
  const amount = 10n ** 18n
  const tokens: Address[] = []
  for (const symbol of ['SCAM', 'SPAM']) {
    const { address } = await sender.deploy(artifact, [symbol, 18])
    await mintToken(sender, address, { to: deployer, amount })
    tokens.push(address)
  }
  await approveAll(sender, tokens, [positionManager])
  const [token0, token1] = tokens.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)) as [Address, Address]
  const manager = { name: 'NonfungiblePositionManager', address: positionManager, abi: managerAbi }
  const price = encodeSqrtPrice(1n, 1n)
  await sender.send(manager, 'createAndInitializePoolIfNecessary', [token0, token1, poolFee, price])
  await sender.send(manager, 'mint', [
    {
      token0,
      token1,
      fee: poolFee,
      tickLower: -100,
      tickUpper: 100,
      amount0Desired: amount,
      amount1Desired: amount,
      amount0Min: 0n,
      amount1Min: 0n,
      recipient,
      deadline: 10n ** 12n,
    },
  ])
  return [token0, token1]
}
