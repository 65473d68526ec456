import { expect } from 'chai'
import * as viem from 'viem'
import { secretsOfUrls } from '../../src/chain/secrets.ts'

export const key = 'a1b2c3d4e5f60718293a4b5c6d7e8f90'
const host = 'lively-f00dcafe.quicknode.example.io'
export const url = `https://user:hunter2@${host}/v3/${key}?apikey=qwerty7`
/** What no text may hold of it. */
export const telling = [key, host, 'f00dcafe', 'hunter2', 'qwerty7', 'dXNlcjpodW50ZXIy']
export const secrets = secretsOfUrls([url])

export function expectNone(text: string, words: readonly string[] = telling): void {
  for (const word of words) expect(text.toLowerCase()).not.to.contain(word.toLowerCase())
}

/** Everything that a constructor may look for, all of it telling. */
function poison(): never {
  const text = `failed at ${url} with ${key} of hunter2 on ${host}`
  const headers = new Headers({ authorization: `Bearer ${key}`, 'x-api-key': 'qwerty7' })
  const known: Record<string, unknown> = {
    ...{ url, message: text, details: text, shortMessage: text, name: 'PoisonError', status: undefined, headers, text },
    ...{
      body: { method: 'eth_call', params: [url] },
      error: { code: -32000, message: text, data: text },
      code: -32000,
    },
    ...{ metaMessages: [text, url], cause: new Error(text), data: text, reason: text, docsPath: undefined, abi: [] },
    ...{ functionName: 'aggregate3', args: [], contracts: [], transaction: {}, chain: { name: text, id: 1 } },
  }
  return new Proxy(known, { get: (target, name) => target[name as string] }) as never
}

/** Instances of an error class, however odd its constructor, whose every field of text carries URL and key. */
export function instancesOf(type: ErrorClass): Error[] {
  const text = `failed at ${url} with ${key} of hunter2 on ${host}`
  const bare = Object.create(type.prototype) as Error
  const made = [
    [poison(), poison()],
    [new Error(text), poison()],
    [text, poison()],
    [poison(), { cause: new Error(text) }],
  ]
    .map((args) => {
      try {
        return new type(...args)
      } catch {
        return undefined
      }
    })
    .filter((error) => error !== undefined)
  return [...made, bare].map((error) => {
    const fields = {
      message: text,
      stack: text,
      shortMessage: text,
      details: text,
      metaMessages: [text],
      url,
      body: text,
    }
    const code = 'code' in error ? {} : { code: -32000 }
    return Object.assign(error, fields, code, { cause: error.cause ?? new Error(text) })
  })
}

export type ErrorClass = new (...args: unknown[]) => Error

export const classes = (Object.entries(viem) as [string, unknown][]).filter(
  (entry): entry is [string, ErrorClass] => typeof entry[1] === 'function' && entry[1].prototype instanceof Error,
)
