/** How often something may happen, for each key. */
export type Rate = { readonly perSecond: number; readonly burst: number }

/** Most keys that are remembered; the one longest unused is forgotten first. */
const maximumKeys = 4096

/** A bucket of tokens for every key, `now` in milliseconds; true while the key has not used up its own. */
export function rateLimit({ perSecond, burst }: Rate, now: () => number): (key: string) => boolean {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (key) => {
    const at = now()
    const before = buckets.get(key) ?? { tokens: burst, at }
    const tokens = Math.min(burst, before.tokens + (Math.max(0, at - before.at) * perSecond) / 1000)
    const isAllowed = tokens >= 1
    buckets.delete(key)
    buckets.set(key, { tokens: isAllowed ? tokens - 1 : tokens, at })
    const [oldest] = buckets.keys()
    if (buckets.size > maximumKeys && oldest !== undefined) buckets.delete(oldest)
    return isAllowed
  }
}
