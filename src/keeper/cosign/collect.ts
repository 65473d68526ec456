import { type Address, type Hex, isAddressEqual, type LocalAccount } from 'viem'
import { recoverSigner, type SignerSet } from '../../attest/sign.ts'
import { isLowS } from '../../attest/wire.ts'
import { BaseError } from '../../core/errors.ts'
import type { CosignEvent } from '../events.ts'
import { type AskOptions, askCosigner, type Cosigner } from './ask.ts'
import { blockNumberOf, draftsOf, type Proposal, proposalDigest, signProposal } from './proposal.ts'
import { formatRequest, toRequest } from './protocol.ts'
import type { SignedRecords } from './signedRecords.ts'

/**
 * Gets as many signatures over a proposal as its signer set asks for, each verified, for `assembleAttestation`, `assembleBatch`
 * or `assembleRoot`.
 *
 * @throws {QuorumMissingError} when there are not enough.
 */
export type CollectSignatures = (proposal: Proposal) => Promise<readonly Hex[]>

export type CollectOptions = {
  /** Keys that this keeper holds; the first of them signs its requests. */
  readonly own: readonly LocalAccount[]
  readonly cosigners: readonly Cosigner[]
  /** Milliseconds that a co-signer has to answer. */
  readonly timeout: number
  /** Is told every answer, also those that come after there are enough: a difference must not go unheard because it is late. */
  readonly observer: (event: CosignEvent) => void
  /** What the own keys have signed; without it they sign whatever is proposed. */
  readonly signed?: SignedRecords | undefined
  /** Ends all waiting. */
  readonly signal?: AbortSignal | undefined
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** Too few signers signed. Names what each of them answered, and no address of theirs. */
export class QuorumMissingError extends BaseError {
  override readonly name = 'QuorumMissingError'
  readonly answers: readonly CosignEvent[]

  constructor({ set, signed, answers }: { set: SignerSet; signed: number; answers: readonly CosignEvent[] }) {
    super(`${signed} of the ${set.threshold} signatures that are needed were given.`, {
      metaMessages: [
        ...answers.map(({ peer, code, field, reason }) =>
          [`${peer}: ${code}`, field, reason].filter(Boolean).join(', '),
        ),
        'Nothing was posted. See to the co-signers that are unreachable; look into every one that differs.',
      ],
      retryable: true,
    })
    this.answers = answers
  }
}

/** Signs with the own keys, asks all co-signers at once for the rest, and believes no answer that it has not verified. */
export function collectSignatures(options: CollectOptions): CollectSignatures {
  const { own, cosigners, observer, signed } = options

  return async (proposal) => {
    const { signerSet: set, domain, unsigned } = proposal
    const digest = proposalDigest(proposal)
    const blockNumber = blockNumberOf(proposal)
    const bySigner = new Map<Address, Hex>()
    const answers: CosignEvent[] = []
    for (const signer of own) {
      const member = memberOf(set, signer.address)
      if (member === undefined) continue
      const block = { ...domain, number: blockNumber, hash: unsigned.blockHash }
      const account = signed?.claim(signer.address, block, draftsOf(proposal))
      if (account !== undefined) {
        // Two records of one block would let their holder choose.
        answers.push({
          event: 'cosign',
          peer: 'own key',
          blockNumber,
          code: 'refused',
          reason: `already-signed ${account}`,
        })
        continue
      }
      bySigner.set(member, await signProposal(signer, proposal))
    }
    const isEnough = () => bySigner.size >= set.threshold
    if (isEnough()) return [...bySigner.values()]

    const [identity] = own
    const missing = () => new QuorumMissingError({ set, signed: bySigner.size, answers })
    if (identity === undefined || cosigners.length === 0) throw missing()
    const request = toRequest(proposal)
    const body = new TextEncoder().encode(formatRequest(request))
    const ask: AskOptions = { ...options, identity, domain, body }
    return new Promise((resolve, reject) => {
      let open = cosigners.length
      for (const cosigner of cosigners) {
        const member = memberOf(set, cosigner.address)
        const asking = member === undefined ? notASigner : answerOf(cosigner, { ask, digest, proposal })
        void asking.then(({ signature, ...answer }) => {
          const event: CosignEvent = { event: 'cosign', peer: cosigner.name, blockNumber, ...answer }
          answers.push(event)
          observer(event)
          if (member !== undefined && signature !== undefined) bySigner.set(member, signature)
          open -= 1
          // Both do nothing once there is an outcome.
          if (isEnough()) resolve([...bySigner.values()].slice(0, set.threshold))
          else if (open === 0) reject(missing())
        }, reject)
      }
    })
  }
}

type Answered = Pick<CosignEvent, 'code' | 'field' | 'reason'> & { readonly signature?: Hex }

const notASigner: Promise<Answered> = Promise.resolve({ code: 'refused', reason: 'not-a-signer' })

function memberOf({ signers }: SignerSet, address: Address): Address | undefined {
  return signers.find((signer) => isAddressEqual(signer, address))
}

/** What a co-signer's answer amounts to. */
async function answerOf(
  cosigner: Cosigner,
  { ask, digest, proposal }: { ask: AskOptions; digest: Hex; proposal: Proposal },
): Promise<Answered> {
  const answer = await askCosigner(cosigner, ask)
  switch (answer.code) {
    case 'signed': {
      const { signature } = answer
      const recovered = isLowS(signature) ? await recoverSigner(digest, signature) : undefined
      if (recovered !== undefined && isAddressEqual(recovered, cosigner.address)) return { code: 'signed', signature }
      return { code: 'forged', reason: 'the signature is not of this signer over this message' }
    }
    case 'differs': {
      const { field, account, proposed, recomputed } = answer
      if (!isProposed(proposal, digest, { field, account, proposed })) {
        return { code: 'forged', field, reason: 'it names a value that was not proposed' }
      }
      const whose = account === undefined ? '' : `${account}: `
      return { code: 'differs', field, reason: `${whose}${proposed} was proposed, it computed ${recomputed}` }
    }
    case 'refused': {
      const { reason, account, error } = answer
      return { code: 'refused', reason: [reason, account, error].filter(Boolean).join(' ') }
    }
    case 'unreachable':
      return answer
  }
}

/** Whether a value that is said to differ is one of the proposal at all. */
function isProposed(
  proposal: Proposal,
  digest: Hex,
  {
    field,
    account,
    proposed,
  }: { readonly field: string; readonly account: Address | undefined; readonly proposed: string },
): boolean {
  if (account === undefined) return field === 'digest' && proposed === digest
  const draft = draftsOf(proposal).find(({ record }) => isAddressEqual(record.account, account))
  if (draft === undefined) return false
  const values: Readonly<Record<string, unknown>> = { ...draft.record, portfolioRoot: draft.portfolioRoot }
  return Object.hasOwn(values, field) && `${values[field]}` === proposed
}
