import type { Address } from 'viem'
import type { KeySource } from './keys/source.ts'
import type { PostPolicy } from './policy.ts'

/** Where a server of the keeper listens; port 0 takes a free one. */
export type ListenAddress = { readonly host: string; readonly port: number }

/** By which form posts travel. Under `auto`, accounts of one round go alone below `batchFrom`, in a batch below `rootFrom`, else under a root. */
export type PostingConfig = {
  readonly form: 'auto' | 'single' | 'batch' | 'root'
  readonly batchFrom: number
  readonly rootFrom: number
}

/** One account that is kept, with the policy that applies to it. */
export type AccountConfig = {
  readonly address: Address
  readonly name?: string
  readonly policy: PostPolicy
  /** Longest validity of its records: 15 s times 2 to this power. */
  readonly validityCode: number
  /** Ids by venue, all of them, instead of a search of logs. */
  readonly ids: Readonly<Record<string, readonly string[]>>
}

/** Another keeper that signs the same records. */
export type PeerConfig = {
  readonly name: string
  readonly url: string
  /** Who its signatures must be of. */
  readonly signer: Address
  /** Shared with that keeper alone; requests are authenticated by it. */
  readonly secret: string
}

/** Where an alert goes. */
export type AlertConfig =
  | { readonly kind: 'webhook'; readonly url: string }
  | { readonly kind: 'slack'; readonly url: string }
  | { readonly kind: 'telegram'; readonly token: string; readonly chat: string }

/** What one keeper process does, in the units of the engine: seconds, wei, WAD. Holds secrets: print it by `maskConfig`. */
export type KeeperConfig = {
  readonly chainId: number
  readonly registry: Address
  /** File of the parameter set, or a deployment file that holds one. */
  readonly parameters: string
  readonly rpc: {
    readonly read: readonly string[]
    /** Nodes that must agree on a block, the majority by default. */
    readonly quorum?: number
    /** Nodes that must give an answer alike, as many as the quorum by default. */
    readonly verifyReads?: number
    /** Node that transactions go to first. */
    readonly send?: string
  }
  readonly signers: readonly KeySource[]
  /** Absent in a keeper that only co-signs. */
  readonly payer?: KeySource
  readonly journal: string
  readonly sending: {
    /** Wei per gas. */
    readonly feeFloor: bigint
    readonly feeCap: bigint
    readonly bumpAfterBlocks: number
    readonly privateBlocks: number
    readonly confirmations: number
    /** Wei in 24 hours. */
    readonly dailyCap: bigint
  }
  readonly posting: PostingConfig
  readonly accounts: readonly AccountConfig[]
  readonly market?: string
  readonly index?: string
  readonly cosigners: {
    readonly listen?: ListenAddress
    readonly peers: readonly PeerConfig[]
    /** Seconds that a peer has to answer. */
    readonly timeout: number
  }
  readonly observability: {
    readonly listen?: ListenAddress
    readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
    readonly alerts: readonly AlertConfig[]
  }
}
