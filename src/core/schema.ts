import { getAddress, isAddress } from 'viem'
import { z } from 'zod'
import { InvalidInputError } from './errors.ts'

/** An integer as decimal text, the form of every bigint in our JSON. */
export const integer = z
  .string()
  .regex(/^(0|-?[1-9]\d*)$/, 'expected an integer as decimal text')
  .transform((text) => BigInt(text))
  .or(z.bigint())

/** A name used as a key. Names of `Object.prototype` are refused: a look-up of them would find a function. */
export const name = z
  .string()
  .min(1)
  .refine((text) => !(text in Object.prototype), 'expected a name that is not a member of Object.prototype')

/** An integer that is not negative. */
export const natural = integer.refine((value) => value >= 0n, 'expected an integer that is not negative')

/** An integer above zero. */
export const positive = natural.refine((value) => value > 0n, 'expected a positive integer')

/** A WAD fraction between 0 and 1e18. */
export const fraction = natural.refine((value) => value <= 10n ** 18n, 'expected a fraction between 0 and 1e18')

export const address = z
  .string()
  .refine((text) => isAddress(text), 'expected an address')
  .transform((text) => getAddress(text))

export const bytes32 = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, 'expected 32 bytes as 0x and 64 lower-case hex digits')
  .transform((text) => text as `0x${string}`)

export const assetKey = z
  .string()
  .regex(/^\d+:0x[0-9a-f]{40}$/, 'expected <chainId>:<address in lower case>')
  .transform((text) => text as `${number}:0x${string}`)

export const unixSeconds = z.int().min(0).max(0xffffffff)

/** Shows nothing of a value but its type, for files that hold keys. */
export function hideValue(found: unknown): string {
  return found === undefined ? 'nothing' : `a ${typeof found} that is not shown`
}

/**
 * Parses a value from outside. `show` says what was found; {@link hideValue} keeps secrets out of the message.
 *
 * @throws {InvalidInputError} naming the path and the value of every problem.
 */
export function parseWith<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
  what: string,
  show: (found: unknown) => string = describe,
): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new InvalidInputError(`${what} is not valid.`, {
    metaMessages: result.error.issues.map(({ path, message }) => {
      const found = path.reduce<unknown>(
        (node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key],
        value,
      )
      return `${path.map(String).join('.') || '(top)'}: ${message}; got ${show(found)}`
    }),
  })
}

/**
 * Parses JSON text.
 *
 * @throws {InvalidInputError} when the text is not JSON.
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The engine's own message quotes the text, which may hold a key.
    const position = /position (\d+)/.exec((cause as Error).message)?.[1]
    throw new InvalidInputError(`${what} is not JSON${position === undefined ? '' : `, at position ${position}`}.`)
  }
}

function describe(value: unknown): string {
  const text =
    value === undefined ? 'nothing' : JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}` : item))
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
