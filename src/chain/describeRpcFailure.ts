import {
  BaseError as ClientError,
  HttpRequestError,
  SocketClosedError,
  TimeoutError,
  WebSocketRequestError,
} from 'viem'
import { BaseError } from '../core/errors.ts'
import { redact } from './redact.ts'
import type { Secrets } from './secrets.ts'

/** Why a request to a node failed, in words that carry neither its URL nor a key; least of all one of the `secrets`. */
export function describeRpcFailure(error: unknown, secrets: Secrets = []): string {
  for (const link of chainOf(error)) {
    // What this package refuses is told in its own words, which end with a stop.
    if (link instanceof BaseError) return link.shortMessage.replace(/\.$/, '')
    if (link instanceof HttpRequestError) {
      return link.status === undefined ? 'no HTTP answer' : `HTTP status ${link.status}`
    }
    if (link instanceof TimeoutError) return 'no answer in time'
    if (link instanceof WebSocketRequestError || link instanceof SocketClosedError) return 'the socket failed'
  }
  for (const link of chainOf(error)) {
    const code = 'code' in link ? link.code : undefined
    if (typeof code === 'number') return `RPC error ${code}: ${redact(textOf(link), secrets)}`
  }
  return error instanceof Error ? redact(error.name, secrets) : 'unknown error'
}

function textOf(error: Error): string {
  if (!(error instanceof ClientError)) return error.message
  return error.details || error.shortMessage
}

/** An error and its causes, outermost first. */
export function* chainOf(error: unknown): Generator<Error> {
  const seen = new Set<unknown>()
  for (let link = error; link instanceof Error && !seen.has(link); link = link.cause) {
    seen.add(link)
    yield link
  }
}
