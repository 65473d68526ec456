import { expect } from 'chai'

/**
 * Asserts that two numbers differ by at most `tolerance`. Chai's own `closeTo` is replaced by one for integers as soon as a test
 * loads Hardhat's ethers matchers.
 */
export function expectClose(
  actual: number | undefined,
  expected: number,
  tolerance: number,
  what = 'the number',
): void {
  const isClose = Math.abs((actual ?? NaN) - expected) <= tolerance
  expect(isClose, `${what}: ${actual} should be ${expected} ± ${tolerance}`).to.equal(true)
}
