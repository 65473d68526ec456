import { type Address, erc20Abi } from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import type { Position } from '../core/position.ts'
import { type ReadPlan, readAll, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import type { Adapter } from './adapter.ts'
import { requireDecimals } from './decimals.ts'

const configuration = z.strictObject({ tokens: z.array(address).min(1) })

type Erc20Configuration = z.output<typeof configuration>
type Raw = readonly { readonly token: Address; readonly decimals: number; readonly balance: bigint }[]

/** Tokens in the account's own hands, which it can move at any time. The account itself is the venue account. */
export const erc20: Adapter<Erc20Configuration, Raw> = {
  id: 'erc20',
  configuration,

  *read({ configuration: { tokens }, account }) {
    return yield* readTogether(tokens.map((token) => readToken(token, account)))
  },

  toPositions(raw, context) {
    const { account, block, venue } = context
    const { chainId } = block
    const positions = raw.flatMap(({ token, decimals, balance }): Position[] => {
      const asset = toAssetKey(chainId, token)
      requireDecimals(context, asset, decimals)
      if (balance === 0n) return []
      return [
        {
          kind: 'balance',
          claim: { chainId, contract: token, holder: account, id: '' },
          venueAccount: { chainId, venue, instance: account, holder: account, subAccount: '' },
          control: 'free',
          asset,
          amount: balance,
        },
      ]
    })
    return { positions, requirements: [], rules: [] }
  },

  witness: (_, { configuration: { tokens }, account }) => tokens.map((token) => balanceOf(token, account)),
}

function* readToken(token: Address, account: Address): ReadPlan<Raw[number]> {
  const [decimals, balance] = yield* readAll([
    { address: token, abi: erc20Abi, functionName: 'decimals' },
    balanceOf(token, account),
  ])
  return { token, decimals, balance }
}

function balanceOf(token: Address, account: Address) {
  return { address: token, abi: erc20Abi, functionName: 'balanceOf', args: [account] } as const
}
