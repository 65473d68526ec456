import { BaseError, HttpRequestError, SocketClosedError, TimeoutError, WebSocketRequestError } from 'viem'

/** Why a request to a node failed, in words that carry neither its URL nor a key. */
export function describeRpcFailure(error: unknown): string {
  for (const link of chainOf(error)) {
    if (link instanceof HttpRequestError) {
      return link.status === undefined ? 'no HTTP answer' : `HTTP status ${link.status}`
    }
    if (link instanceof TimeoutError) return 'no answer in time'
    if (link instanceof WebSocketRequestError || link instanceof SocketClosedError) return 'the socket failed'
  }
  for (const link of chainOf(error)) {
    const code = 'code' in link ? link.code : undefined
    if (typeof code === 'number') return `RPC error ${code}: ${redact(textOf(link))}`
  }
  return error instanceof Error ? error.name : 'unknown error'
}

/** Text without URLs, query strings and anything long enough to be a key; addresses and hashes stay. */
export function redact(text: string): string {
  return text
    .replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '<url>')
    .replaceAll(/\b[\w.-]+:\d{2,5}\b\S*/g, '<url>')
    .replaceAll(/\b[\w-]+(\.[\w-]+)+\/\S*/g, '<url>')
    .replaceAll(/\?\S*=\S*/g, '<query>')
    .replaceAll(/[\w-]{20,}/g, (word) => (/^0x([\da-f]{40}|[\da-f]{64})$/i.test(word) ? word : '<redacted>'))
    .slice(0, 200)
}

function textOf(error: Error): string {
  if (!(error instanceof BaseError)) return error.message
  return error.details || error.shortMessage
}

function* chainOf(error: unknown): Generator<Error> {
  for (let link = error; link instanceof Error; link = link.cause) yield link
}
