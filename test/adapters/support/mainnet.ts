import { expect } from 'chai'
import { type Address, createClient, http, parseAbi } from 'viem'
import { readContract } from 'viem/actions'
import { compoundV3 } from '../../../src/adapters/compoundV3.ts'
import { readVenue } from '../../../src/adapters/readVenue.ts'
import { pinBlock } from '../../../src/chain/pinBlock.ts'
import { runPlans } from '../../../src/chain/runPlans.ts'
import { findNetwork, networkParameters } from '../../../src/networkParameters.ts'
import { ethereumByHand } from '../../../src/networks/byHand.ts'

const cometAbi = parseAbi([
  'function borrowBalanceOf(address account) view returns (uint256)',
  'function balanceOf(address account) view returns (uint256)',
])

/** Reads an account of Ethereum at Compound III, and asserts base balances and debts against the market's own views. */
export async function readOnMainnet(url: string): Promise<void> {
  // The market itself is an account that always exists; a borrower shows more.
  const account = (process.env.PLIMSOLL_MAINNET_ACCOUNT ?? ethereumByHand.compoundV3.comets[0]) as Address
  const client = createClient({ transport: http(url, { timeout: 60_000 }) })
  const { assets } = networkParameters(findNetwork('ethereum'))
  const block = await pinBlock(client, { chainId: 1 })
  const configuration = { comets: [...ethereumByHand.compoundV3.comets] }
  const plan = readVenue(compoundV3, { venue: 'compound-v3', configuration, account, block, assets })
  const { results } = await runPlans(client, block, [{ name: 'compound-v3', plan }])
  for (const address of configuration.comets) {
    const own = results[0]?.positions.filter(({ claim }) => claim.contract === address) ?? expect.fail()
    const amountOf = (id: string) =>
      own.flatMap((held) => (held.claim.id === id && 'amount' in held ? [held.amount] : []))
    const view = (functionName: 'balanceOf' | 'borrowBalanceOf') =>
      readContract(client, { address, abi: cometAbi, functionName, args: [account], blockNumber: block.number })
    expect(amountOf('')[0] ?? 0n).to.equal(await view('balanceOf'))
    expect(amountOf('debt')[0] ?? 0n).to.equal(await view('borrowBalanceOf'))
  }
}
