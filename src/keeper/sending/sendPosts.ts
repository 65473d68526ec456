import type { Address } from 'viem'
import { QuorumError, type SignerSet } from '../../attest/sign.ts'
import type { AttestationDomain, UnsignedAttestation } from '../../attest/typedData.ts'
import { BaseError } from '../../core/errors.ts'
import type { PinnedBlock } from '../../core/portfolio.ts'
import { type CollectSignatures, QuorumMissingError } from '../cosign/collect.ts'
import type { KeeperObserver } from '../events.ts'
import type { PlannedPost } from '../forms.ts'
import { toFailureEvent } from '../report.ts'
import { type RootStore, toPublished } from '../roots.ts'
import { type PreparedPost, preparePost } from './prepare.ts'
import type { SendCode, Sender, SendOutcome } from './sender.ts'

export type SendPostsOptions = {
  readonly domain: AttestationDomain
  readonly signerSet: SignerSet
  readonly block: PinnedBlock
  readonly sender: Sender
  readonly collect: CollectSignatures
  readonly roots: RootStore | undefined
  readonly draftsOf: (post: PlannedPost) => readonly UnsignedAttestation[]
  /** Accounts of a post, for reports. */
  readonly accountsOf: (post: PlannedPost) => readonly Address[]
  readonly isUrgent: boolean
  readonly isEnding: () => boolean
  readonly onStage: (stage: 'sign' | 'send') => void
  readonly observe: KeeperObserver
}

/** After one of these the posts behind it would meet the same; they are not even signed. */
const endsRound: ReadonlySet<SendCode> = new Set(['in-flight', 'fee-cap', 'spend-cap', 'foreign-nonce'])

/**
 * Signs and hands over posts, the first first, and tells what became of each. A post that is not signed by enough does not stop
 * the others, unless it is because co-signers do not answer at all.
 *
 * @returns how many were sent.
 * @throws whatever drafting and the sender refuse.
 */
export async function sendPosts(planned: readonly PlannedPost[], options: SendPostsOptions): Promise<number> {
  const { domain, signerSet, block, sender, collect, roots, isUrgent, isEnding, onStage, observe } = options
  const about = (post: PlannedPost) =>
    ({ event: 'post', form: post.form, blockNumber: block.number, accounts: options.accountsOf(post) }) as const
  let sent = 0
  let blocked: SendCode | 'quorum-missing' | undefined
  for (const planning of planned) {
    if (isEnding()) break
    if (blocked !== undefined) {
      observe({ ...about(planning), code: blocked })
      continue
    }
    onStage('sign')
    let prepared: PreparedPost
    try {
      const signing = { domain, signerSet, block, collect }
      prepared = await preparePost(planning.form, options.draftsOf(planning), signing)
    } catch (error) {
      if (!(error instanceof BaseError)) throw error
      // Each would wait its time for peers that are not there, and newer blocks behind it.
      if (isNobodyThere(error)) blocked = 'quorum-missing'
      observe(
        isQuorumMissing(error)
          ? { ...about(planning), code: 'quorum-missing', reason: error.shortMessage }
          : toFailureEvent('sending', error),
      )
      continue
    }
    onStage('send')
    const { post, tree } = prepared
    // A root that nobody can prove against would only kill the records under the one before it.
    if (tree !== undefined) await roots?.publish(toPublished(tree, domain))
    const at = { number: block.number, timestamp: block.timestamp }
    const outcome: SendOutcome = await sender.submit(post, at, { isUrgent })
    observe({ ...about(planning), postId: post.id, ...outcome })
    if (outcome.code === 'sent') sent += 1
    if (endsRound.has(outcome.code)) blocked = outcome.code
  }
  return sent
}

function isQuorumMissing(error: BaseError): boolean {
  return error instanceof QuorumError || error instanceof QuorumMissingError
}

function isNobodyThere(error: BaseError): boolean {
  if (!(error instanceof QuorumMissingError)) return false
  const silent = error.answers.filter(({ code }) => code !== 'signed')
  return silent.length > 0 && silent.every(({ code }) => code === 'unreachable')
}
