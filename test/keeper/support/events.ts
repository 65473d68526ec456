import type {
  CosignEvent,
  DecisionEvent,
  EndpointEvent,
  FailureEvent,
  KeeperEvent,
  LifeEvent,
  PayerEvent,
  PostEvent,
  RefusalEvent,
  RoundEvent,
  TransactionEvent,
} from '../../../src/keeper/events.ts'

export const accountOf = (index: number) => `0x${index.toString(16).padStart(40, '0')}` as const
export const hashOf = (index: number) => `0x${index.toString(16).padStart(64, '0')}` as const
export const payer = accountOf(0xfee)

const usd = 1_000_000n
const ether = 10n ** 18n

export const started = (other: Partial<LifeEvent> = {}): LifeEvent => ({
  ...{ event: 'started', live: true, accounts: 2 },
  ...other,
})

/** Ratio 2.5, free. */
export const decision = (other: Partial<DecisionEvent> = {}): DecisionEvent => ({
  ...{ event: 'decision', account: accountOf(1), blockNumber: 100n, time: 1_800_000_000, code: 'unchanged' },
  ...{ action: 'skipped', equity: 2_500n * usd, initialMargin: 1_000n * usd, maintenanceMargin: 800n * usd },
  ...{ ageSeconds: 30, ...other },
})

export const refusal = (other: Partial<RefusalEvent> = {}): RefusalEvent => ({
  ...{ event: 'refused', account: accountOf(2), blockNumber: 100n, code: 'refused', error: 'StaleMarketDataError' },
  ...{ message: 'The price of ETH is 4,000 seconds old.', ...other },
})

export const post = (other: Partial<PostEvent> = {}): PostEvent => ({
  ...{ event: 'post', code: 'sent', form: 'single', blockNumber: 100n, accounts: [accountOf(1)] },
  ...{ postId: hashOf(1), hash: hashOf(2), ...other },
})

export const transaction = (other: Partial<TransactionEvent> = {}): TransactionEvent => ({
  ...{ event: 'transaction', code: 'mined', nonce: 7, hash: hashOf(2), blockNumber: 101n, accounts: [accountOf(1)] },
  ...{ gasUsed: 50_000n, fee: ether / 1_000n, form: 'single', ...other },
})

export const purse = (other: Partial<PayerEvent> = {}): PayerEvent => ({
  ...{ event: 'payer', payer, blockNumber: 100n, balance: ether, spent: ether / 100n, cap: ether / 10n, open: 0 },
  ...other,
})

export const endpoint = (other: Partial<EndpointEvent> = {}): EndpointEvent => ({
  ...{ event: 'endpoint', endpoint: 'rpc 1', status: 'ready', lag: 0, quorum: 1, disagreements: 0 },
  ...other,
})

export const cosign = (other: Partial<CosignEvent> = {}): CosignEvent => ({
  ...{ event: 'cosign', peer: 'keeper-b', blockNumber: 100n, code: 'signed' },
  ...other,
})

export const round = (other: Partial<RoundEvent> = {}): RoundEvent => ({
  ...{ event: 'round', blockNumber: 100n, blockHash: hashOf(100), time: 1_800_000_000, accounts: 2, recomputed: 2 },
  ...{ refused: 1, posts: 1, seconds: { read: 0.2, margin: 0.05, decide: 0.001, sign: 0.002, send: 0.1 }, ...other },
})

export const failure = (other: Partial<FailureEvent> = {}): FailureEvent => ({
  ...{ event: 'failure', stage: 'round', error: 'EndpointsFailedError', message: 'rpc 1: HTTP status 429' },
  ...other,
})

/** One of each kind: a round of two accounts, of which one is refused and one is posted. */
export const everyEvent: readonly KeeperEvent[] = [
  started(),
  ...[endpoint(), endpoint({ endpoint: 'rpc 2', status: 'lagging', lag: 33, problem: 'slower than its quorum' })],
  ...[decision({ code: 'worse', action: 'posting' }), refusal(), cosign(), post(), purse({ open: 1 }), round()],
  ...[transaction(), failure(), started({ event: 'draining' }), started({ event: 'stopped' })],
]

/** A clock that stands until it is set forward. */
export function standingClock(start = 1_800_000_000_000) {
  let time = start
  return {
    now: () => time,
    /** Seconds. */
    pass: (seconds: number) => {
      time += seconds * 1000
    },
  }
}
