import type { Address } from 'viem'
import type { AdapterContext } from '../../../src/adapters/adapter.ts'
import { toAssetKey } from '../../../src/core/asset.ts'

export const holder: Address = '0x00000000000000000000000000000000000000aA'

/** The context of a pure test: venue `venue` on chain 1 at time 1,000,000; `tokens` by address with their decimals. */
export function contextOf<Configuration>(
  configuration: Configuration,
  tokens: Readonly<Record<Address, number>>,
): AdapterContext<Configuration> {
  return {
    venue: 'venue',
    configuration,
    account: holder,
    block: { chainId: 1, number: 10n, hash: `0x${'11'.repeat(32)}`, timestamp: 1_000_000 },
    assets: Object.fromEntries(
      Object.entries(tokens).map(([token, decimals]) => [toAssetKey(1, token as Address), { decimals }]),
    ),
  }
}
