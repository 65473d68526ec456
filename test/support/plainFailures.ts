import { inspect } from 'node:util'

/**
 * Failures travel from the workers of the tests as JSON, which has no bigints: what they were about would be lost, and only that
 * would be said. So what JSON does not take is written out.
 */
export const mochaHooks = {
  afterEach(this: { readonly currentTest?: { readonly err?: unknown } }): void {
    const failure = this.currentTest?.err
    if (failure === null || typeof failure !== 'object') return
    for (const [name, value] of Object.entries(failure)) {
      if (isJson(value)) continue
      Object.defineProperty(failure, name, {
        value: inspect(value, { depth: 8 }),
        enumerable: true,
        configurable: true,
      })
    }
  },
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}
