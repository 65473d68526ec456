import type { Address, Client, Hex } from 'viem'
import { decodeFlags, expiresAt } from '../attest/record.ts'
import type { AttestationDomain } from '../attest/typedData.ts'
import { pinBlock } from '../chain/pinBlock.ts'
import { InvalidInputError } from '../core/errors.ts'
import type { MarginParameters } from '../core/parameters.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import type { Wad } from '../core/units.ts'
import type { DiscoveryOptions } from '../discovery.ts'
import { draftOf } from '../engine.ts'
import type { MarketSources } from '../market/source.ts'
import { type ReadSnapshotsOptions, readSnapshots, type SnapshotsReading } from '../readSnapshots.ts'
import { requireRegistered } from '../registry.ts'
import { type RegistryRecords, readRecords } from '../registryRecords.ts'
import { rereadSnapshots } from '../rereadSnapshots.ts'
import type { CollectSignatures } from './cosign/collect.ts'
import { type Decided, type Decisions, decideRound } from './decide.ts'
import { type Evaluated, evaluate, type KeptAccount, type Refused, refresh } from './evaluate.ts'
import type { KeeperObserver } from './events.ts'
import { choosePosts, type FormPolicy, type PlannedPost, requireFormPolicy, usesRoots } from './forms.ts'
import { freeEquityOf, type LastPost } from './policy.ts'
import type { Computed, RecheckPolicy } from './recheck.ts'
import { reportDecisions, reportPayer, reportRefusals, toFailureEvent, toTransactionEvent } from './report.ts'
import { newestRoot, type PublishedRoot, type RootStore, recordsUnder } from './roots.ts'
import type { Journal } from './sending/journal.ts'
import { journalDecisions } from './sending/journalDecisions.ts'
import { postsOut, recordsOut } from './sending/outstanding.ts'
import { defaultJournalKeep, pruneDaily } from './sending/pruneDaily.ts'
import type { Sender } from './sending/sender.ts'
import { sendPosts } from './sending/sendPosts.ts'
import { stopwatch } from './stopwatch.ts'
import { createTurns, rankOf, type TurnPolicy } from './turn.ts'

/** What a keeper needs to send. */
export type Sending = {
  readonly sender: Sender
  readonly journal: Journal
  readonly collect: CollectSignatures
  /** Most that is spent in 24 hours, wei; told with every round. */
  readonly dailyCap: bigint
  /** Seconds that the journal keeps what is settled, 90 days by default. */
  readonly journalKeep?: number
}

export type KeeperOptions = {
  readonly client: Client
  readonly deployment: AttestationDomain & { readonly parameters: MarginParameters }
  readonly accounts: readonly KeptAccount[]
  /** Longest validity of a record, 15 s · 2^code. */
  readonly validityCode: number
  readonly forms: FormPolicy
  /** Without it every margin is calculated in every round. */
  readonly recheck?: RecheckPolicy | undefined
  /** WAD share of its heartbeat or deviation from which an account may ride along. */
  readonly rideAlong: Wad
  readonly index?: DiscoveryOptions['index']
  readonly idsOf?: ReadSnapshotsOptions['idsOf']
  /** Asked in every round; the chain's own sources by default. */
  readonly loadSources?: () => Promise<MarketSources | undefined>
  /** Without it the keeper is dry: it decides, and signs and sends nothing. */
  readonly sending?: Sending | undefined
  /** Where there are other keepers of the registry; without it this one never waits for them. */
  readonly turn?: TurnPolicy | undefined
  /** Where trees are published; a keeper that uses roots and sends needs one. */
  readonly roots?: RootStore | undefined
  readonly observe: KeeperObserver
}

/** Keeps accounts, a round at a time. */
export interface Keeper {
  readonly isLive: boolean
  readonly accounts: number
  /**
   * One round at a block: follows what is out, reads, calculates, decides, signs and sends. An account that is refused does not
   * stop the others. Once `signal` is aborted nothing more is begun.
   *
   * @throws {ParametersMismatchError} when the registry commits to other parameters.
   * @throws whatever reading the chain refuses as a whole.
   */
  round(blockNumber: bigint, signal?: AbortSignal): Promise<void>
  /** Follows what is out without a round: the last thing before an end. */
  settle(): Promise<void>
  /** What shows an account's record under the newest root that the registry holds, for `verify` and `postLeaf`. */
  proofOf(account: Address): Hex | undefined
}

/** What a round came to. */
type Concluded = {
  readonly evaluated: readonly Evaluated[]
  readonly refused: readonly Refused[]
  readonly decisions: Decisions
  readonly planned: readonly PlannedPost[]
}

/**
 * A keeper of accounts at one registry.
 *
 * @throws {FormPolicyError} for a rule of forms that no registry takes.
 * @throws {InvalidInputError} for an account that is there twice, for roots that nobody could prove against, and for a journal that
 * forgets too early.
 */
export function createKeeper(options: KeeperOptions): Keeper {
  const { client, deployment, accounts, validityCode, forms, recheck, rideAlong, sending, roots, observe } = options
  const { chainId, registry, parameters } = deployment
  const domain = { chainId, registry }
  requireFormPolicy(forms)
  if (usesRoots(forms) && sending !== undefined && roots === undefined) {
    throw new InvalidInputError('A keeper that posts roots needs a place to publish their trees.')
  }
  const policies = new Map(accounts.map(({ account, policy }) => [account, policy]))
  if (policies.size < accounts.length) throw new InvalidInputError('An account is to be kept twice.')
  const flags = { validityCode, confirmed: false, rootMode: usesRoots(forms) }
  const { turn } = options
  const turns = turn && createTurns(turn.seconds)
  const writeDecisions = sending && journalDecisions(sending.journal, chainId)
  const prune = sending && pruneDaily(sending.journal, sending.journalKeep ?? defaultJournalKeep)

  /** Margins and the reading of earlier rounds: lost with the process, and then made again. */
  const known = new Map<Address, Computed>()
  let previous: SnapshotsReading | undefined
  let root: PublishedRoot | undefined

  async function read(blockNumber: bigint): Promise<SnapshotsReading> {
    const { index, idsOf, loadSources } = options
    const asked = {
      ...{ parameters, blockNumber, accounts: [...policies.keys()], sources: await loadSources?.() },
      ...(index && { index }),
      ...(idsOf && { idsOf }),
    }
    previous = previous ? await rereadSnapshots(client, previous, asked) : await readSnapshots(client, asked)
    return previous
  }

  const recordsAt = (block: PinnedBlock, of: readonly Address[]) =>
    readRecords(client, block, { registry, modelId: parameters.modelId, accounts: of })

  /**
   * What consumers rely on: the stored record, or a newer one under the newest root. A stored one that does not live under roots
   * still counts beside its leaf; of the two, whoever shows a record shows the one that promises more.
   */
  function lastOf({ stored, newestRootAt, invalidBefore, retired, block }: RegistryRecords) {
    const leaves = root === undefined || root.observedAt !== newestRootAt ? undefined : recordsUnder(root)
    return (account: Address): LastPost | null => {
      const own = stored.get(account) ?? null
      const leaf = leaves?.get(account)
      if (leaf === undefined || (own !== null && own.observedAt >= leaf.observedAt)) return own
      if (own?.isUsable && !decodeFlags(own.flags).rootMode && freeEquityOf(own) > freeEquityOf(leaf)) return own
      const isUsable = leaf.observedAt >= invalidBefore && !retired && block.timestamp <= expiresAt(leaf)
      return { ...leaf, isUsable }
    }
  }

  async function follow(blockNumber: bigint): Promise<void> {
    if (sending === undefined) return
    try {
      const { number, timestamp } = await pinBlock(client, { chainId, blockNumber })
      for (const event of await sending.sender.step({ number, timestamp })) observe(toTransactionEvent(event, number))
    } catch (error) {
      // News may be waiting: a node that does not tell what is out must not stop the round.
      observe(toFailureEvent('sending', error))
    }
  }

  /**
   * Decides, with every account that is to be posted calculated from this block, and against what the registry holds by now: a
   * round takes time, in which an earlier post may have come in.
   */
  async function conclude(
    first: { readonly evaluated: readonly Evaluated[]; readonly refused: readonly Refused[] },
    records: RegistryRecords,
  ): Promise<Concluded> {
    const signatures = records.signerSet.threshold
    const posts = sending ? postsOut(sending.journal, chainId, sending.sender.address) : []
    const out = await recordsOut(posts, roots)
    const place = turn && turns && { turns, rank: rankOf(turn, records.signerSet) }
    const decide = (from: readonly Evaluated[]) => decideRound(from, { forms, signatures, rideAlong, out, turn: place })
    const choose = ({ due, riders }: Decisions) => choosePosts(forms, due, signatures, riders)

    const decisions = decide(first.evaluated)
    if (decisions.due.length === 0) return { ...first, decisions, planned: [] }
    const refused = [...first.refused]
    const freshen = (from: readonly Evaluated[], isWanted: (account: Address) => boolean) =>
      from.flatMap((one) => {
        if (!isWanted(one.account)) return [one]
        const fresh = refresh(one, known, { parameters, flags })
        if (!('refusal' in fresh)) return [fresh]
        refused.push(fresh)
        return []
      })
    const finish = (evaluated: readonly Evaluated[]): Concluded => {
      const last = decide(evaluated)
      const isFresh = new Map(evaluated.map((one) => [one.account, one.isFresh]))
      const ready = {
        ...last,
        due: last.due.filter(({ account }) => isFresh.get(account)),
        riders: last.riders.filter(({ account }) => isFresh.get(account)),
      }
      return { evaluated, refused, decisions: ready, planned: choose(ready) }
    }
    const hasRoot = (planned: readonly PlannedPost[]) => planned.some(({ form }) => form === 'root')
    const isRoot = hasRoot(choose(decisions))
    const wanted = new Set([...decisions.due, ...decisions.riders].map(({ account }) => account))
    const fresh = freshen(first.evaluated, (account) => isRoot || wanted.has(account))
    const concluded = finish(sending === undefined ? fresh : await withNewerRecords(fresh, wanted, records.block))
    if (isRoot || !hasRoot(concluded.planned)) return concluded
    // More are due by now than before, and a root is over all accounts.
    return finish(freshen(concluded.evaluated, () => true))
  }

  async function withNewerRecords(
    evaluated: readonly Evaluated[],
    wanted: ReadonlySet<Address>,
    block: PinnedBlock,
  ): Promise<readonly Evaluated[]> {
    const head = await pinBlock(client, { chainId })
    if (head.hash === block.hash) return evaluated
    const newer = await recordsAt(head, [...wanted])
    if (usesRoots(forms) && roots) root = await newestRoot(client, roots, { domain, records: newer, known: root })
    const newerOf = lastOf(newer)
    return evaluated.map((one) => (wanted.has(one.account) ? { ...one, last: newerOf(one.account) } : one))
  }

  async function round(blockNumber: bigint, signal?: AbortSignal): Promise<void> {
    const clock = stopwatch('send')
    await follow(blockNumber)
    clock.turn('read')
    const { block, readings } = await read(blockNumber)
    const records = await recordsAt(block, [...policies.keys()])
    requireRegistered(records, parameters)
    if (usesRoots(forms) && roots) root = await newestRoot(client, roots, { domain, records, known: root })
    clock.turn('margin')
    const first = await evaluate(readings, known, {
      ...{ parameters, flags, recheck, lastOf: lastOf(records) },
      policyOf: (account) => policies.get(account) as KeptAccount['policy'],
      improvementOf: (account) => ({ bounds: records.bounds, stored: records.stored.get(account) ?? null }),
    })
    clock.turn('decide')
    const { evaluated, refused, decisions, planned } = await conclude(first, records)
    const decided = withRiders(decisions.decided, planned)
    reportRefusals(refused, block, observe)
    reportDecisions(decided, { block, isLive: sending !== undefined, observe })
    writeDecisions?.(decided, block)
    prune?.(block.timestamp)

    let posts = 0
    if (sending !== undefined && signal?.aborted !== true) {
      const byAccount = new Map(evaluated.map((one) => [one.account, one]))
      const ofPost = (post: PlannedPost): readonly Evaluated[] =>
        post.form === 'root'
          ? evaluated.filter(({ isFresh }) => isFresh)
          : post.accounts.map((account) => byAccount.get(account) as Evaluated)
      posts = await sendPosts(planned, {
        ...{ domain, block, signerSet: records.signerSet, sender: sending.sender, collect: sending.collect, roots },
        ...{ observe, isUrgent: decisions.isUrgent, isEnding: () => signal?.aborted === true, onStage: clock.turn },
        accountsOf: (post) => ofPost(post).map(({ account }) => account),
        draftsOf: (post) =>
          ofPost(post).map(({ snapshot, computed, improvement }) =>
            draftOf(snapshot, computed.result, {
              ...{ parameters, setId: records.signerSet.setId, improvement },
              ...flags,
            }),
          ),
      })
      await reportPayer({ client, chainId, ...sending, block, observe })
    }
    const recomputed = evaluated.filter(({ isFresh }) => isFresh).length
    observe({
      ...{ event: 'round', blockNumber: block.number, blockHash: block.hash, time: block.timestamp },
      ...{ accounts: policies.size, recomputed, refused: refused.length, posts },
      seconds: clock.stop(),
    })
  }

  return {
    isLive: sending !== undefined,
    accounts: policies.size,
    round,
    settle: async () => follow((await pinBlock(client, { chainId })).number),
    proofOf: (account) => root?.proofs[account],
  }
}

/** Accounts that rest, but are in a batch that goes out. */
function withRiders(decided: readonly Decided[], planned: readonly PlannedPost[]): readonly Decided[] {
  const posted = new Set(planned.flatMap((post) => (post.form === 'root' ? [] : post.accounts)))
  return decided.map((one) =>
    one.code === 'unchanged' && posted.has(one.evaluated.account) ? { ...one, code: 'ride-along' } : one,
  )
}
