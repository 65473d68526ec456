import type { Address } from 'viem'
import { decodeBatch } from '../../attest/batch.ts'
import { decodeAttestation, type MarginRecord } from '../../attest/record.ts'
import { decodeRoot } from '../../attest/root.ts'
import { type RootStore, recordsUnder } from '../roots.ts'
import type { Journal, Post } from './journal.ts'

/** Posts of a payer that are out and not in the chain as far as the journal knows, each once, by nonce. */
export function postsOut(journal: Journal, chainId: number, payer: Address): readonly Post[] {
  const posts = new Map<number, Post | undefined>()
  // The last attempt of a nonce says what it is for by now; an empty one cancels.
  for (const { nonce, postId } of journal.open(chainId, payer)) {
    posts.set(nonce, postId === null ? undefined : journal.post(postId))
  }
  return [...posts.values()].filter((post) => post !== undefined)
}

/** What the registry will say of accounts once these posts are in. A root says nothing here unless its tree is known. */
export async function recordsOut(
  posts: readonly Post[],
  roots: RootStore | undefined,
): Promise<ReadonlyMap<Address, MarginRecord>> {
  const records = new Map<Address, MarginRecord>()
  for (const post of posts) {
    for (const record of await recordsOf(post, roots)) records.set(record.account, record)
  }
  return records
}

async function recordsOf(post: Post, roots: RootStore | undefined): Promise<readonly MarginRecord[]> {
  switch (post.kind) {
    case 'single':
      return [decodeAttestation(post.data).record]
    case 'batch': {
      const { items, observedAt, modelId, flags } = decodeBatch(post.data)
      return items.map((item) => ({ ...item, observedAt, modelId, flags }))
    }
    case 'root': {
      const { root, observedAt } = decodeRoot(post.data)
      const published = (await roots?.at(observedAt))?.find((candidate) => candidate.root === root)
      return published === undefined ? [] : [...recordsUnder(published).values()]
    }
  }
}
