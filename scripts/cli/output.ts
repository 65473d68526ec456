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

/** Prints an error as its own message, or as JSON, without a stack. */
export function printError(json: boolean, error: unknown): void {
  const known = error instanceof BaseError
  const message = known ? error.message : `Unexpected error: ${error instanceof Error ? error.name : 'unknown'}.`
  if (json) {
    console.log(
      JSON.stringify(
        { error: { name: known ? error.name : 'UnexpectedError', message, retryable: known && error.retryable } },
        null,
        2,
      ),
    )
  } else console.error(`Error: ${message}`)
  if (!known && process.env.PLIMSOLL_DEBUG) console.error(error)
}
