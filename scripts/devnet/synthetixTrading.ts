import { type Address, maxUint128, parseAbi } from 'viem'
import type { Contract, Sender } from './chain.ts'
import { name32 } from './lyraAvalon.ts'
import type { SynthetixPerpsDeployment } from './synthetixPerps.ts'

/** Gives an account freshly issued sUSD of Synthetix, WAD. */
export async function issueSynthetixUsd(
  sender: Sender,
  { issuer, addressResolver }: SynthetixPerpsDeployment,
  { to, amount }: { readonly to: Address; readonly amount: bigint },
): Promise<void> {
  const synth = await sender.chain.client.readContract({
    address: addressResolver,
    abi: resolverAbi,
    functionName: 'getAddress',
    args: [name32('SynthsUSD')],
  })
  await sender.send({ name: 'SynthetixStandIn', address: issuer, abi: issuerAbi }, 'issueSynth', [synth, to, amount])
}

/** Moves `amount` sUSD (WAD) of the sender into its margin, or out of it when negative. */
export async function transferMargin(sender: Sender, perps: SynthetixPerpsDeployment, amount: bigint): Promise<void> {
  await sender.send(marketOf(perps), 'transferMargin', [amount])
}

/** Changes the size of the sender's position by `size` ETH (WAD) at the market's present price, whatever it is. */
export async function modifyPosition(sender: Sender, perps: SynthetixPerpsDeployment, size: bigint): Promise<void> {
  await sender.send(marketOf(perps), 'modifyPosition', [size, anyPrice(size)])
}

/** Commits to change the size of the sender's position by `size` ETH (WAD) at a later price. */
export async function submitDelayedOrder(sender: Sender, perps: SynthetixPerpsDeployment, size: bigint): Promise<void> {
  await sender.send(marketOf(perps), 'submitDelayedOrder', [size, 0n, anyPrice(size)])
}

/** Flags a position for liquidation, after which nothing but its liquidation is possible. */
export async function flagPosition(sender: Sender, perps: SynthetixPerpsDeployment, account: Address): Promise<void> {
  await sender.send(marketOf(perps), 'flagPosition', [account])
}

/** Liquidates a flagged position. */
export async function liquidatePosition(
  sender: Sender,
  perps: SynthetixPerpsDeployment,
  account: Address,
): Promise<void> {
  await sender.send(marketOf(perps), 'liquidatePosition', [account])
}

const marketAbi = parseAbi([
  'function transferMargin(int256 marginDelta)',
  'function modifyPosition(int256 sizeDelta, uint256 desiredFillPrice)',
  'function submitDelayedOrder(int256 sizeDelta, uint256 desiredTimeDelta, uint256 desiredFillPrice)',
  'function flagPosition(address account)',
  'function liquidatePosition(address account)',
])
const issuerAbi = parseAbi(['function issueSynth(address synth, address account, uint256 amount)'])
const resolverAbi = parseAbi(['function getAddress(bytes32 name) view returns (address)'])

function marketOf({ market }: SynthetixPerpsDeployment): Contract {
  return { name: 'PerpsV2Market', address: market, abi: marketAbi }
}

/** Buys at no more than the largest price that the market can store, sells at no less than none. */
function anyPrice(size: bigint): bigint {
  return size > 0n ? maxUint128 : 0n
}
