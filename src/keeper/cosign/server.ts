import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, getAddress } from 'viem'
import type { AttestationDomain } from '../../attest/typedData.ts'
import { BaseError } from '../../core/errors.ts'
import type { CosignEvent } from '../events.ts'
import { isSignedByProposer, readClaim, replayGuard } from './authentication.ts'
import type { Judge } from './judge.ts'
import {
  type CosignAnswer,
  type CosignRequest,
  cosignPath,
  maximumRequestBytes,
  parseRequest,
  type RefusalReason,
  refuse,
} from './protocol.ts'
import { type Rate, rateLimit } from './rateLimit.ts'

/** Bounds of what a co-signer takes upon itself for others. */
export type ServerLimits = {
  readonly requestBytes: number
  /** Requests of one network address, before it is known who asks. */
  readonly ofAddress: Rate
  /** Requests that a proposer has signed. */
  readonly ofProposer: Rate
  /** Requests that read the chain at once, in all and of one proposer. */
  readonly running: number
  readonly runningOfProposer: number
  /** Milliseconds for a request to arrive whole. */
  readonly arrival: number
  readonly connections: number
}

const defaultServerLimits: ServerLimits = {
  requestBytes: maximumRequestBytes,
  ofAddress: { perSecond: 20, burst: 60 },
  ofProposer: { perSecond: 2, burst: 10 },
  running: 4,
  runningOfProposer: 2,
  arrival: 10_000,
  connections: 64,
}

export type CosignServerOptions = {
  readonly domain: AttestationDomain
  /** The own signer: a request names the one that it is for. */
  readonly cosigner: Address
  /** Who may ask: keepers by the address that they sign with, and what they are called in events. */
  readonly proposers: ReadonlyMap<Address, string>
  readonly judge: Judge
  /** Is told what was answered to whom, of requests that a proposer has signed. */
  readonly observer: (event: CosignEvent) => void
  readonly limits?: Partial<ServerLimits>
  readonly host?: string
  /** 0 for a free one. */
  readonly port?: number
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** A running co-signer. */
export type CosignServer = {
  readonly host: string
  readonly port: number
  /** Takes no more requests, answers those that it has, and ends; within `drain` milliseconds at the latest. */
  close(drain?: number): Promise<void>
}

/** The address is not free. */
export class CosignServerError extends BaseError {
  override readonly name = 'CosignServerError'
}

const statusOf: Partial<Record<RefusalReason, number>> = {
  unauthenticated: 401,
  'stale-request': 401,
  replayed: 401,
  'too-large': 413,
  malformed: 400,
  'too-many-requests': 429,
  busy: 503,
}

/**
 * Serves `POST /v1/cosign` over plain HTTP; a proxy in front of it adds TLS. The chain is asked for nobody but a known proposer.
 *
 * @throws {CosignServerError} when it cannot listen.
 */
export async function startCosignServer(options: CosignServerOptions): Promise<CosignServer> {
  const { domain, cosigner, judge, observer, host = '127.0.0.1', port = 0, now = Date.now } = options
  const limits = { ...defaultServerLimits, ...options.limits }
  const proposers = new Map([...options.proposers].map(([address, name]) => [getAddress(address), name]))
  const guard = replayGuard(now)
  const isAddressAllowed = rateLimit(limits.ofAddress, now)
  const isProposerAllowed = rateLimit(limits.ofProposer, now)
  const running = new Map<Address, number>()
  const total = () => [...running.values()].reduce((sum, count) => sum + count, 0)

  async function answer(request: IncomingMessage): Promise<CosignAnswer> {
    if (!isAddressAllowed(request.socket.remoteAddress ?? '')) return refuse('too-many-requests')
    const read = readClaim(request.headers, cosigner)
    if (read === undefined) return refuse('unauthenticated')
    const proposer = getAddress(read.claim.proposer)
    const peer = proposers.get(proposer)
    if (peer === undefined) return refuse('unauthenticated')
    if (!guard.isFresh(read.claim)) return refuse('stale-request')
    const body = await readBody(request, limits.requestBytes)
    if (body === undefined) return refuse('too-large')
    if (!(await isSignedByProposer(read, body, domain))) return refuse('unauthenticated')
    // In this order: whoever sends requests of a proposer again uses up neither its rate nor memory.
    if (guard.wasSeen(read.claim)) return refuse('replayed')
    if (!isProposerAllowed(proposer)) return refuse('too-many-requests')
    guard.remember(read.claim)
    const proposal = parseRequest(new TextDecoder().decode(body))
    const answered = proposal === undefined ? refuse('malformed') : await judgeOf(proposer, proposal)
    observer(toEvent(peer, proposal?.blockNumber ?? 0n, answered))
    return answered
  }

  async function judgeOf(proposer: Address, proposal: CosignRequest): Promise<CosignAnswer> {
    const own = running.get(proposer) ?? 0
    if (own >= limits.runningOfProposer || total() >= limits.running) return refuse('busy')
    running.set(proposer, own + 1)
    try {
      return await judge(proposal, proposer)
    } finally {
      running.set(proposer, (running.get(proposer) ?? 1) - 1)
    }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== cosignPath) return end(response, 404, '')
    if (request.method !== 'POST') return end(response, 405, '')
    const answered = await answer(request)
    const status = answered.code === 'refused' ? (statusOf[answered.reason] ?? 200) : 200
    // What was not read whole leaves the connection in the middle of a request.
    if (!request.complete) response.setHeader('connection', 'close')
    end(response, status, JSON.stringify(answered))
  }

  const server = createServer(
    {
      headersTimeout: limits.arrival,
      requestTimeout: limits.arrival,
      connectionsCheckingInterval: Math.max(100, limits.arrival / 4),
      keepAliveTimeout: 5_000,
      maxHeaderSize: 4096,
    },
    (request, response) => {
      respond(request, response).catch(() => response.destroy())
    },
  )
  server.maxConnections = limits.connections
  server.maxRequestsPerSocket = 1000
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      reject(
        new CosignServerError(`A co-signer cannot listen on ${host}:${port}: ${code ?? 'unknown'}.`, {
          metaMessages: ['Name another address with --listen.'],
        }),
      )
    })
    server.listen(port, host, resolve)
  })
  const bound = server.address() as AddressInfo
  return {
    host: bound.address,
    port: bound.port,
    async close(drain = 10_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const waiting = new AbortController()
      await Promise.race([closed, sleep(drain, undefined, { signal: waiting.signal }).catch(() => undefined)])
      waiting.abort()
      server.closeAllConnections()
      await closed
    },
  }
}

/** The body, or nothing when it is longer than allowed. */
async function readBody(request: IncomingMessage, maximum: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maximum) return undefined
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > maximum) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(text)
}

function toEvent(peer: string, blockNumber: bigint, answer: CosignAnswer): CosignEvent {
  const about = { event: 'cosign', peer, blockNumber, code: answer.code } as const
  switch (answer.code) {
    case 'signed':
      return about
    case 'refused':
      return { ...about, reason: answer.error === undefined ? answer.reason : `${answer.reason}: ${answer.error}` }
    case 'differs':
      return { ...about, field: answer.field, reason: `${answer.proposed}, not ${answer.recomputed}` }
  }
}
