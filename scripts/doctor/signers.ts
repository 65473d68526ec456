import type { Address, Client } from 'viem'
import { getAbiItem } from 'viem'
import { getBlock, getLogs, getTransaction } from 'viem/actions'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import type { SignerSet } from '../../src/attest/sign.ts'
import { signerIndices } from '../../src/attest/wire.ts'
import { readPosts } from '../../src/registryLogs.ts'
import { decodeMessage } from '../../src/report/decodeMessage.ts'
import { error, type Finding, ok, warning } from './finding.ts'

/** Posts that are looked into for signers, newest first. */
const mostPosts = 200

/** Whether the signer set can sign at all, and when each signer last did within a range of blocks. */
export async function checkSigners(
  client: Client,
  { registry, set, head, blocks }: { registry: Address; set: SignerSet; head: bigint; blocks?: bigint },
): Promise<Finding[]> {
  const { setId, threshold, signers } = set
  const summary = `set ${setId}: ${threshold} of ${signers.length}`
  const findings = [
    signers.length < threshold
      ? error('signers', `${summary}: too few are left to sign anything`)
      : threshold === 1
        ? warning('signers', `${summary}: one key alone moves every record`)
        : ok('signers', summary),
  ]
  if (signers.length === threshold && threshold > 1) {
    findings.push(warning('signers', `${summary}: one silent signer stops every record`))
  }
  if (blocks === undefined) return findings
  const fromBlock = head > blocks ? head - blocks : 0n
  const newest = await newestBySigner(client, registry, { fromBlock, toBlock: head })
  for (const [index, signer] of signers.entries()) {
    const at = newest.get(index)
    findings.push(
      at === undefined
        ? warning(
            'liveness',
            `signer ${index} ${signer} signed no record of the last ${head - fromBlock} blocks under this set`,
          )
        : ok('liveness', `signer ${index} ${signer} last signed ${await describeBlock(client, at, head)}`),
    )
  }
  return findings
}

async function newestBySigner(
  client: Client,
  registry: Address,
  range: { readonly fromBlock: bigint; readonly toBlock: bigint },
): Promise<ReadonlyMap<number, bigint>> {
  const event = getAbiItem({ abi: marginRegistryAbi, name: 'SignersChanged' })
  const changes = await getLogs(client, { address: registry, event, ...range })
  // Bits of an earlier set stand for other signers.
  const since = changes.at(-1)?.blockNumber ?? range.fromBlock
  const posts = await readPosts(client, { registry, fromBlock: since, toBlock: range.toBlock })
  const newest = new Map<number, bigint>()
  for (const { transactionHash: hash, blockNumber } of posts.slice(-mostPosts).reverse()) {
    for (const index of signersOf((await getTransaction(client, { hash })).input)) {
      if (!newest.has(index)) newest.set(index, blockNumber)
    }
  }
  return newest
}

/** Nothing for a leaf, and for a post through another contract. */
function signersOf(input: `0x${string}`): readonly number[] {
  try {
    const message = decodeMessage(input)
    if (message.kind === 'record') return signerIndices(message.attestation.signerBitmap)
    if (message.kind === 'batch') return signerIndices(message.batch.signerBitmap)
    if (message.kind === 'root') return signerIndices(message.root.signerBitmap)
  } catch {
    // Not ours.
  }
  return []
}

async function describeBlock(client: Client, blockNumber: bigint, head: bigint): Promise<string> {
  const { timestamp } = await getBlock(client, { blockNumber })
  return `in block ${blockNumber}, ${head - blockNumber} blocks ago (${new Date(Number(timestamp) * 1000).toISOString()})`
}
