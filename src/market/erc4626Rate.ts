import { type Address, erc20Abi, erc4626Abi } from 'viem'
import { z } from 'zod'
import { readAll } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { rateCap, rateFloor, rateMarket, toRate, withinBounds } from './boundedRate.ts'
import type { RateSource } from './source.ts'

const configuration = z.strictObject({
  source: z.literal('erc4626'),
  /** The asset itself by default; another in a chain. */
  vault: address.optional(),
  /** Demanded, because whoever sends a vault tokens raises its rate. */
  cap: rateCap,
  floor: rateFloor.optional(),
  market: rateMarket.optional(),
})

/** Shares of an ERC-4626 vault: the vault's asset in one whole share by `convertToAssets`, in whole tokens. */
export const erc4626Rate: RateSource<z.output<typeof configuration>> = {
  id: 'erc4626',
  configuration,
  *read({ vault, ...bounds }, asset, block) {
    const contract = { address: vault ?? (asset.slice(asset.indexOf(':') + 1) as Address), abi: erc4626Abi } as const
    const [token, shareDecimals] = yield* readAll([
      { ...contract, functionName: 'asset' },
      { ...contract, abi: erc20Abi, functionName: 'decimals' },
    ])
    const [assets, assetDecimals] = yield* readAll([
      { ...contract, functionName: 'convertToAssets', args: [10n ** BigInt(shareDecimals)] },
      { address: token, abi: erc20Abi, functionName: 'decimals' },
    ])
    // The vault itself rounds down, by less than one smallest unit.
    const rate = { down: toRate(assets, assetDecimals).down, up: toRate(assets + 1n, assetDecimals).up }
    return yield* withinBounds(rate, bounds, { asset, source: `erc4626:${contract.address}`, block })
  },
}
