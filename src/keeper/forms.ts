import type { Address } from 'viem'
import { maximumBatchItems } from '../attest/batch.ts'
import { decodeFlags } from '../attest/record.ts'
import { BaseError } from '../core/errors.ts'
import { type Wad, wad } from '../core/units.ts'
import type { PostForm } from './events.ts'
import { type PostCode, urgencyOf } from './urgency.ts'

/** How posts may travel. */
export type FormPolicy = {
  /** One form for all posts, or `auto`: whichever costs least, a root only from `rootFrom` on. */
  readonly form: 'auto' | PostForm
  /** Fewest accounts that `auto` puts into a batch. */
  readonly batchFrom: number
  /** Fewest due accounts for which `auto` posts a root. Absent: never, since a root stores nothing that a consumer could read. */
  readonly rootFrom?: number | undefined
  /** Most accounts of one batch; the registry takes 1,024, and its transaction must fit one of 2^24 gas. */
  readonly maxBatch: number
  /** How often, on average, a consumer proves an account under a root between two posts: what a root saves, each proof pays. */
  readonly proofsPerPost: number
}

export const defaultFormPolicy: FormPolicy = {
  form: 'auto',
  batchFrom: 2,
  maxBatch: maximumBatchItems,
  proofsPerPost: 0.1,
}

/** An account that is to be posted. */
export type DuePost = {
  readonly account: Address
  readonly code: PostCode
  /** Of its record; those of a batch are equal. */
  readonly flags: number
  /** No record is stored yet, so storing one costs a new slot. */
  readonly isFirst: boolean
  /**
   * A root would not do: the stored record does not live under roots and would outlive bad news there, or the record at hand
   * must be stored so that the bound on improvement can rise.
   */
  readonly needsStorage: boolean
}

/** An account that is not due but may ride along in a batch that goes out anyway. */
export type Rider = Omit<DuePost, 'code'>

/** What goes out in one transaction; `code` is that of its most urgent account. A root is over all accounts of the keeper. */
export type PlannedPost =
  | { readonly form: 'single' | 'batch'; readonly code: PostCode; readonly accounts: readonly Address[] }
  | { readonly form: 'root'; readonly code: PostCode }

/** Accounts per batch, or forms, that no registry takes. */
export class FormPolicyError extends BaseError {
  override readonly name = 'FormPolicyError'
}

/**
 * Gas of whole transactions onto slots that hold a record, one signature, as `npm run gas` measures them: a single post, a batch
 * of one less its item, an item, a root. A signature more adds `signature`, a slot that was empty `newSlot`.
 */
const gasOf = { single: 41_526, batch: 36_191, item: 6_478, root: 44_000, signature: 4_430, newSlot: 17_100 }

/** What a proof costs its consumer beyond a read of storage: `verify.leaf.1000` less `read.cold`, and ten siblings of calldata. */
const gasOfProof = 14_997 - 8_239 + 16 * (88 + 10 * 32)

/** EIP-7825 caps a transaction at 2^24; what is estimated here stays below by a tenth. */
const mostGas = (2 ** 24 * 9) / 10

/** Gas of a post of `count` accounts, `first` of which have no record yet, under `signatures` signatures. */
export function gasOfPost(form: PostForm, signatures: number, count = 1, first = 0): number {
  const base = gasOf[form] + (signatures - 1) * gasOf.signature
  if (form === 'root') return base
  return base + first * gasOf.newSlot + (form === 'batch' ? count * gasOf.item : 0)
}

/** @throws {FormPolicyError} for bounds that no registry takes. */
export function requireFormPolicy({ form, batchFrom, rootFrom, maxBatch, proofsPerPost }: FormPolicy): void {
  const problem =
    !Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > maximumBatchItems
      ? `maxBatch is from 1 to ${maximumBatchItems}, got ${maxBatch}`
      : !Number.isInteger(batchFrom) || batchFrom < 1
        ? `batchFrom is a whole number from 1 on, got ${batchFrom}`
        : rootFrom !== undefined && (!Number.isInteger(rootFrom) || rootFrom < 1)
          ? `rootFrom is a whole number from 1 on, got ${rootFrom}`
          : !(proofsPerPost >= 0)
            ? `proofsPerPost is not negative, got ${proofsPerPost}`
            : rootFrom !== undefined && form !== 'auto'
              ? `rootFrom is for form auto only, not for ${form}`
              : undefined
  if (problem !== undefined) throw new FormPolicyError(`The rule of forms cannot be followed: ${problem}.`)
}

/** True where records live under roots: all are then signed in root mode, so that none outlives bad news under a newer root. */
export function usesRoots({ form, rootFrom }: FormPolicy): boolean {
  return form === 'root' || (form === 'auto' && rootFrom !== undefined)
}

/**
 * Chooses what goes out for the accounts that are due, the most urgent first. Batches hold accounts of equal flags. A pure
 * function; `signatures` is the threshold of the signer set.
 */
export function choosePosts(
  policy: FormPolicy,
  due: readonly DuePost[],
  signatures: number,
  riders: readonly Rider[] = [],
): readonly PlannedPost[] {
  const sorted = due.toSorted((a, b) => urgencyOf(a.code) - urgencyOf(b.code))
  const underRoot = sorted.filter(({ needsStorage }) => !needsStorage)
  const [first] = underRoot
  if (first === undefined || !isRootWorthIt(policy, underRoot, signatures)) {
    return directPosts(policy, sorted, signatures, riders)
  }
  const stored = sorted.filter(({ needsStorage }) => needsStorage)
  const root: PlannedPost = { form: 'root', code: first.code }
  // Accounts under the root are riders of nothing: the root is over all of them. What must be stored goes before a root of the
  // same urgency: with one transaction out at a time, roots of every block would keep it waiting.
  return byUrgency([...directPosts(policy, stored, signatures, []), root])
}

/**
 * How far an account must have come towards its own post, WAD of its heartbeat or of a deviation, to ride along in a batch: as
 * far as the item's gas is of what posting it alone, or in a batch as large as this round's, would cost.
 */
export function rideShare(due: number, signatures: number): Wad {
  const alone = due <= 1 ? gasOfPost('single', signatures) : gasOfPost('batch', signatures, due) / due
  return (BigInt(Math.ceil((gasOf.item / alone) * 1e6)) * wad) / 1_000_000n
}

function isRootWorthIt(policy: FormPolicy, due: readonly DuePost[], signatures: number): boolean {
  if (policy.form === 'root') return true
  if (policy.form !== 'auto' || policy.rootFrom === undefined || due.length < policy.rootFrom) return false
  const first = due.filter(({ isFirst }) => isFirst).length
  const proofs = due.length * policy.proofsPerPost * gasOfProof
  return gasOfPost('root', signatures) + proofs < gasOfPost('batch', signatures, due.length, first)
}

/** Singles and batches; `sorted` by urgency. */
function directPosts(
  policy: FormPolicy,
  sorted: readonly DuePost[],
  signatures: number,
  riders: readonly Rider[],
): readonly PlannedPost[] {
  const { form, batchFrom, maxBatch } = policy
  const single = ({ account, code }: DuePost): PlannedPost => ({ form: 'single', code, accounts: [account] })
  if (form === 'single') return sorted.map(single)
  const waiting = groupByFlags(riders)
  const posts: PlannedPost[] = []
  for (const [flags, group] of groupByFlags(sorted)) {
    const own = waiting.get(flags) ?? []
    // A margin account's records travel alone.
    if (decodeFlags(flags).enforceable) {
      posts.push(...group.map(single))
      continue
    }
    for (let start = 0; start < group.length; ) {
      const some = takeFitting(group.slice(start, start + maxBatch), signatures)
      start += some.length
      const [leading] = some as [DuePost]
      const isLast = start >= group.length
      const joined = isLast ? takeFitting([...some, ...own].slice(0, maxBatch), signatures) : some
      const isBatch = form === 'batch' || (some.length > 1 && some.length >= batchFrom) || joinsWorthIt(policy, joined)
      if (!isBatch) posts.push(...some.map(single))
      else posts.push({ form: 'batch', code: leading.code, accounts: joined.map(({ account }) => account) })
    }
  }
  return byUrgency(posts)
}

/** A lone due account makes a batch of those that ride along with it. */
function joinsWorthIt({ batchFrom }: FormPolicy, joined: readonly Rider[]): boolean {
  return joined.length > 1 && joined.length >= batchFrom
}

function takeFitting<Item extends Rider>(items: readonly Item[], signatures: number): readonly Item[] {
  let gas = gasOfPost('batch', signatures, 0)
  let count = 0
  for (const { isFirst } of items) {
    gas += gasOf.item + (isFirst ? gasOf.newSlot : 0)
    if (count > 0 && gas > mostGas) break
    count += 1
  }
  return items.slice(0, count)
}

function groupByFlags<Item extends Rider>(items: readonly Item[]): ReadonlyMap<number, readonly Item[]> {
  const groups = new Map<number, Item[]>()
  for (const item of items) {
    const group = groups.get(item.flags)
    if (group === undefined) groups.set(item.flags, [item])
    else group.push(item)
  }
  return groups
}

function byUrgency(posts: readonly PlannedPost[]): readonly PlannedPost[] {
  return posts.toSorted((a, b) => urgencyOf(a.code) - urgencyOf(b.code))
}
