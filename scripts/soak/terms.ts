import { wad } from '../../src/core/units.ts'
import { defaultPostPolicy } from '../../src/keeper/policy.ts'
import { defaultRecheckPolicy } from '../../src/keeper/recheck.ts'

export const gwei = 10n ** 9n

/** What the kept process may spend, wei: per gas, and in a day. */
export const feeCap = 400n * gwei
export const dailyCap = wad / 5n

export const policy = defaultPostPolicy
export const recheck = defaultRecheckPolicy

/** Chain time between two blocks, seconds. */
export const blockTime = 12

/**
 * Longest that a fresh record may hide a breach of maintenance, seconds of chain time: the recheck, the start of a killed keeper,
 * and the bids that outgrow a fee spike, each of them in blocks.
 */
export const promisedDelay = recheck.seconds + 12 * blockTime
