import { toJson } from '../core/canonical.ts'
import type { AnyParameters } from '../margin.ts'

/** A field in which two parameter sets differ, as text; null where one does not have it. */
export type ParameterDifference = { readonly path: string; readonly left: string | null; readonly right: string | null }

/** Ends the path of a leaf that holds the order of a list. */
const order = '(order)'

/**
 * Every field in which two parameter sets differ, ordered by path; none exactly when their hashes are equal. Items of a list
 * that have an id are compared by it, such as `classes.volatile.scenarios[+1 up].weight`, and their order, which decides
 * between equal losses, only when both lists have the same ids.
 */
export function parameterDifferences(left: AnyParameters, right: AnyParameters): readonly ParameterDifference[] {
  const [before, after] = [new Map(parameterLeaves(left)), new Map(parameterLeaves(right))]
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  return paths.flatMap((path) => {
    const [from, to] = [before.get(path) ?? null, after.get(path) ?? null]
    if (from === to || (path.endsWith(order) && !isReordered(from, to))) return []
    return [{ path, left: from, right: to }]
  })
}

/** Path and JSON text of every scalar, of every empty object and list, and of the order of every list of items with ids. */
export function* parameterLeaves(value: unknown): Generator<readonly [path: string, text: string]> {
  yield* leavesOf(toJson(value), '')
}

function* leavesOf(value: unknown, path: string): Generator<readonly [string, string]> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    yield [path, typeof value === 'string' ? value : JSON.stringify(value)]
  } else if (Array.isArray(value) && value.every(hasId)) {
    for (const { id, ...rest } of value) yield* leavesOf(rest, `${path}[${id}]`)
    yield [`${path}.${order}`, JSON.stringify(value.map(({ id }) => id))]
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* leavesOf(item, `${path}[${index}]`)
  } else {
    for (const [key, item] of Object.entries(value)) yield* leavesOf(item, path === '' ? key : `${path}.${key}`)
  }
}

function hasId(item: unknown): item is { readonly id: string } {
  return typeof item === 'object' && item !== null && 'id' in item && typeof item.id === 'string'
}

function isReordered(left: string | null, right: string | null): boolean {
  if (left === null || right === null) return false
  const sorted = (text: string) => JSON.stringify((JSON.parse(text) as string[]).sort())
  return sorted(left) === sorted(right)
}
