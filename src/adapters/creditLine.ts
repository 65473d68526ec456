import { parseAbi } from 'viem'
import { z } from 'zod'
import { readAll } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { wadPerQuoteUnit } from '../core/units.ts'
import type { Adapter } from './adapter.ts'

const creditLineAbi = parseAbi([
  'function debtOf(address account) view returns (uint256)',
  'function loanOf(address borrower) view returns (uint128 collateral, uint128 debt, uint128 unseen, uint64 lastBorrowAt, uint64 lastRecordAt)',
])

const configuration = z.strictObject({ address })

type CreditLineConfiguration = z.output<typeof configuration>

/**
 * A debt to a consumer of our own records, which answers `debtOf` in 1e-6 USD, rounded up. The collateral that it holds is
 * not credited, so it is not read.
 */
export const creditLine: Adapter<CreditLineConfiguration, bigint> = {
  id: 'credit-line',
  configuration,

  *read({ configuration, account }) {
    const [debt] = yield* readAll([
      { address: configuration.address, abi: creditLineAbi, functionName: 'debtOf', args: [account] },
    ])
    return debt
  },

  toPositions(debt, { configuration, account, block: { chainId }, venue }) {
    const contract = configuration.address
    if (debt === 0n) return { positions: [], requirements: [], rules: [] }
    return {
      positions: [
        {
          kind: 'consumerDebt',
          claim: { chainId, contract, holder: account, id: '' },
          venueAccount: { chainId, venue, instance: contract, holder: account, subAccount: '' },
          control: 'consumer',
          amount: debt * wadPerQuoteUnit,
        },
      ],
      requirements: [],
      rules: [],
    }
  },

  // `debtOf` follows a price feed, the stored loan only its borrower.
  witness: (_, { configuration, account }) => [
    { address: configuration.address, abi: creditLineAbi, functionName: 'loanOf', args: [account] },
  ],
}
