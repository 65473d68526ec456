import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Address, getAddress, isAddress } from 'viem'
import { valueRedactor } from '../../chain/redactValue.ts'
import type { Secrets } from '../../chain/secrets.ts'
import { BaseError } from '../../core/errors.ts'
import { defaultHealthBounds, type HealthBounds, livenessOf, readinessOf, statusReport } from './health.ts'
import type { KeeperMetrics } from './metrics.ts'
import type { KeeperStanding } from './standing.ts'

export type StatusServerOptions = {
  readonly standing: KeeperStanding
  readonly metrics: Pick<KeeperMetrics, 'text' | 'contentType'>
  /** The loopback interface by default. Another one shows accounts and purse to whoever reaches it. */
  readonly host?: string
  /** 0 for a free one. */
  readonly port: number
  readonly bounds?: HealthBounds
  /** Texts that no answer may hold. */
  readonly secrets?: Secrets
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Bounds on who asks; for tests. */
  readonly limits?: Partial<StatusLimits>
}

/** What one who asks may take. Milliseconds, bytes and counts. */
export type StatusLimits = {
  readonly connections: number
  readonly headers: number
  /** For the request to be complete, and again for the answer to be taken. */
  readonly patience: number
  /** For which a rendered answer is given to all. */
  readonly reuse: number
}

const defaultLimits: StatusLimits = { connections: 64, headers: 8_192, patience: 10_000, reuse: 1_000 }

/** The status server could not listen where it was told. */
export class StatusServerError extends BaseError {
  override readonly name = 'StatusServerError'
}

/** A server that tells how the keeper stands. */
export type StatusServer = {
  readonly host: string
  readonly port: number
  readonly close: () => Promise<void>
}

type Answer = { readonly status: number; readonly type: string; readonly body: string }

/**
 * Serves `/livez`, `/readyz`, `/status` and `/metrics` to GET requests. Whoever asks slowly, with much, or over many
 * connections is cut off: the oldest idle connection makes room for a new one.
 *
 * @throws {StatusServerError} when host and port cannot be listened on.
 */
export async function startStatusServer({
  standing,
  metrics,
  host = '127.0.0.1',
  port,
  bounds = defaultHealthBounds,
  secrets = [],
  now = Date.now,
  limits: given = {},
}: StatusServerOptions): Promise<StatusServer> {
  const limits = { ...defaultLimits, ...given }
  const isPrivate = isLoopback(host)
  const redacted = valueRedactor(secrets)
  const json = (status: number, value: unknown): Answer => ({
    ...{ status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(redacted(value))}\n` },
  })
  const health = (reasons: readonly unknown[]) =>
    json(reasons.length === 0 ? 200 : 503, { ok: reasons.length === 0, reasons })
  const cached = reuse(limits.reuse, now)

  async function answer(path: string, account: Address | undefined): Promise<Answer | undefined> {
    switch (path) {
      case '/livez':
        return health(livenessOf(standing, now(), bounds))
      case '/readyz':
        return health(readinessOf(standing, now(), bounds))
      case '/status':
        if (account !== undefined) return json(200, statusReport(standing, now(), account))
        return cached(path, async () => statusAnswer(statusReport(standing, now()), json))
      case '/metrics':
        return cached(path, async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }))
      default:
        return undefined
    }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.socket.destroyed) return
    const deadline = setTimeout(() => request.socket.destroy(), limits.patience)
    response.once('close', () => clearTimeout(deadline))
    const { method, url = '/', headers } = request
    const send = (status: number, type: string, body: string, more: Readonly<Record<string, string>> = {}) =>
      response.writeHead(status, { ...safeHeaders, 'content-type': type, ...more }).end(body)
    const refuse = (status: number, why: string, more: Readonly<Record<string, string>> = {}) =>
      send(status, 'text/plain; charset=utf-8', `${why}\n`, { connection: 'close', ...more })

    if (method !== 'GET') return void refuse(405, 'only GET', { allow: 'GET' })
    if (hasBody(request)) return void refuse(400, 'no body is expected')
    // A page in a browser of this machine could be made to ask by a name that leads here.
    if (isPrivate && !isLoopback(hostOf(headers.host))) return void refuse(403, 'ask by a loopback address')
    if (!URL.canParse(url, 'http://localhost')) return void refuse(400, 'the path is none')
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const asked = searchParams.get('account')
    if (asked !== null && !isAddress(asked, { strict: false })) return void refuse(400, 'account is no address')
    const found = await answer(pathname, asked === null ? undefined : getAddress(asked))
    if (found === undefined) return void refuse(404, 'ask /livez, /readyz, /status or /metrics')
    send(found.status, found.type, found.body)
  }

  const server = createServer(
    {
      ...{ maxHeaderSize: limits.headers, headersTimeout: limits.patience, requestTimeout: limits.patience },
      ...{ keepAliveTimeout: 5_000, connectionsCheckingInterval: Math.min(1_000, limits.patience) },
    },
    (request, response) => {
      respond(request, response).catch(() => {
        if (!response.headersSent) response.writeHead(500, safeHeaders)
        response.end()
      })
    },
  )
  server.setTimeout(limits.patience, (socket) => socket.destroy())
  server.maxRequestsPerSocket = 1_000
  limitConnections(server, limits.connections)

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code ?? error.name
      reject(
        new StatusServerError(`The status server cannot listen on ${host} port ${port}: ${why}.`, {
          metaMessages: ['Name another address with --listen.'],
        }),
      )
    })
    server.listen(port, host, resolve)
  })
  server.on('error', () => {})
  const { port: bound } = server.address() as AddressInfo
  return {
    ...{ host, port: bound },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const safeHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const

/** The values of infinite ratios become text in {@link valueRedactor}; lists of accounts are shown whole. */
function statusAnswer(
  { accounts, ...report }: ReturnType<typeof statusReport>,
  json: (status: number, value: unknown) => Answer,
): Answer {
  const { body, ...rest } = json(200, report)
  const shown = accounts.map((account) => json(200, account).body.trimEnd())
  return { ...rest, body: `${body.trimEnd().slice(0, -1)},"accounts":[${shown.join(',')}]}\n` }
}

/** Renders an answer once for all who ask within a time, however many they are. */
function reuse(milliseconds: number, now: () => number) {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<Answer> }>()
  return (path: string, render: () => Promise<Answer>): Promise<Answer> => {
    const before = kept.get(path)
    const age = before === undefined ? undefined : now() - before.at
    if (before !== undefined && age !== undefined && age >= 0 && age < milliseconds) return before.answer
    const entry = { at: now(), answer: render() }
    kept.set(path, entry)
    entry.answer.catch(() => kept.delete(path))
    return entry.answer
  }
}

/**
 * One request at a time on a connection. When there are too many connections the oldest that waits for no answer is closed, so
 * that idle ones block nobody.
 */
function limitConnections(server: ReturnType<typeof createServer>, most: number): void {
  const open = new Set<Socket>()
  const busy = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    if (open.size >= most) {
      const [oldest] = open
      const victim = [...open].find((other) => !busy.has(other)) ?? oldest
      victim?.destroy()
      if (victim) open.delete(victim)
    }
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    // Requests that do not wait for answers would pile up answers that nobody takes.
    if (busy.has(socket)) socket.destroy()
    busy.add(socket)
    response.once('close', () => busy.delete(socket))
  })
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** The host of a `Host` header, without its port. */
function hostOf(header: string | undefined): string {
  const url = `http://${header ?? ''}`
  return URL.canParse(url) ? new URL(url).hostname : ''
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}
