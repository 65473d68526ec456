/** A function that computes each result once; keys are equal when they are the same object or the same text. */
export function memoize<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, { readonly value: Value }>()
  return (key) => {
    const found = known.get(key)
    if (found) return found.value
    const value = compute(key)
    known.set(key, { value })
    return value
  }
}

/** Numbers objects in the order in which they are first seen. */
export function identify(): (item: object) => number {
  const numbers = new Map<object, number>()
  return (item) => {
    const known = numbers.get(item)
    if (known !== undefined) return known
    numbers.set(item, numbers.size)
    return numbers.size - 1
  }
}

/** Computes a value once for each object, for as long as the object lives. */
export function onceEach<Key extends object, Value>(): (key: Key, compute: () => Value) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>()
  return (key, compute) => {
    const found = known.get(key)
    if (found) return found.value
    const value = compute()
    known.set(key, { value })
    return value
  }
}

/** A function of two objects that computes each result once, for as long as both live. */
export function memoizePair<A extends object, B extends object, Value>(
  compute: (a: A, b: B) => Value,
): (a: A, b: B) => Value {
  const forEachB = onceEach<B, (a: A, compute: () => Value) => Value>()
  return (a, b) => forEachB(b, () => onceEach())(a, () => compute(a, b))
}
