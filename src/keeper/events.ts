import type { Address, Hash } from 'viem'
import type { PostDecision } from './policy.ts'
import type { SendCode, SenderEvent } from './sending/sender.ts'

/** How a post travels: alone, in a batch, or under a Merkle root that a consumer proves against. */
export type PostForm = 'single' | 'batch' | 'root'

/** What came of one account in a round. `code` is stable: a log field, a metric label and what `keeper explain` tells. */
export type DecisionEvent = {
  readonly event: 'decision'
  readonly account: Address
  readonly blockNumber: bigint
  /** Of the block, Unix seconds. */
  readonly time: number
  /**
   * `ride-along`: close to due, in a batch that goes out anyway. `in-flight`: what is out already says it. `not-my-turn`: left to
   * the keepers before this one.
   */
  readonly code: PostDecision['code'] | 'ride-along' | 'in-flight' | 'not-my-turn'
  readonly action: 'skipped' | 'would post' | 'posting'
  /** Quote units. */
  readonly equity: bigint
  readonly initialMargin: bigint
  readonly maintenanceMargin: bigint
  /** Seconds since the stored record was observed; absent without one. */
  readonly ageSeconds?: number
  /** Block of the numbers, where those of an earlier round still stand. */
  readonly computedAt?: bigint
}

/** No number could be given: `error` is the name of the typed error. */
export type RefusalEvent = {
  readonly event: 'refused'
  readonly account: Address
  readonly blockNumber: bigint
  readonly code: 'refused'
  readonly error: string
  readonly message: string
}

/** What became of a post that was handed to the sender. */
export type PostEvent = {
  readonly event: 'post'
  readonly code: SendCode | 'quorum-missing'
  readonly form: PostForm
  readonly blockNumber: bigint
  readonly accounts: readonly Address[]
  readonly postId?: Hash
  readonly hash?: Hash
  readonly reason?: string
}

/** What became of a transaction. */
export type TransactionEvent = Omit<SenderEvent, 'post'> & {
  readonly event: 'transaction'
  readonly blockNumber: bigint
  readonly form?: PostForm
  readonly accounts: readonly Address[]
}

/** The purse after a round, wei. */
export type PayerEvent = {
  readonly event: 'payer'
  readonly payer: Address
  readonly blockNumber: bigint
  readonly balance: bigint
  /** In the last 24 hours of block time, and the most that is allowed. */
  readonly spent: bigint
  readonly cap: bigint
  /** Nonces that are out. */
  readonly open: number
  /** Seconds of block time since the oldest transaction that is out was written down; absent without one. */
  readonly oldestOpenSeconds?: number
}

/** A node of the reads. */
export type EndpointEvent = {
  readonly event: 'endpoint'
  /** `rpc 1`, never a URL. */
  readonly endpoint: string
  readonly status: string
  /** Blocks behind the agreed head. */
  readonly lag: number
  /** Nodes that must agree on a block; absent where one alone is read. */
  readonly quorum?: number
  /** Times that it contradicted the others since the start. */
  readonly disagreements?: number
  /** Why it last failed or what it last contradicted, without URL and key. */
  readonly problem?: string
}

/** What a co-signer answered; `differs` is an alarm: it says it computed another number from the same block. */
export type CosignEvent = {
  readonly event: 'cosign'
  readonly peer: string
  readonly blockNumber: bigint
  readonly code: 'signed' | 'refused' | 'differs' | 'forged' | 'unreachable'
  readonly field?: string
  readonly reason?: string
}

/** One round: the accounts that are kept, those that were computed anew, and how long each stage took. */
export type RoundEvent = {
  readonly event: 'round'
  readonly blockNumber: bigint
  readonly blockHash: Hash
  /** Of the block, Unix seconds. */
  readonly time: number
  readonly accounts: number
  readonly recomputed: number
  readonly refused: number
  readonly posts: number
  /** Wall-clock seconds by stage. */
  readonly seconds: Readonly<Record<'read' | 'margin' | 'decide' | 'sign' | 'send', number>>
}

/** A stage failed as a whole; the next block tries again. */
export type FailureEvent = {
  readonly event: 'failure'
  readonly stage: 'blocks' | 'round' | 'cosign' | 'sending'
  readonly error: string
  readonly message: string
}

/** The life of the process. */
export type LifeEvent = {
  readonly event: 'started' | 'draining' | 'stopped'
  readonly live: boolean
  readonly accounts: number
}

/** Everything that a keeper does or meets: a line of its log, a sample of its metrics, and perhaps an alert. */
export type KeeperEvent =
  | DecisionEvent
  | RefusalEvent
  | PostEvent
  | TransactionEvent
  | PayerEvent
  | EndpointEvent
  | CosignEvent
  | RoundEvent
  | FailureEvent
  | LifeEvent

/** Is told every event, in order; must not throw. */
export type KeeperObserver = (event: KeeperEvent) => void
