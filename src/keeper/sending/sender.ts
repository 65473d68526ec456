import {
  type Address,
  type Hash,
  keccak256,
  type LocalAccount,
  type Log,
  parseEventLogs,
  type TransactionReceipt,
} from 'viem'
import { marginRegistryAbi } from '../../attest/abi.ts'
import { BaseError } from '../../core/errors.ts'
import { type FeePolicy, type Fees, firstFees, raisedFees } from './fees.ts'
import type { Attempt, Journal, Post } from './journal.ts'
import { type PayerNodesOptions, payerNodes } from './payerNodes.ts'

/** How a payer spends and how long it waits. */
export type SendPolicy = {
  readonly fees: FeePolicy
  /** Most that may be spent in any 86,400 s of block time, in wei, counting what is out at its highest bid. */
  readonly dailyCap: bigint
  /** Blocks that an unmined transaction waits before it is replaced by a higher bid. */
  readonly bumpAfterBlocks: bigint
  /** Blocks after which a transaction that only the private node has is sent to the public ones too. */
  readonly privateBlocks: bigint
  /** Blocks for which a mined transaction is watched for a reorganization. */
  readonly confirmations: bigint
}

/** The block that a step is taken at. */
export type StepBlock = { readonly number: bigint; readonly timestamp: number }

/** Why a post was sent or not; stable words for logs and metrics. */
export type SendCode =
  | 'sent'
  | 'already-posted'
  | 'in-flight'
  | 'refused'
  | 'fee-cap'
  | 'spend-cap'
  | 'foreign-nonce'
  | 'not-sent'

/** What became of a post that was handed over. Only `sent` has a transaction of its own. */
export type SendOutcome = { readonly code: SendCode; readonly hash?: Hash; readonly reason?: string }

/** What happened to what is out. */
export type SenderEvent = {
  readonly code:
    | 'mined'
    | 'reverted'
    | 'changed-nothing'
    | 'cancelled'
    | 'nonce-taken'
    | 'reorged'
    | 'rebroadcast'
    | 'fee-bump'
    | 'fee-cap'
    | 'spend-cap'
    | 'cancelling'
  readonly nonce: number
  readonly hash: Hash
  readonly post?: Post | undefined
  readonly gasUsed?: bigint
  readonly fee?: bigint
}

export type SenderOptions = Pick<PayerNodesOptions, 'reads' | 'broadcasts'> & {
  readonly chainId: number
  readonly payer: LocalAccount
  readonly journal: Journal
  readonly policy: SendPolicy
}

/** Sends for one payer key on one chain; nothing else may send for it. */
export interface Sender {
  readonly address: Address
  /**
   * Simulates, signs, writes down and sends a post, unless it is out or in already, or a cap forbids it. One transaction is
   * out at a time; where what is out is no longer worth its place, the post takes its nonce. So does an urgent post that is for
   * all accounts of the one that is out: the newer numbers then pay one fee.
   */
  submit(post: Post, at: StepBlock, options?: { readonly isUrgent?: boolean }): Promise<SendOutcome>
  /** Follows what is out: finds it mined, dropped, reorganized away or stuck, and acts. Also the first thing after a start. */
  step(at: StepBlock): Promise<readonly SenderEvent[]>
  /** Cancels every nonce that is out, known to the journal or not. */
  unstick(at: StepBlock): Promise<readonly SenderEvent[]>
}

const secondsPerDay = 86_400
/** A node may know a nonce as used before it knows the receipt. */
const receiptDelay = 2n
/** EIP-7825. */
const mostGas = 16_777_216n
const gasOfTransfer = 21_000n

/** @example const sender = createSender({ chainId, payer, journal, reads, broadcasts: [reads], policy }) */
export function createSender({ chainId, payer, journal, reads, broadcasts, policy }: SenderOptions): Sender {
  const from = payer.address

  const nodes = payerNodes({ from, reads, broadcasts })

  async function broadcast({ raw, hash }: Attempt, whom: 'first' | 'all'): Promise<string | undefined> {
    const failure = await nodes.send(raw, whom)
    if (failure === undefined) journal.settle(hash, { state: 'sent' })
    return failure
  }

  /** What may still be spent today, in wei, if everything that is out is paid at its highest bid except nonce `besides`. */
  function allowance(at: StepBlock, besides?: number): bigint {
    const highest = new Map<number, bigint>()
    for (const { nonce, gas, maxFeePerGas } of journal.open(chainId, from)) {
      if (nonce === besides) continue
      const cost = gas * maxFeePerGas
      if (cost > (highest.get(nonce) ?? 0n)) highest.set(nonce, cost)
    }
    const out = [...highest.values()].reduce((total, cost) => total + cost, 0n)
    return policy.dailyCap - journal.spentSince(chainId, from, at.timestamp - secondsPerDay) - out
  }

  async function plan(
    at: StepBlock,
    { nonce, fees, gas, post }: { nonce: number; fees: Fees; gas: bigint; post: Post | undefined },
  ): Promise<Attempt> {
    const to = post?.registry ?? from
    const unsigned = { type: 'eip1559', chainId, nonce, gas, to, value: 0n, ...fees } as const
    const raw = await payer.signTransaction({ ...unsigned, ...(post && { data: post.data }) })
    const attempt: Attempt = {
      chainId,
      from,
      nonce,
      attempt: journal.attemptsOf(chainId, from, nonce).length + 1,
      postId: post?.id ?? null,
      ...fees,
      gas,
      hash: keccak256(raw),
      raw,
      state: 'planned',
      plannedAtBlock: at.number,
      plannedAt: at.timestamp,
    }
    journal.plan(attempt, post)
    return attempt
  }

  /** True when what is out would be refused by now; in the block that it binds it cannot be asked yet. */
  async function isRefusedNow(post: Post, at: StepBlock): Promise<boolean> {
    return at.number > post.blockNumber && (await nodes.refusalOf(post, 'latest')) !== undefined
  }

  async function submit(
    post: Post,
    at: StepBlock,
    { isUrgent = false }: { readonly isUrgent?: boolean } = {},
  ): Promise<SendOutcome> {
    if (post.chainId !== chainId) throw new ForeignChainError(post.chainId, chainId)
    const before = journal.attemptsFor(post.id)
    const mined = before.find(({ state }) => state === 'mined')
    if (mined) return { code: 'already-posted', hash: mined.hash }
    const out = before.findLast(({ state }) => state === 'planned' || state === 'sent')
    if (out) return { code: 'in-flight', hash: out.hash }
    const reason = await nodes.refusalOf(post, 'pending')
    if (reason !== undefined) return { code: 'refused', reason }

    const place = await findPlace(at, isUrgent ? post : undefined)
    if ('code' in place) return place
    const now = await nodes.fees()
    const { nonce, bidBefore } = place
    const fees = bidBefore === undefined ? firstFees(policy.fees, now) : raisedFees(policy.fees, bidBefore, now)
    if (fees === undefined) return { code: 'fee-cap' }
    const estimate = await nodes.gasOf(post)
    const padded = estimate + estimate / 5n
    const gas = padded > mostGas ? mostGas : padded
    if (gas * fees.maxFeePerGas > allowance(at, nonce)) return { code: 'spend-cap' }
    const attempt = await plan(at, { nonce, fees, gas, post })
    const failure = await broadcast(attempt, 'first')
    return failure === undefined
      ? { code: 'sent', hash: attempt.hash }
      : { code: 'not-sent', hash: attempt.hash, reason: failure }
  }

  /** The nonce for a new post: the next one, or that of what is out and no longer worth sending, or not beside an urgent one. */
  async function findPlace(
    at: StepBlock,
    urgent: Post | undefined,
  ): Promise<{ nonce: number; bidBefore?: Fees } | SendOutcome> {
    await step(at, 'look')
    const open = journal.open(chainId, from)
    const last = open.at(-1)
    if (last === undefined) {
      const [nonce, pending] = await Promise.all([
        nodes.nonce({ blockTag: 'latest' }),
        nodes.nonce({ blockTag: 'pending' }),
      ])
      if (pending <= nonce) return { nonce }
      return {
        code: 'foreign-nonce',
        reason: `${pending - nonce} transactions of ${from} are out that are not in the journal`,
      }
    }
    const [first] = open
    const post = last.postId === null ? undefined : journal.post(last.postId)
    const isUseless = post === undefined || (urgent && covers(urgent, post)) || (await isRefusedNow(post, at))
    if (first?.nonce !== last.nonce || !isUseless) return { code: 'in-flight', hash: last.hash }
    return { nonce: last.nonce, bidBefore: last }
  }

  /** `look` only notices what was mined or taken; `act` also sends. */
  async function step(at: StepBlock, mode: 'look' | 'act'): Promise<readonly SenderEvent[]> {
    const events: SenderEvent[] = []
    for (const attempt of journal.minedSince(chainId, from, at.number - policy.confirmations)) {
      const receipt = await nodes.receipt(attempt.hash)
      if (receipt === undefined) {
        journal.settle(attempt.hash, { state: 'sent' })
        events.push({ code: 'reorged', nonce: attempt.nonce, hash: attempt.hash, post: postOf(attempt) })
      } else if (receipt.blockNumber !== attempt.minedIn) settleMined(at, attempt, receipt)
    }
    const nonces = [...new Set(journal.open(chainId, from).map(({ nonce }) => nonce))]
    for (const nonce of nonces) {
      const attempts = journal.attemptsOf(chainId, from, nonce)
      const settled = await settleNonce(at, attempts)
      if (settled) events.push(settled)
      else if (mode === 'act') events.push(...(await follow(at, attempts)))
    }
    return events
  }

  const postOf = ({ postId }: Attempt) => (postId === null ? undefined : journal.post(postId))

  /** Writes down where an attempt is in the chain and what it cost, which a reorganization may change; returns the cost. */
  function settleMined(at: StepBlock, { hash }: Attempt, receipt: TransactionReceipt): bigint {
    const { status, gasUsed, effectiveGasPrice, blockNumber: minedIn } = receipt
    const fee = gasUsed * effectiveGasPrice
    journal.settle(hash, {
      state: status === 'success' ? 'mined' : 'reverted',
      minedIn,
      gasUsed,
      fee,
      paidAt: at.timestamp,
    })
    return fee
  }

  /** Settles a nonce that the chain has used; nothing while it has not. */
  async function settleNonce(at: StepBlock, attempts: readonly Attempt[]): Promise<SenderEvent | undefined> {
    for (const attempt of attempts) {
      const receipt = await nodes.receipt(attempt.hash)
      if (receipt === undefined) continue
      const { status, gasUsed, logs } = receipt
      for (const { hash, state } of attempts) {
        if (hash !== attempt.hash && (state === 'planned' || state === 'sent'))
          journal.settle(hash, { state: 'replaced' })
      }
      const fee = settleMined(at, attempt, receipt)
      const { nonce, hash } = attempt
      const post = postOf(attempt)
      if (status !== 'success') return { code: 'reverted', nonce, hash, post, gasUsed, fee }
      const code = post === undefined ? 'cancelled' : storesNothing(logs) ? 'changed-nothing' : 'mined'
      return { code, nonce, hash, post, gasUsed, fee }
    }
    const [first] = attempts
    if (first === undefined || at.number < receiptDelay) return undefined
    if ((await nodes.nonce({ blockNumber: at.number - receiptDelay })) <= first.nonce) return undefined
    for (const { hash } of attempts) journal.settle(hash, { state: 'replaced' })
    return { code: 'nonce-taken', nonce: first.nonce, hash: first.hash, post: postOf(first) }
  }

  /** Keeps a transaction that is out moving. */
  async function follow(at: StepBlock, attempts: readonly Attempt[]): Promise<readonly SenderEvent[]> {
    const last = attempts.at(-1)
    if (last === undefined) return []
    const { nonce, hash } = last
    const events: SenderEvent[] = []
    const waited = at.number - last.plannedAtBlock
    const isLost = !(await nodes.isKnown(hash))
    if (isLost || waited >= policy.privateBlocks) {
      await broadcast(last, 'all')
      if (isLost) events.push({ code: 'rebroadcast', nonce, hash, post: postOf(last) })
    }
    if (waited < policy.bumpAfterBlocks) return events
    const post = postOf(last)
    const isUseless = post !== undefined && (await isRefusedNow(post, at))
    return [...events, await replace(at, last, isUseless ? undefined : post)]
  }

  /** Bids more for a post, or for an empty transaction in its place. */
  async function replace(at: StepBlock, last: Attempt, post: Post | undefined): Promise<SenderEvent> {
    const { nonce, hash } = last
    const about = { nonce, post: post ?? postOf(last) }
    const fees = raisedFees(policy.fees, last, await nodes.fees())
    if (fees === undefined) return { code: 'fee-cap', hash, ...about }
    const gas = post === undefined ? gasOfTransfer : last.gas
    if (gas * fees.maxFeePerGas > allowance(at, nonce)) return { code: 'spend-cap', hash, ...about }
    const attempt = await plan(at, { nonce, fees, gas, post })
    await broadcast(attempt, at.number - last.plannedAtBlock >= policy.privateBlocks ? 'all' : 'first')
    return { code: post === undefined ? 'cancelling' : 'fee-bump', hash: attempt.hash, ...about }
  }

  async function unstick(at: StepBlock): Promise<readonly SenderEvent[]> {
    const events = [...(await step(at, 'look'))]
    const [next, pending] = await Promise.all([
      nodes.nonce({ blockTag: 'latest' }),
      nodes.nonce({ blockTag: 'pending' }),
    ])
    const own = journal.open(chainId, from).map(({ nonce }) => nonce)
    const nonces = new Set([...own, ...Array.from({ length: Math.max(0, pending - next) }, (_, i) => next + i)])
    for (const nonce of [...nonces].sort((a, b) => a - b)) events.push(await cancel(at, nonce))
    return events
  }

  /** An empty transaction at a nonce, bid up until a node takes it in the place of one that the journal does not know. */
  async function cancel(at: StepBlock, nonce: number): Promise<SenderEvent> {
    const now = await nodes.fees()
    let before: Fees | undefined = journal.attemptsOf(chainId, from, nonce).at(-1)
    for (;;) {
      const fees = before === undefined ? firstFees(policy.fees, now) : raisedFees(policy.fees, before, now)
      const known = journal.attemptsOf(chainId, from, nonce).at(-1)
      if (fees === undefined) return { code: 'fee-cap', nonce, hash: known?.hash ?? '0x' }
      if (gasOfTransfer * fees.maxFeePerGas > allowance(at, nonce)) {
        return { code: 'spend-cap', nonce, hash: known?.hash ?? '0x' }
      }
      const attempt = await plan(at, { nonce, fees, gas: gasOfTransfer, post: undefined })
      const failure = await broadcast(attempt, 'all')
      if (failure === undefined || !/underpriced/i.test(failure))
        return { code: 'cancelling', nonce, hash: attempt.hash }
      before = attempt
    }
  }

  return { address: from, submit, step: (at) => step(at, 'act'), unstick }
}

/** A post for another chain than the sender's. */
export class ForeignChainError extends BaseError {
  override readonly name = 'ForeignChainError'

  constructor(found: number, expected: number) {
    super(`A post for chain ${found} was handed to the sender of chain ${expected}.`)
  }
}

/** Whether a post says of all accounts of another what is newer. */
function covers(post: Post, other: Post): boolean {
  const accounts = new Set(post.accounts.map((account) => account.toLowerCase()))
  return post.observedAt > other.observedAt && other.accounts.every((account) => accounts.has(account.toLowerCase()))
}

/** The registry says nothing of what it does not store, but for a batch, whose event says how many it stored. */
function storesNothing(logs: readonly Log[]): boolean {
  if (logs.length === 0) return true
  const batches = parseEventLogs({ abi: marginRegistryAbi, eventName: 'MarginBatchAttested', logs: [...logs] })
  return batches.length === logs.length && batches.every(({ args }) => args.stored === 0n)
}
