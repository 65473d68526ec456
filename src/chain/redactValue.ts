import { BaseError } from '../core/errors.ts'
import { describeRpcFailure } from './describeRpcFailure.ts'
import { redactName, redactWhole } from './redact.ts'
import type { Secrets } from './secrets.ts'

/** What a value is cut to, so that one of them cannot fill a disk. */
const deepest = 8
const mostItems = 100

/** Fields that hold a key, whatever it looks like. */
const secretFields =
  /^((proxy-)?authorization|cookie|(x-)?api[-_]?key|(access[-_]?)?token|pass(word|phrase)|secret|(private|secret)[-_]?key|mnemonic)$/i

/** Fields of our own words and of names that were given: a URL that holds the same word by chance must not blot them out. */
const nameFields = new Set(
  ['event', 'level', 'code', 'action', 'stage', 'status', 'form', 'standing', 'kind', 'state', 'severity'].concat([
    'peer',
    'endpoint',
    'sink',
    'field',
    'error',
    'name',
  ]),
)

/** Short texts that a redactor remembers: addresses, codes and names of fields come again and again. */
const mostRemembered = 4_096
const longestRemembered = 80

/** How texts and names are shown. */
type Shown = Readonly<Record<'text' | 'name', (plain: string) => string>>

/** {@link redactValue} for many values. */
export function valueRedactor(secrets: Secrets = []): (value: unknown) => unknown {
  const shown: Shown = {
    text: remembering((plain) => redactWhole(plain, secrets)),
    name: remembering((plain) => redactName(plain, secrets)),
  }
  return (value) => redactWith(value, shown, secrets)
}

function remembering(show: (plain: string) => string): (plain: string) => string {
  const known = new Map<string, string>()
  return (plain) => {
    const before = known.get(plain)
    if (before !== undefined) return before
    const shown = show(plain)
    if (plain.length > longestRemembered) return shown
    if (known.size >= mostRemembered) known.clear()
    known.set(plain, shown)
    return shown
  }
}

/**
 * Any value as plain JSON that shows no URL and no key: each text and each name of a field goes through the redactor, an error
 * becomes its name and what is said of it, bigints become text. Cycles, depth, long lists and long texts are cut.
 */
export function redactValue(value: unknown, secrets: Secrets = []): unknown {
  return valueRedactor(secrets)(value)
}

function redactWith(value: unknown, { text, name: nameText }: Shown, secrets: Secrets): unknown {
  const above = new Set<object>()

  function show(item: unknown): unknown {
    if (typeof item === 'string') return text(item)
    if (typeof item === 'bigint') return `${item}`
    if (typeof item === 'number') return Number.isFinite(item) ? item : `${item}`
    if (typeof item === 'boolean' || item === null) return item
    if (typeof item !== 'object') return undefined
    if (item instanceof Error) return showError(item)
    if (item instanceof Date) return Number.isNaN(item.valueOf()) ? 'invalid date' : item.toISOString()
    if (ArrayBuffer.isView(item) || item instanceof ArrayBuffer) return `<${item.byteLength} bytes>`
    if (above.has(item)) return '<cycle>'
    if (above.size >= deepest) return '<deep>'
    above.add(item)
    try {
      return showParts(item)
    } catch {
      return '<unreadable>'
    } finally {
      above.delete(item)
    }
  }

  function showParts(item: object): unknown {
    if (item instanceof Map || item instanceof Set || Array.isArray(item)) {
      const items = [...item]
      const shown = items.slice(0, mostItems).map((part) => show(part) ?? null)
      return items.length > mostItems ? [...shown, `and ${items.length - mostItems} more`] : shown
    }
    const entries = Object.entries(item).slice(0, mostItems)
    return Object.fromEntries(entries.map(([name, part]) => [nameText(name), showField(name, part)]))
  }

  function showField(name: string, part: unknown): unknown {
    if (secretFields.test(name) && part) return '<redacted>'
    return typeof part === 'string' && nameFields.has(name) ? nameText(part) : show(part)
  }

  function showError(error: Error): unknown {
    const name = text(error.name)
    // Our own messages are made to be read; of others no more is said than what kind of failure it was.
    return { name, message: error instanceof BaseError ? text(error.message) : describeRpcFailure(error, secrets) }
  }

  return show(value)
}
