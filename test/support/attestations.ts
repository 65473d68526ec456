import { network } from 'hardhat'
import {
  type Address,
  BaseError,
  concat,
  decodeErrorResult,
  type Hex,
  keccak256,
  numberToHex,
  type PrivateKeyAccount,
  stringToHex,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { type DeployRegistryOptions, deployRegistry } from '../../scripts/deploy.ts'
import {
  creditLineAbi,
  gatedVaultAbi,
  marginRatioFeedAbi,
  marginRegistryAbi,
  mockMarginRegistryAbi,
} from '../../src/attest/abi.ts'
import { buildBatch, type Draft, encodeBatch } from '../../src/attest/batch.ts'
import { encodeWord, type MarginRecord, postTag } from '../../src/attest/record.ts'
import { buildRoot, encodeLeaf, encodeRoot } from '../../src/attest/root.ts'
import { type SignerSet, signAttestation, signBatch, signRoot } from '../../src/attest/sign.ts'
import type { Binding, UnsignedAttestation } from '../../src/attest/typedData.ts'

export const paramsHash = keccak256(stringToHex('parameters'))
export const portfolioRoot = keccak256(stringToHex('portfolio'))
export const borrower: Address = '0x1111111111111111111111111111111111111111'

/** Twelve keys in the order of their addresses. */
export const keys: readonly PrivateKeyAccount[] = Array.from({ length: 12 }, (_, i) =>
  privateKeyToAccount(keccak256(stringToHex(`signer ${i}`))),
).sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))

/** Flags of a record that is valid for about an hour. */
export const anHour = 8

export type SignOptions = {
  readonly record?: Partial<MarginRecord>
  /** Replaces parts of what is signed, not of what is sent. */
  readonly signed?: Partial<UnsignedAttestation>
  readonly blockNumber?: bigint
  readonly portfolioRoot?: Hex
  readonly signers?: readonly PrivateKeyAccount[]
  readonly bitmap?: number
  readonly chainId?: number
  readonly registry?: Address
}

/** A chain with a registry of 3 of 9 signers, or of as many as said. */
export async function createChain(options: Partial<DeployRegistryOptions> & { members?: number } = {}) {
  const { viem, ethers, networkHelpers } = await network.create()
  const publicClient = await viem.getPublicClient()
  const wallets = await viem.getWalletClients()
  const walletClient = options.walletClient ?? wallets[0]
  if (!walletClient) throw new Error('the network has no wallet')
  const members = keys.slice(0, options.members ?? 9)
  const deployment = {
    threshold: 3,
    models: [{ id: 0, paramsHash }],
    signers: members.map(({ address }) => address),
    ...options,
    walletClient,
    publicClient,
  }
  const { registry, accessManager, signerSet } = await deployRegistry(deployment)
  await networkHelpers.mine(16)
  const contract = await viem.getContractAt('MarginRegistry', registry)
  return {
    viem,
    ethers,
    networkHelpers,
    publicClient,
    wallets,
    walletClient,
    registry,
    accessManager,
    signerSet,
    contract,
  }
}

export type Chain = Awaited<ReturnType<typeof createChain>>

/** A record of the head block, signed by the first `threshold` members. */
export async function sign(chain: Chain, set: SignerSet, options: SignOptions = {}) {
  const block = await chain.publicClient.getBlock(
    options.blockNumber === undefined ? {} : { blockNumber: options.blockNumber },
  )
  const record: MarginRecord = {
    account: borrower,
    initialMargin: 500_000_000n,
    maintenanceMargin: 400_000_000n,
    equity: 2_000_000_000n,
    observedAt: Number(block.timestamp),
    lienSeq: 0,
    modelId: 0,
    flags: anHour,
    ...options.record,
  }
  const unsigned: UnsignedAttestation = {
    record,
    blockNumber: block.number,
    portfolioRoot: options.portfolioRoot ?? portfolioRoot,
    blockHash: block.hash,
    paramsHash,
    setId: set.setId,
    ...options.signed,
  }
  const domain = { chainId: options.chainId ?? 31337, registry: options.registry ?? chain.registry }
  const signers = options.signers ?? keys.slice(0, set.threshold)
  const signatures = await Promise.all(signers.map((signer) => signAttestation(signer, unsigned, domain)))
  const bitmap = options.bitmap ?? 2 ** signers.length - 1
  return { record, unsigned, domain, signatures, bitmap, wire: toWire({ record, unsigned, bitmap, signatures }) }
}

/** The wire without any of the checks of our own encoder. */
export function toWire({
  record,
  unsigned,
  bitmap,
  signatures,
}: {
  record: MarginRecord
  unsigned: Pick<UnsignedAttestation, 'blockNumber' | 'portfolioRoot'>
  bitmap: number
  signatures: readonly Hex[]
}): Hex {
  return concat([
    postTag,
    record.account,
    encodeWord(record),
    numberToHex(unsigned.blockNumber, { size: 5 }),
    unsigned.portfolioRoot,
    numberToHex(bitmap, { size: 2 }),
    ...signatures,
  ])
}

/** What a post of the bytes in the next block would do: `stored`, `skipped`, or the name of the error. */
export async function tryPost(chain: Chain, wire: Hex, to: Address = chain.registry): Promise<string> {
  try {
    const { data } = await chain.publicClient.call({
      account: chain.walletClient.account.address,
      to,
      data: wire,
      blockTag: 'pending',
    })
    return BigInt(data ?? '0x0') === 1n ? 'stored' : 'skipped'
  } catch (error) {
    return revertName(error)
  }
}

/** Posts the bytes and says what came of it; the transaction must not fail. */
export async function post(chain: Chain, wire: Hex): Promise<{ gasUsed: bigint; logs: number }> {
  const hash = await chain.walletClient.sendTransaction({ chain: null, to: chain.registry, data: wire })
  const { status, gasUsed, logs } = await chain.publicClient.waitForTransactionReceipt({ hash })
  if (status !== 'success') throw new Error('the post reverted')
  return { gasUsed, logs: logs.length }
}

const everyError = [
  ...marginRegistryAbi,
  ...creditLineAbi,
  ...gatedVaultAbi,
  ...marginRatioFeedAbi,
  ...mockMarginRegistryAbi,
]

/** Name of the custom error in a failed call, or the message when there is none. */
export function revertName(error: unknown): string {
  if (!(error instanceof BaseError)) throw error
  let found: string | undefined
  error.walk((cause) => {
    const { data } = cause as { data?: unknown }
    const hex = typeof data === 'string' ? data : (data as { data?: unknown } | undefined)?.data
    if (typeof hex === 'string' && hex.startsWith('0x') && hex.length >= 10) {
      found ??= decodeErrorResult({ abi: everyError, data: hex as Hex }).errorName
    }
    return false
  })
  return found ?? error.message
}

/** Name of the error that a promise ends in, or nothing when it does not. */
export async function errorOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    return revertName(error)
  }
}

export type GroupOptions = {
  readonly blockNumber?: bigint
  readonly flags?: number
  readonly modelId?: number
  /** Replaces parts of what is signed, not of what is sent. */
  readonly signed?: Partial<Binding>
  readonly chainId?: number
  readonly registry?: Address
}

/** Fields of a record that a test wants otherwise; its account first. */
export type Part = Pick<MarginRecord, 'account'> & Partial<MarginRecord>

/** Records of the head block before they are put into a batch or under a root, with what binds them. */
async function draftGroup(chain: Chain, set: SignerSet, parts: readonly Part[], options: GroupOptions) {
  const block = await chain.publicClient.getBlock(
    options.blockNumber === undefined ? {} : { blockNumber: options.blockNumber },
  )
  const drafts: Draft[] = parts.map((part) => ({
    record: {
      initialMargin: 500_000_000n,
      maintenanceMargin: 400_000_000n,
      equity: 2_000_000_000n,
      observedAt: Number(block.timestamp),
      lienSeq: 0,
      modelId: options.modelId ?? 0,
      flags: options.flags ?? anHour,
      ...part,
    },
    blockNumber: block.number,
    portfolioRoot,
  }))
  const binding = { blockHash: block.hash, paramsHash, setId: set.setId, ...options.signed }
  const domain = { chainId: options.chainId ?? 31337, registry: options.registry ?? chain.registry }
  return { drafts, binding, domain, signers: keys.slice(0, set.threshold) }
}

/** A batch signed by the first `threshold` members. */
export async function signBatchOf(chain: Chain, set: SignerSet, parts: readonly Part[], options: GroupOptions = {}) {
  const { drafts, binding, domain, signers } = await draftGroup(chain, set, parts, options)
  const { batch } = buildBatch(drafts)
  const unsigned = { batch, ...binding }
  const signatures = await Promise.all(signers.map((signer) => signBatch(signer, unsigned, domain)))
  const signed = { ...batch, signerBitmap: 2 ** signers.length - 1, signatures }
  return { batch: signed, unsigned, wire: encodeBatch(signed) }
}

/** A root over records in root mode, signed by the first `threshold` members, and its leaves. */
export async function signRootOf(chain: Chain, set: SignerSet, parts: readonly Part[], options: GroupOptions = {}) {
  const rootMode = anHour | 0x20
  const { drafts, binding, domain, signers } = await draftGroup(chain, set, parts, { flags: rootMode, ...options })
  const { root, leaves } = buildRoot(drafts)
  const unsigned = { root, ...binding }
  const signatures = await Promise.all(signers.map((signer) => signRoot(signer, unsigned, domain)))
  const signed = { ...root, signerBitmap: 2 ** signers.length - 1, signatures }
  return { root: signed, unsigned, leaves, wire: encodeRoot(signed), leafWires: leaves.map(encodeLeaf) }
}
