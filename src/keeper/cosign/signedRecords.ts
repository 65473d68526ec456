import { DatabaseSync } from 'node:sqlite'
import type { Address, Hex } from 'viem'
import type { Draft } from '../../attest/batch.ts'
import { encodeWord } from '../../attest/record.ts'
import type { AttestationDomain } from '../../attest/typedData.ts'

/** The block that records bind, in the registry that they are for. */
export type SignedBlock = AttestationDomain & { readonly number: bigint; readonly hash: Hex }

/**
 * What a signer has put its name to. For one account, block and registry it signs one set of numbers and no other, also after a
 * restart and whichever process uses the key: a holder of two could choose. The same numbers may go out again, alone or in a
 * batch, and under other flags: were the first flags binding, a proposer could ask for odd ones in every block, and so keep
 * all others from ever getting a signature.
 */
export interface SignedRecords {
  /**
   * Writes down, durably, that these numbers are about to be signed; all of them or none.
   *
   * @returns an account for which other numbers of this block was signed before; nothing is to be signed then.
   */
  claim(signer: Address, block: SignedBlock, drafts: readonly Draft[]): Address | undefined
  close(): void
}

/** Seconds after which a record can be forgotten: no co-signer signs for a block of that age. */
const kept = 7 * 86_400

/**
 * Opens the memory of signers in a SQLite file, which several processes may share, or in memory with `:memory:`.
 */
export function openSignedRecords(file: string): SignedRecords {
  const database = new DatabaseSync(file, { timeout: 5_000 })
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS signed (
      signer TEXT NOT NULL, chainId INTEGER NOT NULL, registry TEXT NOT NULL, account TEXT NOT NULL, blockNumber INTEGER NOT NULL,
      blockHash TEXT NOT NULL, record TEXT NOT NULL, observedAt INTEGER NOT NULL,
      PRIMARY KEY (signer, chainId, registry, account, blockNumber, blockHash)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS signedByTime ON signed (observedAt);
  `)
  const insert = database.prepare('INSERT OR IGNORE INTO signed VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const select = database.prepare(
    'SELECT record FROM signed WHERE signer = ? AND chainId = ? AND registry = ? AND account = ? AND blockNumber = ? AND blockHash = ?',
  )
  // By chain: the clock of one says nothing of the blocks of another.
  const forget = database.prepare('DELETE FROM signed WHERE chainId = ? AND observedAt < ?')

  return {
    claim(signer, { chainId, registry, number, hash }, drafts) {
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const { record, portfolioRoot } of drafts) {
          const { account, observedAt } = record
          const key = [signer, chainId, registry, account].map((part) => `${part}`.toLowerCase())
          const place = [key[0], chainId, key[2], key[3], number, hash] as [string, number, string, string, bigint, Hex]
          const contents = `${encodeWord({ ...record, flags: 0 })} ${portfolioRoot}`
          insert.run(...place, contents, observedAt)
          if (select.get(...place)?.record === contents) continue
          database.exec('ROLLBACK')
          return account
        }
        const newest = drafts.reduce((time, { record }) => Math.max(time, record.observedAt), 0)
        forget.run(chainId, newest - kept)
        database.exec('COMMIT')
        return undefined
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
    },
    close: () => database.close(),
  }
}
