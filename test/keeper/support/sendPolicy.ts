import type { SendPolicy } from '../../../src/keeper/sending/sender.ts'

export const gwei = 10n ** 9n

/** A policy under which the tests of sending reach every bound within some blocks. */
export const sendPolicy: SendPolicy = {
  fees: { floor: gwei, cap: 100n * gwei, bumpPerMille: 125n },
  dailyCap: 10n ** 18n,
  bumpAfterBlocks: 3n,
  privateBlocks: 5n,
  confirmations: 3n,
}
