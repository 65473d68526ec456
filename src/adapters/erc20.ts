import { type Address, erc20Abi, parseAbi, zeroAddress } from 'viem'
import { z } from 'zod'
import { toAssetKey } from '../core/asset.ts'
import type { Position } from '../core/position.ts'
import { readEach, readTogether } from '../core/readPlan.ts'
import { address } from '../core/schema.ts'
import { readOnce } from '../core/sharedPlan.ts'
import type { Adapter } from './adapter.ts'
import { readDecimals, requireDecimals } from './decimals.ts'

const nativeReaderAbi = parseAbi(['function getEthBalance(address account) view returns (uint256 balance)'])

const configuration = z
  .strictObject({
    /** Shares of ERC-4626 vaults and other wrapped tokens among them; what they are worth, the rates of the assets say. */
    tokens: z.array(address),
    /**
     * A contract that answers `getEthBalance`, such as the chain's Multicall3: then the chain's own coin, the asset of the zero
     * address, is read, too.
     */
    nativeReader: address.optional(),
  })
  .refine(({ tokens, nativeReader }) => tokens.length > 0 || nativeReader !== undefined, 'lists nothing to read')

type Erc20Configuration = z.output<typeof configuration>
type Raw = readonly { readonly token: Address; readonly decimals: number; readonly balance: bigint }[]

/** Tokens and native coin in the account's own hands, which it can move at any time. The account itself is the venue account. */
export const erc20: Adapter<Erc20Configuration, Raw> = {
  id: 'erc20',
  configuration,

  *read({ configuration: { tokens, nativeReader }, account, shared }) {
    const [decimals, amounts, [native]] = yield* readTogether([
      readOnce(shared, 'decimals', () => readDecimals(tokens)),
      readEach(tokens.map((token) => balanceOf(token, account))),
      readEach(nativeReader === undefined ? [] : [nativeBalanceOf(nativeReader, account)]),
    ])
    const decimalsOf = new Map(decimals.map((each) => [each.token, each.decimals]))
    const balances = tokens.map((token, index) => {
      return { token, decimals: decimalsOf.get(token) as number, balance: amounts[index] as bigint }
    })
    return native === undefined ? balances : [...balances, { token: zeroAddress, decimals: 18, balance: native }]
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

  witness: (_, { configuration: { tokens, nativeReader }, account }) => [
    ...tokens.map((token) => balanceOf(token, account)),
    ...(nativeReader === undefined ? [] : [nativeBalanceOf(nativeReader, account)]),
  ],
}

function balanceOf(token: Address, account: Address) {
  return { address: token, abi: erc20Abi, functionName: 'balanceOf', args: [account] } as const
}

function nativeBalanceOf(reader: Address, account: Address) {
  return { address: reader, abi: nativeReaderAbi, functionName: 'getEthBalance', args: [account] } as const
}
