import { inspect } from 'node:util'
import { redact, redactCredentials, redactUrls } from '../../src/chain/redact.ts'
import type { Secrets } from '../../src/chain/secrets.ts'
import { toJson } from '../../src/core/canonical.ts'
import { BaseError } from '../../src/core/errors.ts'

/** Exit codes of every command. */
export const exitCodes = { success: 0, failure: 1, usage: 2, difference: 3 } as const

/** Prints the result: one JSON object with bigints as text, or lines for people. */
export function print(json: boolean | undefined, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(toJson(value), null, 2) : text())
}

/** Says on standard error what is going on; never on standard output, which carries results. */
export function say(text: string): void {
  console.error(text)
}

/**
 * Says on standard error how far a long calculation is: after two seconds and every two seconds from there, to people only.
 *
 * @example
 * const tell = progress()
 * for (const item of items) tell(() => `at ${item}`)
 */
export function progress(): (text: () => string) => void {
  let next = Date.now() + progressInterval
  return (text) => {
    if (!process.stderr.isTTY || Date.now() < next) return
    next = Date.now() + progressInterval
    say(text())
  }
}

const progressInterval = 2000

/** What is said of an error: its own message, never a stack; of one that is not ours, no more than its name. */
export type ErrorReport = { readonly name: string; readonly message: string; readonly retryable: boolean }

/** Describes an error for people and machines, without URLs and the `secrets`. */
export function describeError(error: unknown, secrets: Secrets = []): ErrorReport {
  if (error instanceof BaseError) {
    return { name: error.name, message: redactUrls(error.message, secrets), retryable: error.retryable }
  }
  const message = `Unexpected error: ${error instanceof Error ? redact(error.name, secrets) : 'unknown'}.`
  return { name: 'UnexpectedError', message, retryable: false }
}

/** Prints an error, as JSON on standard output or as text on standard error. */
export function printError(json: boolean, error: unknown, secrets: Secrets = []): void {
  const report = describeError(error, secrets)
  if (json) console.log(JSON.stringify({ error: report }, null, 2))
  else console.error(`Error: ${report.message}`)
  if (!(error instanceof BaseError) && process.env.PLIMSOLL_DEBUG) {
    console.error(redactCredentials(redactUrls(inspect(error, { depth: 4 }), secrets)))
  }
}
