import { BaseError } from './errors.ts'

/** A path that leads to no value: a typing error must not pass for a change without effect. */
export class UnknownPathError extends BaseError {
  override readonly name = 'UnknownPathError'

  constructor(path: readonly string[], at: number, known: readonly string[]) {
    const shown = known.length > 20 ? [...known.slice(0, 20), '…'] : known
    super(`There is no ${path.slice(0, at + 1).join('.')} to change.`, {
      metaMessages: [`${path.slice(0, at).join('.') || 'The top'} has: ${shown.join(', ') || 'nothing below it'}.`],
    })
  }
}

/**
 * Replaces one value of a JSON tree; the tree is not touched. An item of a list is named by its index, or by its `id`,
 * `asset`, `venue` or `underlying` where only one has it. A number is written in the form that was there, as decimal text or
 * as a number.
 *
 * @throws {UnknownPathError} for a path to nothing, or to something that has values below it.
 */
export function setPath(tree: unknown, path: readonly string[], value: unknown, at = 0): unknown {
  const key = path[at]
  if (key === undefined) {
    if (typeof tree === 'object' && tree !== null)
      throw new UnknownPathError([...path, '(value)'], at, Object.keys(tree))
    if (typeof tree === 'string') return String(value)
    return typeof tree === 'number' && typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  }
  if (Array.isArray(tree)) {
    const index = indexOf(tree, key)
    if (index === undefined) throw new UnknownPathError(path, at, tree.map(nameOf))
    return tree.map((item, other) => (other === index ? setPath(item, path, value, at + 1) : item))
  }
  if (typeof tree !== 'object' || tree === null || !Object.hasOwn(tree, key)) {
    throw new UnknownPathError(path, at, Object.keys(tree ?? {}))
  }
  return { ...tree, [key]: setPath((tree as Record<string, unknown>)[key], path, value, at + 1) }
}

const names = ['id', 'asset', 'venue', 'underlying'] as const

function indexOf(list: readonly unknown[], key: string): number | undefined {
  if (/^\d+$/.test(key) && Number(key) < list.length) return Number(key)
  const found = list.flatMap((item, index) => (namesOf(item).includes(key) ? [index] : []))
  return found.length === 1 ? found[0] : undefined
}

function nameOf(item: unknown, index: number): string {
  return namesOf(item)[0] ?? `${index}`
}

function namesOf(item: unknown): readonly string[] {
  const record = (item ?? {}) as Record<string, unknown>
  const account = (record.venueAccount ?? {}) as Record<string, unknown>
  return names.flatMap((name) => [record[name], account[name]]).filter((text) => typeof text === 'string')
}
