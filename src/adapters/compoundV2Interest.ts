import { wad } from '../core/units.ts'
import { ceilDiv } from '../kernel/fixedPoint.ts'

/** What a market of Compound v2 or Venus has stored at its last accrual, in smallest units and mantissas of 1e18. */
export type StoredMarket = {
  readonly cash: bigint
  readonly totalBorrows: bigint
  readonly totalReserves: bigint
  readonly reserveFactor: bigint
  /** Written off and still counted into the shares' worth (Venus); zero at Compound. */
  readonly badDebt: bigint
  readonly totalSupply: bigint
  readonly borrowIndex: bigint
  /** Underlying smallest units per share; what it is without any shares, the market alone knows. */
  readonly exchangeRate: bigint
}

/** What an account's holdings are multiplied by after interest. */
export type AccruedMarket = { readonly exchangeRate: bigint; readonly borrowIndex: bigint }

/** Smallest units per share, truncated as `exchangeRateStoredInternal` does; the stored rate where there are no shares. */
export function exchangeRateOf(market: StoredMarket): bigint {
  const { cash, totalBorrows, totalReserves, badDebt, totalSupply, exchangeRate } = market
  if (totalSupply === 0n) return exchangeRate
  return ((cash + totalBorrows + badDebt - totalReserves) * wad) / totalSupply
}

/**
 * Exchange rate and index after simple interest over `slots`, blocks or seconds as the market counts them, in the order and
 * with the truncations of `CToken.accrueInterest`.
 */
export function accrue(market: StoredMarket, { rate, slots }: { rate: bigint; slots: bigint }): AccruedMarket {
  const factor = rate * slots
  const interest = (factor * market.totalBorrows) / wad
  return {
    exchangeRate: exchangeRateOf({
      ...market,
      totalBorrows: market.totalBorrows + interest,
      totalReserves: market.totalReserves + (market.reserveFactor * interest) / wad,
    }),
    borrowIndex: market.borrowIndex + (factor * market.borrowIndex) / wad,
  }
}

/**
 * The most that the venue can count for a stored debt at a later index: the venue multiplies a principal which it does not
 * show, and the stored debt is that principal's rounded down. At an unchanged index it is the stored debt; later it is at
 * most `⌈to / from⌉` smallest units above the venue's own number, and never below.
 */
export function accruedDebt(stored: bigint, from: bigint, to: bigint): bigint {
  return stored === 0n || from === to ? stored : ceilDiv((stored + 1n) * to, from) - 1n
}
