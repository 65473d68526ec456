import { expect } from 'chai'

/**
 * Asserts that two numbers differ by at most `tolerance`. Chai's own `closeTo` is replaced by one for integers as soon as a test
 * loads Hardhat's ethers matchers.
 */
export function expectClose(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual - expected) <= tolerance, `${actual} should be ${expected} ± ${tolerance}`).to.equal(true)
}
