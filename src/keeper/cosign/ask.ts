import type { Address, LocalAccount } from 'viem'
import type { AttestationDomain } from '../../attest/typedData.ts'
import { signRequest } from './authentication.ts'
import { type CosignAnswer, cosignPath, maximumAnswerBytes, parseAnswer } from './protocol.ts'

/** Another keeper that is asked to sign. Its URL may hold a secret: logs and errors know it by its name alone. */
export type Cosigner = { readonly name: string; readonly address: Address; readonly url: string }

export type AskOptions = {
  readonly identity: LocalAccount
  readonly domain: AttestationDomain
  readonly body: Uint8Array
  /** Milliseconds. */
  readonly timeout: number
  readonly signal?: AbortSignal | undefined
  readonly now?: () => number
}

/** Nothing that could be an answer came; the reason tells nothing of where it was sought. */
export type Unreachable = { readonly code: 'unreachable'; readonly reason: string }

/** Asks one co-signer. Never throws: whatever goes wrong says that this one cannot be counted on. */
export async function askCosigner(
  { address, url }: Cosigner,
  { identity, domain, body, timeout, signal, now = Date.now }: AskOptions,
): Promise<CosignAnswer | Unreachable> {
  const deadline = AbortSignal.timeout(timeout)
  try {
    const headers = await signRequest(identity, { domain, cosigner: address, body, time: now() })
    const target = new URL(url)
    target.pathname = target.pathname.replace(/\/$/, '') + cosignPath
    const response = await fetch(target, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: body as BodyInit,
      redirect: 'error',
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    })
    const text = await readText(response, maximumAnswerBytes)
    const answer = text === undefined ? undefined : parseAnswer(text)
    if (answer !== undefined) return answer
    return { code: 'unreachable', reason: `HTTP status ${response.status} without an answer of the protocol` }
  } catch {
    // The client's own words name the URL.
    return { code: 'unreachable', reason: deadline.aborted ? 'no answer in time' : 'no HTTP answer' }
  }
}

/** The text of a response, or nothing when it is too long. */
async function readText(response: Response, maximum: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maximum) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
