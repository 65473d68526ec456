import { type Address, encodeFunctionData, type Hex, http, numberToHex, pad, parseAbi, parseEther } from 'viem'
import { connectDevnet, type DevnetClient, sendAs } from '../devnet/chain.ts'
import type { DevnetDeployment } from '../devnet/deployment.ts'
import { approveAll, mintToken, wrapEther } from '../devnet/tokens.ts'

const poolAbi = parseAbi([
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf)',
])

/** Transactions that are mined together; Hardhat's blocks have room for more of this gas. */
const perBlock = 40
const gas = 700_000n

/**
 * Opens real positions of accounts that nobody holds a key of: each supplies ether to Aave, all but every fourth borrow dollars
 * against it, and what is borrowed lies in the wallet.
 */
export async function openManyAccounts(
  url: string,
  deployment: DevnetDeployment,
  count: number,
): Promise<readonly Address[]> {
  const chain = connectDevnet({ transport: http(url, { timeout: 120_000, batch: { batchSize: 2 * perBlock } }) })
  const { client } = chain
  const { operators, tokens, aave } = deployment
  const maker = sendAs(chain, operators.maker)
  await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: maker.address, amount: 10n ** 12n })
  await wrapEther(maker, tokens.weth, parseEther('400'))
  await approveAll(maker, [tokens.weth], [aave.pool])
  const accounts = Array.from({ length: count }, (_, index) => pad(numberToHex(0xbe9c0000 + index), { size: 20 }))
  const supplies = accounts.map((account, index) => {
    const amount = parseEther('0.1') + BigInt(index) * 10n ** 14n
    const call = { abi: poolAbi, functionName: 'supply', args: [tokens.weth, amount, account, 0] } as const
    return { from: maker.address, to: aave.pool, data: encodeFunctionData(call) }
  })
  const borrowers = accounts.filter((_, index) => index % 4 !== 3)
  const borrows = borrowers.map((account, index) => {
    const args = [tokens.usdc, 10_000_000n + BigInt(index), 2n, 0, account] as const
    return { from: account, to: aave.pool, data: encodeFunctionData({ abi: poolAbi, functionName: 'borrow', args }) }
  })
  await Promise.all(
    borrowers.flatMap((address) => [
      client.setBalance({ address, value: parseEther('1') }),
      client.impersonateAccount({ address }),
    ]),
  )
  await client.setAutomine(false)
  await mineAll(client, supplies)
  await mineAll(client, borrows)
  await client.setAutomine(true)
  return accounts
}

type Transaction = { readonly from: Address; readonly to: Address; readonly data: Hex }

async function mineAll(client: DevnetClient, transactions: readonly Transaction[]): Promise<void> {
  for (let start = 0; start < transactions.length; start += perBlock) {
    const some = transactions.slice(start, start + perBlock)
    const hashes = await Promise.all(
      some.map(({ from, ...rest }) => client.sendTransaction({ account: from, chain: null, gas, ...rest })),
    )
    await client.mine({ blocks: 1 })
    const receipts = await Promise.all(hashes.map((hash) => client.getTransactionReceipt({ hash })))
    const reverted = receipts.find(({ status }) => status !== 'success')
    if (reverted !== undefined) throw new Error(`The transaction ${reverted.transactionHash} of the bench reverted.`)
  }
}
