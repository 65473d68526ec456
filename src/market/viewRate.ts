import { type Abi, type Address, parseAbi } from 'viem'
import { z } from 'zod'
import { readAll } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { rateCap, rateFloor, rateMarket, toRate, withinBounds } from './boundedRate.ts'
import type { RateSource } from './source.ts'

const configuration = z.strictObject({
  source: z.literal('view'),
  /** The asset itself by default. */
  contract: address.optional(),
  /** Name of a view without arguments that answers one uint256: `stEthPerToken`, `getExchangeRate`, `rate`. */
  function: z.string().regex(/^[A-Za-z_$][\w$]*$/, 'expected the name of a function'),
  /** Of the answer. */
  decimals: z.int().min(0).max(36),
  cap: rateCap.optional(),
  floor: rateFloor.optional(),
  market: rateMarket.optional(),
})

/** A rate that a contract answers by a view, as wstETH does by `stEthPerToken`. */
export const viewRate: RateSource<z.output<typeof configuration>> = {
  id: 'view',
  configuration,
  *read({ contract, function: functionName, decimals, ...bounds }, asset, block) {
    const target = contract ?? (asset.slice(asset.indexOf(':') + 1) as Address)
    const abi = parseAbi([`function ${functionName}() view returns (uint256)`]) as Abi
    const [answer] = (yield* readAll([{ address: target, abi, functionName }])) as readonly [bigint]
    const source = `view:${target}.${functionName}`
    return yield* withinBounds(toRate(answer, decimals), bounds, { asset, source, block })
  },
}
