import { type Address, erc20Abi } from 'viem'
import { type AssetKey, toAssetKey } from '../core/asset.ts'
import { InconsistentReadError } from '../core/errors.ts'
import { type ReadPlan, readEach } from '../core/readPlan.ts'
import type { AdapterContext } from './adapter.ts'

/** A token with the decimals that it says it has. */
export type TokenDecimals = { readonly token: Address; readonly decimals: number }

/** Reads the decimals of tokens, each once. */
export function* readDecimals(tokens: readonly Address[]): ReadPlan<TokenDecimals[]> {
  const distinct = [...new Set(tokens)]
  const decimals = yield* readEach(
    distinct.map((token) => ({ address: token, abi: erc20Abi, functionName: 'decimals' }) as const),
  )
  return distinct.map((token, index) => ({ token, decimals: decimals[index] as number }))
}

/**
 * Asserts that tokens have the decimals that the parameter set gives them.
 *
 * @throws {InconsistentReadError} naming both numbers.
 */
export function requireTokenDecimals(context: AdapterContext<unknown>, tokens: readonly TokenDecimals[]): void {
  for (const { token, decimals } of tokens) {
    requireDecimals(context, toAssetKey(context.block.chainId, token), decimals)
  }
}

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
