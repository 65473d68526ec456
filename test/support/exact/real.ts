// Numbers of the reference: integers with 72 decimals. Four WADs multiply without any rounding, so books without options are exact.
// Everything below is written for the reference alone and shares no code with the kernel.

/** A real number with 72 decimals. */
export type Real = bigint

/** 1.0. */
export const one: Real = 10n ** 72n
const perWad = 10n ** 54n
const perQuoteUnit = 10n ** 66n

export function fromWad(x: bigint): Real {
  return x * perWad
}

export function fromQuoteUnits(x: bigint): Real {
  return x * perQuoteUnit
}

/** An integer of `decimals` decimals. */
export function fromDecimals(x: bigint, decimals: number): Real {
  return (x * one) / 10n ** BigInt(decimals)
}

export function times(a: Real, b: Real): Real {
  return (a * b) / one
}

export function over(a: Real, b: Real): Real {
  return (a * one) / b
}

export function max(first: Real, ...others: readonly Real[]): Real {
  let most = first
  for (const x of others) if (x > most) most = x
  return most
}

export function min(first: Real, ...others: readonly Real[]): Real {
  let least = first
  for (const x of others) if (x < least) least = x
  return least
}

export function abs(x: Real): Real {
  return x < 0n ? -x : x
}

export function sum(items: Iterable<Real>): Real {
  let total = 0n
  for (const item of items) total += item
  return total
}

/** Rounded down to 18 decimals: the model's quantity of a token that is owned. */
export function floorToWad(x: Real): Real {
  const quotient = x / perWad
  return (quotient * perWad > x ? quotient - 1n : quotient) * perWad
}

/** Rounded up to quote units. */
export function ceilToQuoteUnits(x: Real): bigint {
  return -floorToQuoteUnits(-x)
}

/** Rounded down to quote units. */
export function floorToQuoteUnits(x: Real): bigint {
  const quotient = x / perQuoteUnit
  return quotient * perQuoteUnit > x ? quotient - 1n : quotient
}

/** Floor of the square root of an integer. */
export function floorSqrt(x: bigint): bigint {
  if (x < 2n) return x
  let root = 1n << BigInt((x.toString(16).length * 4 + 1) >> 1)
  for (;;) {
    const next = (root + x / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

export function sqrt(x: Real): Real {
  return floorSqrt(x * one)
}

/** The number for a table, in plain decimals. */
export function toText(x: Real, decimals = 12): string {
  const digits = abs(x).toString().padStart(73, '0')
  return `${x < 0n ? '-' : ''}${digits.slice(0, -72)}.${digits.slice(-72).slice(0, decimals)}`
}
