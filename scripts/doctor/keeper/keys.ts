import { type Address, type Client, formatEther, formatGwei, isAddressEqual } from 'viem'
import { estimateMaxPriorityFeePerGas, getBalance, getBlock } from 'viem/actions'
import type { SignerSet } from '../../../src/attest/sign.ts'
import { toRpcError } from '../../../src/chain/toRpcError.ts'
import type { KeeperConfig } from '../../../src/keeper/config/config.ts'
import { gasOfPost } from '../../../src/keeper/forms.ts'
import { firstFees } from '../../../src/keeper/sending/fees.ts'
import { error, type Finding, ok, warning } from '../finding.ts'

/** Fewer posts than this are a warning. */
const fewPosts = 100n

/** Whether the keeper's own signers belong to the set, and whether they and the co-signers are enough. */
export function checkAttestors(
  own: readonly Address[],
  { cosigners }: Pick<KeeperConfig, 'cosigners'>,
  { setId, threshold, signers }: SignerSet,
): Finding[] {
  const isMember = (address: Address) => signers.some((signer) => isAddressEqual(signer, address))
  const peers = cosigners.peers.filter(({ signer }) => isMember(signer))
  const reachable = own.filter(isMember).length + peers.length
  const summary = `${own.filter(isMember).length} own and ${peers.length} co-signers, ${threshold} must sign`
  return [
    ...own.map((address) =>
      isMember(address)
        ? ok('attestor', `${address} is an active signer (threshold ${threshold} of ${signers.length})`)
        : error('attestor', `${address} is no signer of set ${setId}: its signatures count for nothing`),
    ),
    ...cosigners.peers
      .filter((peer) => !peers.includes(peer))
      .map(({ name, signer }) => warning('attestor', `co-signer ${name} ${signer} is no signer of set ${setId}`)),
    reachable >= threshold
      ? ok('threshold', summary)
      : error('threshold', `${summary}: no record can be signed; name more under cosigners.peers`),
  ]
}

/** Balance of the payer, and the posts that it pays for at the fee of now. */
export async function checkPayer(
  client: Client,
  payer: Address,
  { sending }: Pick<KeeperConfig, 'sending'>,
  signatures: number,
): Promise<Finding> {
  try {
    const [balance, { baseFeePerGas }, tip] = await Promise.all([
      getBalance(client, { address: payer }),
      getBlock(client),
      estimateMaxPriorityFeePerGas(client, { chain: null }),
    ])
    const baseFee = baseFeePerGas ?? 0n
    const policy = { floor: sending.feeFloor, cap: sending.feeCap, bumpPerMille: 125n }
    const fees = firstFees(policy, { baseFee, tip })
    const fee = baseFee + tip
    const cost = BigInt(gasOfPost('single', signatures)) * (fee > 0n ? fee : 1n)
    const posts = balance / cost
    const detail = `${payer}  ${formatEther(balance)} ETH, about ${posts} posts at ${formatGwei(fee)} gwei`
    if (fees === undefined) return error('payer', `${detail}; the base fee is above feeCapGwei: nothing would be sent`)
    if (posts === 0n) return error('payer', `${detail}: send it some`)
    return posts < fewPosts ? warning('payer', `${detail}: send it some soon`) : ok('payer', detail)
  } catch (cause) {
    return error('payer', toRpcError(client, 'Reading the payer', cause).shortMessage)
  }
}
