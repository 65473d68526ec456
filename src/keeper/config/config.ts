import type { Address } from 'viem'
import type { KeySource } from '../keys/source.ts'
import type { PostPolicy } from '../policy.ts'

/** Where a server of the keeper listens; port 0 takes a free one. */
export type ListenAddress = { readonly host: string; readonly port: number }

/** By which form posts travel; without `rootFrom` no root is posted under `auto`. */
export type PostingConfig = {
  readonly form: 'auto' | 'single' | 'batch' | 'root'
  readonly batchFrom: number
  readonly rootFrom?: number
  readonly maxBatch: number
  /** Directory in which the proofs under every root are written. */
  readonly proofs: string
  /** Place among the keepers of the registry, from 0; that of its first signer in the signer set by default. */
  readonly rank?: number
  /** Seconds by which each of them waits longer than the one before it. */
  readonly turn: number
}

/** One account that is kept, with the policy that applies to it. */
export type AccountConfig = {
  readonly address: Address
  readonly name?: string
  readonly policy: PostPolicy
  /** Ids by venue, all of them, instead of a search of logs. */
  readonly ids: Readonly<Record<string, readonly string[]>>
}

/** Another keeper, known by the address that it signs with. */
export type ProposerConfig = { readonly name: string; readonly signer: Address }

/** Another keeper that is asked to sign. */
export type PeerConfig = ProposerConfig & { readonly url: string }

/** Where alerts go; each part is whole or absent. */
export type AlertsConfig = {
  readonly webhook?: { readonly url: string; readonly secret: string }
  readonly slack?: { readonly url: string }
  readonly telegram?: { readonly token: string; readonly chatId: string }
}

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
  /** Seconds that it keeps what is settled. */
  readonly journalKeep: number
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
  /** Longest validity of every record: 15 s times 2 to this power. */
  readonly validityCode: number
  /** Seconds that a margin stands while nothing moves. */
  readonly recheck: number
  readonly posting: PostingConfig
  readonly accounts: readonly AccountConfig[]
  readonly market?: string
  readonly index?: string
  readonly cosigners: {
    /** Keepers that are asked. */
    readonly peers: readonly PeerConfig[]
    /** Seconds that they have to answer. */
    readonly timeout: number
    /** Where this one is asked, and by whom. */
    readonly listen?: ListenAddress
    readonly proposers: readonly ProposerConfig[]
    /** Seconds; older blocks are not signed for. */
    readonly maximumAge: number
    /** SQLite file with what the key has signed. */
    readonly signed: string
  }
  readonly observability: {
    /** Name of this keeper in alerts. */
    readonly name: string
    readonly listen?: ListenAddress
    readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
    readonly alerts: AlertsConfig
  }
}
