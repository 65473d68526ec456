/** Fixed point with 18 decimals: 1.0 is 10n ** 18n. Prices, rates, ratios and US dollars inside the model. */
export type Wad = bigint

/** US dollars with 6 decimals, the unit of a record: 1 USD is 1_000_000n. */
export type QuoteUnits = bigint

/** 1.0 as a {@link Wad}. */
export const wad = 10n ** 18n

/** WAD US dollars in one quote unit. */
export const wadPerQuoteUnit = 10n ** 12n

/** 10 to the power of a number of decimals, an integer from 0 on. */
export function powerOfTen(decimals: number): bigint {
  const known = powersOfTen[decimals]
  if (known !== undefined) return known
  const power = 10n ** BigInt(decimals)
  powersOfTen[decimals] = power
  return power
}

/** Raising to a power costs several times what it takes to look the result up. */
const powersOfTen: bigint[] = []

/** Ends of what a record can carry: equity in 64 bits with a sign, requirements in 64 bits without. */
export const leastEquity: QuoteUnits = -(2n ** 63n)
export const mostEquity: QuoteUnits = 2n ** 63n - 1n
export const mostRequirement: QuoteUnits = 2n ** 64n - 1n

/** Seconds in a year of 365 days, the year of every volatility in this package. */
export const secondsPerYear = 31_536_000n
