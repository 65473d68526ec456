import type { AssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import type { AdapterContext } from './adapter.ts'

/**
 * Asserts that a token has the decimals that the parameter set gives it; a token outside the set passes.
 *
 * @throws {InconsistentReadError} naming both numbers.
 */
export function requireDecimals({ venue, assets }: AdapterContext<unknown>, asset: AssetKey, decimals: number): void {
  const expected = assets[asset]?.decimals
  if (expected === undefined || expected === decimals) return
  throw new InconsistentReadError(
    `${venue}: token ${asset} has ${decimals} decimals, the parameter set says ${expected}.`,
    {
      metaMessages: ['Correct the asset in the parameter set.'],
    },
  )
}
