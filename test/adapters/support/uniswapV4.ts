import { type Address, encodeAbiParameters, erc20Abi, maxUint128, parseAbiParameters, zeroAddress } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import { modifyLiquidities, type PoolKey } from '../../../scripts/devnet/uniswapV4.ts'
import { type DevnetFixture, revertTo } from '../../support/devnet.ts'

const modification = parseAbiParameters('uint256, uint256, uint128, uint128, bytes')

/** Actions of the position manager with their parameters. */
export const increase = (id: bigint, liquidity: bigint) =>
  ['00', encodeAbiParameters(modification, [id, liquidity, maxUint128, maxUint128, '0x'])] as const
export const decrease = (id: bigint, liquidity: bigint) =>
  ['01', encodeAbiParameters(modification, [id, liquidity, 0n, 0n, '0x'])] as const
export const burn = (id: bigint) =>
  ['03', encodeAbiParameters(parseAbiParameters('uint256, uint128, uint128, bytes'), [id, 0n, 0n, '0x'])] as const
export const takePair = ({ currency0, currency1 }: PoolKey, recipient: Address) =>
  [
    '11',
    encodeAbiParameters(parseAbiParameters('address, address, address'), [currency0, currency1, recipient]),
  ] as const
/** Pays what is owed of a currency, or takes what is due. */
export const close = (currency: Address) =>
  ['12', encodeAbiParameters(parseAbiParameters('address'), [currency])] as const

/** What the position manager pays an owner for a decrease by `liquidity`, fees included; the chain is put back. */
export async function paidFor(
  { chain, client, deployment }: Pick<DevnetFixture, 'chain' | 'client' | 'deployment'>,
  { owner, id, liquidity, key }: { owner: Address; id: bigint; liquidity: bigint; key: PoolKey },
): Promise<readonly [bigint, bigint]> {
  const recipient: Address = '0x00000000000000000000000000000000000c01d0'
  const snapshot = await client.snapshot()
  const batch = [decrease(id, liquidity), takePair(key, recipient)]
  await modifyLiquidities(sendAs(chain, owner), deployment.uniswapV4, batch)
  const balanceOf = (currency: Address) =>
    currency === zeroAddress
      ? client.getBalance({ address: recipient })
      : client.readContract({ address: currency, abi: erc20Abi, functionName: 'balanceOf', args: [recipient] })
  const paid = [await balanceOf(key.currency0), await balanceOf(key.currency1)] as const
  await revertTo(client, snapshot)
  return paid
}
