import { HttpRequestError, isHex, ResponseBodyTooLargeError, RpcRequestError, TimeoutError } from 'viem'
import { chainOf, describeRpcFailure } from './describeRpcFailure.ts'
import { redact } from './redact.ts'
import type { Secrets } from './secrets.ts'

/**
 * What the failure of one request says. `answer`: the EVM ran and reverted. `limit`: the request does not fit the node.
 * `missing`: the node has no such block. `unsupported`: it does not know such requests. `busy`: it asks to come later.
 * `broken`: anything else, which says nothing about the chain.
 */
export type FailureKind = 'answer' | 'limit' | 'missing' | 'unsupported' | 'busy' | 'broken'

/** Why an endpoint did not answer. The message and the `error` to hand on name it by its own name, never by its URL. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure'
  readonly kind: FailureKind
  /** What a client of viem expects for it. */
  readonly error: Error
  /** Revert data, as far as there is any. */
  readonly data: string
  /** How long the endpoint asks to be left alone, in milliseconds. */
  readonly retryAfter: number | undefined

  constructor(options: {
    kind: FailureKind
    reason: string
    error: Error
    data?: string
    retryAfter?: number | undefined
  }) {
    super(options.reason)
    this.kind = options.kind
    this.error = options.error
    this.data = options.data ?? ''
    this.retryAfter = options.retryAfter
  }
}

/** What each kind is told by; the texts are those of geth, erigon, nethermind, reth, besu, anvil, Hardhat and the large providers. */
const missingBlock =
  /header (for hash )?not found|blockhash (cannot be|not) found|blockoutofrange|unknown block|block (\S+ )?not found|blocknotfound|(block|state|header).{0,40}(not (available|found)|unavailable|does ?n[o']t exist|pruned)|missing trie node|no state (available|found)|invalid block (tag|hash|number)|unknown ancestor|resource not found|not canonical/i
const doesNotFit =
  /initcode|init code|code size|code is too large|contract size|out ?of ?gas|gas (limit|required|cap)|too (large|big|long)|response size|exceeds? .{0,30}(limit|size|maximum)|execution (timeout|aborted)|timeout.{0,20}evm|evm timeout/i
const reverted = /revert/i
const tooOften = /too many requests|rate.?limit|request limit|per second|quota|throttl/i

/** Judges the error of a viem transport for the endpoint `name`, and takes out of it what must not be shown. */
export function toEndpointFailure(
  error: unknown,
  { name, method, secrets, now }: { name: string; method: string; secrets: Secrets; now: number },
): EndpointFailure {
  const reason = describeRpcFailure(error, secrets)
  const links = [...chainOf(error)]
  const withCode = links.find(
    (link): link is Error & { code: number } => 'code' in link && typeof link.code === 'number',
  )
  const http = links.find((link) => link instanceof HttpRequestError || link instanceof RpcRequestError)
  const status = http?.status
  const text = links.map((link) => ('details' in link ? `${link.details}` : link.message)).join(' ')
  const body = { method }

  if (status === 413 || links.some((link) => link instanceof ResponseBodyTooLargeError)) {
    return new EndpointFailure({ kind: 'limit', reason, error: new HttpRequestError({ body, status: 413, url: name }) })
  }
  if (withCode !== undefined && withCode.code !== -1) {
    const data = revertDataOf(links)
    const { code } = withCode
    const rpcError = { code, message: redact(text, secrets), ...(data === '' ? {} : { data }) }
    const kind = kindOf({ method, code, status, text, data })
    return new EndpointFailure({
      ...{ kind, reason, data, retryAfter: kind === 'busy' ? retryAfterOf(http?.headers, now) : undefined },
      error: new RpcRequestError({ body, error: rpcError, url: name }),
    })
  }
  const kind = status === 429 || (status === 503 && http?.headers?.has('Retry-After') === true) ? 'busy' : 'broken'
  const isLate = links.some((link) => link instanceof TimeoutError)
  return new EndpointFailure({
    ...{ kind, reason, retryAfter: kind === 'busy' ? retryAfterOf(http?.headers, now) : undefined },
    error: isLate
      ? new TimeoutError({ body, url: name })
      : new HttpRequestError({ body, details: reason, url: name, ...(status === undefined ? {} : { status }) }),
  })
}

function kindOf(seen: {
  method: string
  code: number
  status: number | undefined
  text: string
  data: string
}): FailureKind {
  const { method, code, status, text, data } = seen
  // A reason may say anything, so a revert is judged by its code and data before the words of others are looked for.
  if (code === 3 || (data.length > 2 && reverted.test(text))) return 'answer'
  if (missingBlock.test(text)) return 'missing'
  if (doesNotFit.test(text)) return 'limit'
  if (data !== '' || reverted.test(text)) return 'answer'
  // Nodes refuse a range of logs in too many words to know; a smaller range tells.
  const isRange = method === 'eth_getLogs' && ![-32601, -32004].includes(code)
  if (status === 429 || [429, -32007].includes(code) || tooOften.test(text)) return 'busy'
  if (isRange) return 'limit'
  if (code === -32005) return 'busy'
  if ([-32600, -32601, -32602, -32004].includes(code)) return 'unsupported'
  return 'broken'
}

function revertDataOf(links: readonly Error[]): string {
  for (const link of links) {
    const { data } = link as { data?: unknown }
    if (isHex(data)) return data.toLowerCase()
    const nested = typeof data === 'object' && data !== null ? (data as { data?: unknown }).data : undefined
    if (isHex(nested)) return nested.toLowerCase()
  }
  return ''
}

/** Seconds or a date, as of RFC 9110 §10.2.3. */
function retryAfterOf(headers: Headers | undefined, now: number): number | undefined {
  const text = headers?.get('Retry-After')
  if (text === null || text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const pause = Date.parse(text) - now
  return Number.isFinite(pause) && pause > 0 ? pause : undefined
}
