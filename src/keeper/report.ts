import type { Client } from 'viem'
import { getBalance } from 'viem/actions'
import { toRpcError } from '../chain/toRpcError.ts'
import { BaseError } from '../core/errors.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { Decided } from './decide.ts'
import type { Refused } from './evaluate.ts'
import type { DecisionEvent, FailureEvent, KeeperObserver, TransactionEvent } from './events.ts'
import type { Journal } from './sending/journal.ts'
import type { Sender, SenderEvent } from './sending/sender.ts'

const secondsPerDay = 86_400

/** Tells what came of every account. */
export function reportDecisions(
  decided: readonly Decided[],
  {
    block,
    isLive,
    observe,
  }: { readonly block: PinnedBlock; readonly isLive: boolean; readonly observe: KeeperObserver },
): void {
  for (const { evaluated, code } of decided) observe(toDecisionEvent(evaluated, code, block, isLive))
}

/** Whether a decision puts the account into a post. */
export function isPosted(code: DecisionEvent['code']): boolean {
  return code !== 'unchanged' && code !== 'not-newer' && code !== 'in-flight' && code !== 'not-my-turn'
}

function toDecisionEvent(
  { account, record, last, computed, isFresh }: Decided['evaluated'],
  code: DecisionEvent['code'],
  { number, timestamp }: PinnedBlock,
  isLive: boolean,
): DecisionEvent {
  const { equity, initialMargin, maintenanceMargin } = record
  return {
    ...{ event: 'decision', account, blockNumber: number, time: timestamp, code },
    action: !isPosted(code) ? 'skipped' : isLive ? 'posting' : 'would post',
    ...{ equity, initialMargin, maintenanceMargin },
    ...(last && { ageSeconds: timestamp - last.observedAt }),
    ...(isFresh ? {} : { computedAt: computed.snapshot.portfolio.block.number }),
  }
}

/** Tells which accounts no number can be given of. */
export function reportRefusals(refused: readonly Refused[], { number }: PinnedBlock, observe: KeeperObserver): void {
  for (const { account, refusal } of refused) {
    const { name, message } = refusal
    observe({ event: 'refused', account, blockNumber: number, code: 'refused', error: name, message })
  }
}

/** Tells what became of a transaction. */
export function toTransactionEvent({ post, ...event }: SenderEvent, blockNumber: bigint): TransactionEvent {
  return {
    ...{ event: 'transaction', blockNumber, ...event, accounts: post?.accounts ?? [] },
    ...(post && { form: post.kind }),
  }
}

/** What failed as a whole. */
export function toFailureEvent(stage: FailureEvent['stage'], error: unknown): FailureEvent {
  if (error instanceof BaseError) return { event: 'failure', stage, error: error.name, message: error.message }
  // No error of ours was made to be shown: its text may hold anything.
  return {
    event: 'failure',
    stage,
    error: error instanceof Error ? error.name : 'Error',
    message: 'An unexpected error.',
  }
}

/** Tells how the purse stands. @throws {RpcError} */
export async function reportPayer({
  client,
  chainId,
  sender,
  journal,
  dailyCap,
  block,
  observe,
}: {
  readonly client: Client
  readonly chainId: number
  readonly sender: Sender
  readonly journal: Journal
  readonly dailyCap: bigint
  readonly block: PinnedBlock
  readonly observe: KeeperObserver
}): Promise<void> {
  const payer = sender.address
  const balance = await getBalance(client, { address: payer }).catch((error) => {
    throw toRpcError(client, 'Reading the balance of the payer', error)
  })
  const { number, timestamp } = block
  const open = journal.open(chainId, payer)
  const oldest = Math.min(...open.map(({ plannedAt }) => plannedAt))
  observe({
    ...{ event: 'payer', payer, blockNumber: number, balance, cap: dailyCap },
    spent: journal.spentSince(chainId, payer, timestamp - secondsPerDay),
    open: new Set(open.map(({ nonce }) => nonce)).size,
    ...(open.length > 0 && { oldestOpenSeconds: Math.max(0, timestamp - oldest) }),
  })
}
