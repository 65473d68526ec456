import type { Address, Client, Hash, Hex, TransactionReceipt } from 'viem'
import {
  estimateGas,
  estimateMaxPriorityFeePerGas,
  getBlock,
  getTransaction,
  getTransactionCount,
  getTransactionReceipt,
  sendRawTransaction,
} from 'viem/actions'
import { describeRpcFailure } from '../../chain/describeRpcFailure.ts'
import { secretsOfTransport } from '../../chain/secrets.ts'
import { toRpcError } from '../../chain/toRpcError.ts'
import { PostRefusedError, simulatePost } from '../../registry.ts'
import type { Post } from './journal.ts'

export type PayerNodesOptions = {
  /** The payer. */
  readonly from: Address
  /** Where the chain is read. */
  readonly reads: Client
  /** Where transactions go: the private node first, if there is one, then the public ones. */
  readonly broadcasts: readonly [Client, ...Client[]]
}

/** What a sender asks of nodes and hands to them. Every method throws an {@link RpcError} when the node does not answer. */
export interface PayerNodes {
  /** Of the newest block, wei per gas. */
  fees(): Promise<{ readonly baseFee: bigint; readonly tip: bigint }>
  /** The payer's next nonce. */
  nonce(at: { readonly blockNumber: bigint } | { readonly blockTag: 'latest' | 'pending' }): Promise<number>
  /** The receipt, if the transaction is in the chain; only "not found" means that it is not. */
  receipt(hash: Hash): Promise<TransactionReceipt | undefined>
  /** Whether any of the nodes that transactions go to has this one. */
  isKnown(hash: Hash): Promise<boolean>
  /**
   * Hands a signed transaction to the first node that takes it, or to all, and returns why none did. Sending the same bytes again
   * does no harm.
   */
  send(raw: Hex, whom: 'first' | 'all'): Promise<string | undefined>
  /** Why the registry would not store a post; `latest` for one that is out, which a pending block may hold already. */
  refusalOf(post: Post, blockTag: 'pending' | 'latest'): Promise<string | undefined>
  /** Gas that a post takes on top of what is pending. */
  gasOf(post: Post): Promise<bigint>
}

export function payerNodes({ from, reads, broadcasts }: PayerNodesOptions): PayerNodes {
  async function request<Result>(client: Client, what: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (error) {
      throw toRpcError(client, what, error)
    }
  }

  /** What a node finds; `missing` is the error by which viem says that it is not there. */
  async function find<Found>(client: Client, what: string, missing: string, run: () => Promise<Found>) {
    return request(client, what, async () => {
      try {
        return await run()
      } catch (error) {
        if (error instanceof Error && error.name === missing) return undefined
        throw error
      }
    })
  }

  return {
    fees: () =>
      request(reads, 'Reading the fees', async () => {
        const [{ baseFeePerGas }, tip] = await Promise.all([
          getBlock(reads, { blockTag: 'latest' }),
          estimateMaxPriorityFeePerGas(reads, { chain: null }),
        ])
        return { baseFee: baseFeePerGas ?? 0n, tip }
      }),
    nonce: (at) => request(reads, 'Reading the nonce', () => getTransactionCount(reads, { address: from, ...at })),
    receipt: (hash) =>
      find(reads, `Reading the receipt of ${hash}`, 'TransactionReceiptNotFoundError', () =>
        getTransactionReceipt(reads, { hash }),
      ),
    async isKnown(hash) {
      for (const client of broadcasts) {
        const found = await find(client, `Looking for transaction ${hash}`, 'TransactionNotFoundError', () =>
          getTransaction(client, { hash }),
        )
        if (found !== undefined) return true
      }
      return false
    },
    async send(raw, whom) {
      const failures: string[] = []
      let taken = false
      for (const client of broadcasts) {
        try {
          await sendRawTransaction(client, { serializedTransaction: raw })
          taken = true
        } catch (error) {
          if (isAlreadyThere(error)) taken = true
          else failures.push(describeRpcFailure(error, secretsOfTransport(client.transport)))
        }
        if (taken && whom === 'first') break
      }
      return taken ? undefined : failures.join('; ')
    },
    async refusalOf({ registry, data }, blockTag) {
      try {
        await simulatePost(reads, { registry, payer: from, data, blockTag })
        return undefined
      } catch (error) {
        if (error instanceof PostRefusedError) return error.shortMessage
        throw error
      }
    },
    gasOf: ({ registry, data }) =>
      request(reads, 'Estimating the gas of the post', () =>
        estimateGas(reads, { account: from, to: registry, data, blockTag: 'pending' }),
      ),
  }
}

/** The node has these very bytes, or the nonce is used; the next step finds out which. */
function isAlreadyThere(error: unknown): boolean {
  for (let link = error; link instanceof Error; link = link.cause) {
    if (
      /already known|already imported|known transaction|nonce too low|nonce has already been used/i.test(link.message)
    ) {
      return true
    }
  }
  return false
}
