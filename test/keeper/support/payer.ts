import { network } from 'hardhat'
import {
  type Address,
  createTestClient,
  custom,
  type Hex,
  keccak256,
  publicActions,
  stringToHex,
  walletActions,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { marginFixture } from '../../../scripts/testing.ts'
import { marginRegistryAbi } from '../../../src/attest/abi.ts'
import { openJournal, type Post } from '../../../src/keeper/sending/journal.ts'
import { createSender, type SenderOptions } from '../../../src/keeper/sending/sender.ts'
import { sendPolicy } from './sendPolicy.ts'

/** Pays for every post of these tests. */
export const payer = privateKeyToAccount(keccak256(stringToHex('keeper test payer')))

/** Addresses to post for. */
export const accounts: readonly Address[] = Array.from(
  { length: 8 },
  (_, i) => privateKeyToAccount(keccak256(stringToHex(`keeper test account ${i}`))).address,
)

/** A chain that mines only when told, a registry on it, and a payer with a sender over a journal of its own. */
export async function payerSetting(options: Partial<Pick<SenderOptions, 'policy' | 'broadcasts' | 'journal'>> = {}) {
  const connection = await network.create({
    network: 'default',
    override: { initialDate: new Date('2027-01-15T08:00:00Z') },
  })
  const margin = await marginFixture(connection)
  const client = createTestClient({
    mode: 'hardhat',
    transport: custom(connection.provider, { retryCount: 0 }),
    cacheTime: 0,
  })
    .extend(publicActions)
    .extend(walletActions)
  await client.setBalance({ address: payer.address, value: 10n ** 20n })
  await client.setAutomine(false)
  const chainId = await client.getChainId()
  const journal = options.journal ?? openJournal(':memory:')
  const create = (changes: Partial<SenderOptions> = {}) =>
    createSender({
      chainId,
      payer,
      journal,
      reads: client,
      broadcasts: [client],
      policy: sendPolicy,
      ...options,
      ...changes,
    })
  const head = async () => {
    const { number, timestamp } = await client.getBlock()
    return { number, timestamp: Number(timestamp) }
  }
  const toPost = async (account: Address, data: Hex): Promise<Post> => {
    const { number, timestamp } = await head()
    const { registry } = margin
    const about = { chainId, registry, observedAt: timestamp, blockNumber: number }
    return { id: keccak256(data), kind: 'single', accounts: [account], data, ...about }
  }
  return {
    client,
    margin,
    journal,
    create,
    sender: create(),
    head,
    /** A signed margin at the newest block, not posted. */
    draft: async (account: Address, equity = '100') =>
      toPost(account, await margin.signMargin(account, { equity, im: '10' })),
    mine: async (blocks = 1) => client.mine({ blocks, interval: 12 }),
    nonce: () => client.getTransactionCount({ address: payer.address }),
    storedAt: async (account: Address) => {
      const args = [account, 2n ** 256n - 1n] as const
      const call = { address: margin.registry, abi: marginRegistryAbi, functionName: 'tryMarginOf', args } as const
      return (await client.readContract(call))[1].observedAt
    },
    /** Blocks leave out whatever bids less than this. */
    raiseBaseFee: async (baseFeePerGas: bigint) => client.setNextBlockBaseFeePerGas({ baseFeePerGas }),
  }
}
