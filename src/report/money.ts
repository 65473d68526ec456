import { type QuoteUnits, type Wad, wad } from '../core/units.ts'

/** `-1,234.56`: US dollars with two decimals, rounded away from the reader's favor (`up` or `down`). */
export function formatQuoteUnits(value: QuoteUnits, rounding: 'up' | 'down' = 'down'): string {
  return formatDecimal(toUnit(value, 10_000n, rounding), 2)
}

/** WAD US dollars with two decimals. */
export function formatUsd(value: Wad, rounding: 'up' | 'down' = 'down'): string {
  return formatDecimal(toUnit(value, 10n ** 16n, rounding), 2)
}

/** A WAD fraction as a percentage with two decimals. */
export function formatPercent(value: Wad): string {
  return `${formatDecimal(toUnit(value * 100n, 10n ** 16n, 'down'), 2)} %`
}

/** A WAD number without trailing zeros. */
export function formatWad(value: Wad): string {
  const sign = value < 0n ? '-' : ''
  const digits = value < 0n ? -value : value
  const fraction = (digits % wad).toString().padStart(18, '0').replace(/0+$/, '')
  return `${sign}${group(digits / wad)}${fraction ? `.${fraction}` : ''}`
}

/** Smallest units of a token as whole tokens, without trailing zeros. */
export function formatUnits(amount: bigint, decimals: number): string {
  return decimals <= 18 ? formatWad(amount * 10n ** BigInt(18 - decimals)) : `${group(amount)} / 10^${decimals}`
}

function toUnit(value: bigint, unit: bigint, rounding: 'up' | 'down'): bigint {
  const floor = value >= 0n ? value / unit : -((-value + unit - 1n) / unit)
  return rounding === 'down' || floor * unit === value ? floor : floor + 1n
}

function formatDecimal(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0')
  return `${value < 0n ? '-' : ''}${group(BigInt(digits.slice(0, -decimals)))}.${digits.slice(-decimals)}`
}

function group(value: bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}
