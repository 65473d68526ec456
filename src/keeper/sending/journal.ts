import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { Address, Hash, Hex } from 'viem'
import { BaseError } from '../../core/errors.ts'

/** What is to be sent to a registry, whatever the fees. */
export type Post = {
  /** Digest of the signed message: two posts with one id are one post. */
  readonly id: Hash
  readonly kind: 'single' | 'batch' | 'root'
  readonly chainId: number
  readonly registry: Address
  readonly accounts: readonly Address[]
  /** Unix seconds of the bound block. */
  readonly observedAt: number
  readonly blockNumber: bigint
  /** Calldata. */
  readonly data: Hex
}

/**
 * Where an attempt stands. `planned`: written down and signed, perhaps sent. `sent`: a node took it. `mined`: in the chain.
 * `replaced`: another transaction took its nonce. `reverted`: in the chain without effect.
 */
export type AttemptState = 'planned' | 'sent' | 'mined' | 'replaced' | 'reverted'

/** One signed transaction. Fees in wei per gas; without a post it cancels its nonce. */
export type Attempt = {
  readonly chainId: number
  readonly from: Address
  readonly nonce: number
  /** Counts the transactions of one nonce from 1. */
  readonly attempt: number
  readonly postId: Hash | null
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly gas: bigint
  readonly hash: Hash
  readonly raw: Hex
  readonly state: AttemptState
  /** Newest block when it was written down, and its time in Unix seconds. */
  readonly plannedAtBlock: bigint
  readonly plannedAt: number
  readonly minedIn?: bigint | undefined
  readonly gasUsed?: bigint | undefined
  /** Paid, in wei. */
  readonly fee?: bigint | undefined
}

/** What a round concluded for one account. */
export type JournaledDecision = {
  readonly chainId: number
  readonly blockNumber: bigint
  /** Block time, Unix seconds. */
  readonly time: number
  readonly account: Address
  readonly code: string
  readonly post: boolean
  readonly detail: unknown
}

/** What became of an attempt. */
export type Settlement = {
  readonly state: AttemptState
  readonly minedIn?: bigint
  readonly gasUsed?: bigint
  readonly fee?: bigint
  /** Block time at which it was found in the chain, Unix seconds: not before it was paid. */
  readonly paidAt?: number
}

/** The journal is in use, or is not one. */
export class JournalError extends BaseError {
  override readonly name = 'JournalError'
}

/**
 * What a keeper decided and sent, on disk before it leaves the process: with it a keeper that was killed at any point knows
 * every transaction that may be out, and signs no second one for the same nonce with other contents unawares.
 */
export interface Journal {
  /** Writes decisions down, together or not at all. */
  decide(...decisions: readonly JournaledDecision[]): void
  /** Writes post and attempt down, durably, before anything is sent. */
  plan(attempt: Attempt, post: Post | undefined): void
  settle(hash: Hash, settlement: Settlement): void
  /** Attempts whose nonce is not known to be used, by nonce, then by attempt. */
  open(chainId: number, from: Address): readonly Attempt[]
  /** Attempts of one nonce, the first first. */
  attemptsOf(chainId: number, from: Address, nonce: number): readonly Attempt[]
  /** Mined attempts from a block on. */
  minedSince(chainId: number, from: Address, blockNumber: bigint): readonly Attempt[]
  attemptsFor(postId: Hash): readonly Attempt[]
  post(id: Hash): Post | undefined
  /** Fees paid by attempts that were planned, or found in the chain, from `since` (Unix seconds) on, wei. */
  spentSince(chainId: number, from: Address, since: number): bigint
  lastDecision(chainId: number, account: Address): JournaledDecision | undefined
  /** Forgets decisions, and settled attempts with their posts, from before a time (Unix seconds). What is out it keeps. */
  prune(before: number): void
  close(): void
}

const schema = `
  CREATE TABLE IF NOT EXISTS posts (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, chainId INTEGER NOT NULL, registry TEXT NOT NULL, accounts TEXT NOT NULL,
    observedAt INTEGER NOT NULL, blockNumber INTEGER NOT NULL, data TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS attempts (
    hash TEXT PRIMARY KEY, chainId INTEGER NOT NULL, sender TEXT NOT NULL, nonce INTEGER NOT NULL, attempt INTEGER NOT NULL,
    postId TEXT REFERENCES posts(id), maxFeePerGas TEXT NOT NULL, maxPriorityFeePerGas TEXT NOT NULL, gas TEXT NOT NULL,
    raw TEXT NOT NULL, state TEXT NOT NULL, plannedAtBlock INTEGER NOT NULL, plannedAt INTEGER NOT NULL,
    minedIn INTEGER, gasUsed TEXT, fee TEXT, paidAt INTEGER, UNIQUE (chainId, sender, nonce, attempt)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS attemptsByState ON attempts (chainId, sender, state, minedIn);
  CREATE INDEX IF NOT EXISTS attemptsByPlan ON attempts (chainId, sender, plannedAt);
  CREATE INDEX IF NOT EXISTS attemptsByPayment ON attempts (chainId, sender, paidAt);
  CREATE INDEX IF NOT EXISTS attemptsByPost ON attempts (postId);
  CREATE TABLE IF NOT EXISTS decisions (
    chainId INTEGER NOT NULL, blockNumber INTEGER NOT NULL, time INTEGER NOT NULL, account TEXT NOT NULL,
    code TEXT NOT NULL, post INTEGER NOT NULL, detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS decisionsByAccount ON decisions (chainId, account, blockNumber);
`
/** What makes a journal of each version one of the next. */
const upgrades = ['', 'ALTER TABLE attempts ADD COLUMN paidAt INTEGER; DROP INDEX attemptsByState;']
const version = upgrades.length

/**
 * Opens a journal in a SQLite file, for this process alone, or in memory with `:memory:`.
 *
 * @throws {JournalError} when another process holds it, or the file is not a journal of this version.
 */
export function openJournal(file: string): Journal {
  const database = openDatabase(file)
  const statement = (sql: string) => {
    const prepared = database.prepare(sql)
    prepared.setReadBigInts(true)
    return prepared
  }
  const transact = (run: () => void) => {
    database.exec('BEGIN IMMEDIATE')
    try {
      run()
      database.exec('COMMIT')
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }
  const insertPost = statement('INSERT OR IGNORE INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const insertAttempt = statement(
    'INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)',
  )
  const insertDecision = statement('INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)')
  const update = statement(
    'UPDATE attempts SET state = ?, minedIn = ?, gasUsed = ?, fee = ?, paidAt = ? WHERE hash = ?',
  )
  const selectPost = statement('SELECT * FROM posts WHERE id = ?')
  const ofSender = 'SELECT * FROM attempts WHERE chainId = ?1 AND sender = ?2'
  // With a plus the order is no reason to walk every nonce there ever was.
  const selectOpen = statement(`${ofSender} AND state IN ('planned', 'sent') ORDER BY +nonce, attempt`)
  const selectNonce = statement(`${ofSender} AND nonce = ?3 ORDER BY attempt`)
  const selectMined = statement(`${ofSender} AND state IN ('mined', 'reverted') AND minedIn >= ?3 ORDER BY +nonce`)
  const selectSpent = statement(`${ofSender} AND fee IS NOT NULL AND (plannedAt >= ?3 OR paidAt >= ?3)`)
  const selectFor = statement('SELECT * FROM attempts WHERE postId = ? ORDER BY nonce, attempt')
  const selectDecision = statement(
    'SELECT * FROM decisions WHERE chainId = ? AND account = ? ORDER BY blockNumber DESC, rowid DESC LIMIT 1',
  )
  const forget = [
    'DELETE FROM decisions WHERE time < ?',
    "DELETE FROM attempts WHERE state NOT IN ('planned', 'sent') AND max(plannedAt, coalesce(paidAt, 0)) < ?",
    'DELETE FROM posts WHERE observedAt < ? AND id NOT IN (SELECT postId FROM attempts WHERE postId IS NOT NULL)',
  ].map(statement)
  return {
    decide(...decisions) {
      transact(() => {
        for (const { chainId, blockNumber, time, account, code, post, detail } of decisions) {
          insertDecision.run(chainId, blockNumber, time, account, code, post ? 1 : 0, toText(detail))
        }
      })
    },
    plan(attempt, post) {
      const { hash, chainId, from, nonce, postId, maxFeePerGas, maxPriorityFeePerGas, gas, raw, state } = attempt
      const fees = [`${maxFeePerGas}`, `${maxPriorityFeePerGas}`, `${gas}`] as const
      transact(() => {
        if (post) {
          const { id, kind, registry, accounts, observedAt, blockNumber, data } = post
          insertPost.run(id, kind, post.chainId, registry, JSON.stringify(accounts), observedAt, blockNumber, data)
        }
        const { plannedAtBlock, plannedAt } = attempt
        insertAttempt.run(
          hash,
          chainId,
          from,
          nonce,
          attempt.attempt,
          postId,
          ...fees,
          raw,
          state,
          plannedAtBlock,
          plannedAt,
        )
      })
    },
    settle(hash, { state, minedIn = null, gasUsed, fee, paidAt = null }) {
      const costs = [gasUsed, fee].map((amount) => (amount === undefined ? null : `${amount}`))
      update.run(state, minedIn, ...costs, paidAt, hash)
    },
    open: (chainId, from) => selectOpen.all(chainId, from).map(toAttempt),
    attemptsOf: (chainId, from, nonce) => selectNonce.all(chainId, from, nonce).map(toAttempt),
    minedSince: (chainId, from, blockNumber) => selectMined.all(chainId, from, blockNumber).map(toAttempt),
    attemptsFor: (postId) => selectFor.all(postId).map(toAttempt),
    post(id) {
      const row = selectPost.get(id)
      return row && toPost(row)
    },
    spentSince: (chainId, from, since) =>
      selectSpent.all(chainId, from, since).reduce((total, { fee }) => total + BigInt(fee as string), 0n),
    lastDecision(chainId, account) {
      const row = selectDecision.get(chainId, account)
      if (row === undefined) return undefined
      const { blockNumber, time, code, post, detail } = row
      return {
        chainId,
        account,
        blockNumber: blockNumber as bigint,
        time: Number(time),
        code: code as string,
        post: post === 1n,
        detail: JSON.parse(detail as string),
      }
    },
    prune(before) {
      transact(() => {
        for (const deletion of forget) deletion.run(before)
      })
    },
    close: () => database.close(),
  }
}

function openDatabase(file: string): DatabaseSync {
  const inUse = (cause: unknown) =>
    new JournalError(`The journal ${file} cannot be opened: ${cause instanceof Error ? cause.message : 'unknown'}.`, {
      metaMessages: ['One keeper writes to a journal at a time; stop the other one, or name another file.'],
      cause,
    })
  let database: DatabaseSync
  try {
    database = new DatabaseSync(file, { timeout: 0 })
  } catch (cause) {
    throw inUse(cause)
  }
  try {
    // A journal that two processes write could give one nonce two contents. FULL: what was written survives a power cut.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const found = database.prepare('PRAGMA user_version').get()?.user_version as number
    if (found > version) throw new Error(`it is of version ${found}, newer than ${version}`)
    const upgrade = found === 0 ? '' : upgrades.slice(found).join(' ')
    database.exec(`BEGIN IMMEDIATE; ${upgrade} ${schema} PRAGMA user_version = ${version}; COMMIT`)
    return database
  } catch (cause) {
    database.close()
    throw inUse(cause)
  }
}

type Row = Readonly<Record<string, SQLOutputValue>>

function toAttempt(row: Row): Attempt {
  const optional = (value: SQLOutputValue | undefined) => (value == null ? undefined : BigInt(value as string | bigint))
  return {
    chainId: Number(row.chainId),
    from: row.sender as Address,
    nonce: Number(row.nonce),
    attempt: Number(row.attempt),
    postId: row.postId as Hash | null,
    maxFeePerGas: BigInt(row.maxFeePerGas as string),
    maxPriorityFeePerGas: BigInt(row.maxPriorityFeePerGas as string),
    gas: BigInt(row.gas as string),
    hash: row.hash as Hash,
    raw: row.raw as Hex,
    state: row.state as AttemptState,
    plannedAtBlock: row.plannedAtBlock as bigint,
    plannedAt: Number(row.plannedAt),
    minedIn: optional(row.minedIn),
    gasUsed: optional(row.gasUsed),
    fee: optional(row.fee),
  }
}

function toPost(row: Row): Post {
  return {
    id: row.id as Hash,
    kind: row.kind as Post['kind'],
    chainId: Number(row.chainId),
    registry: row.registry as Address,
    accounts: JSON.parse(row.accounts as string),
    observedAt: Number(row.observedAt),
    blockNumber: row.blockNumber as bigint,
    data: row.data as Hex,
  }
}

function toText(detail: unknown): string {
  return JSON.stringify(detail, (_, value) => (typeof value === 'bigint' ? `${value}` : value)) ?? 'null'
}
