import {
  type Address,
  type Client,
  encodeFunctionData,
  type Hex,
  numberToHex,
  pad,
  parseAbi,
  parseEther,
  type Transport,
} from 'viem'
import { connectDevnet, sendAs } from '../devnet/chain.ts'
import type { DevnetDeployment } from '../devnet/deployment.ts'
import { approveAll, mintToken, wrapEther } from '../devnet/tokens.ts'

const poolAbi = parseAbi([
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf)',
])

/**
 * Opens real positions of accounts that nobody holds a key of: each supplies ether to Aave, all but every fourth borrow dollars
 * against it, and what is borrowed lies in the wallet.
 */
export async function openManyAccounts(
  transport: Transport,
  deployment: DevnetDeployment,
  count: number,
): Promise<readonly Address[]> {
  const chain = connectDevnet({ transport })
  const { client } = chain
  const { operators, tokens, aave } = deployment
  const maker = sendAs(chain, operators.maker)
  await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: maker.address, amount: 10n ** 12n })
  await wrapEther(maker, tokens.weth, parseEther('400'))
  await approveAll(maker, [tokens.weth], [aave.pool])
  const accounts = Array.from({ length: count }, (_, index) => pad(numberToHex(0xbe9c0000 + index), { size: 20 }))
  for (const [index, account] of accounts.entries()) {
    const amount = parseEther('0.1') + BigInt(index) * 10n ** 14n
    const supply = { abi: poolAbi, functionName: 'supply', args: [tokens.weth, amount, account, 0] } as const
    await transact(client, { from: maker.address, to: aave.pool, data: encodeFunctionData(supply) })
    if (index % 4 === 3) continue
    await client.setBalance({ address: account, value: parseEther('1') })
    await client.impersonateAccount({ address: account })
    const args = [tokens.usdc, 10_000_000n + BigInt(index), 2n, 0, account] as const
    const borrow = encodeFunctionData({ abi: poolAbi, functionName: 'borrow', args })
    await transact(client, { from: account, to: aave.pool, data: borrow })
  }
  return accounts
}

async function transact(client: Client, transaction: { from: Address; to: Address; data: Hex }): Promise<void> {
  const gas = numberToHex(1_000_000)
  await client.request({ method: 'eth_sendTransaction', params: [{ ...transaction, gas }] as never })
}
