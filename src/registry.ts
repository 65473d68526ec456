import {
  type Account,
  type Address,
  type Client,
  BaseError as ClientError,
  ContractFunctionZeroDataError,
  ExecutionRevertedError,
  type Hash,
  type Hex,
  isAddressEqual,
  isHex,
  type Log,
  parseEventLogs,
  size,
} from 'viem'
import {
  call,
  getTransaction,
  getTransactionReceipt,
  multicall,
  sendTransaction,
  waitForTransactionReceipt,
} from 'viem/actions'
import { marginRegistryAbi } from './attest/abi.ts'
import { decodeBatch, encodeBatch, type MarginBatch } from './attest/batch.ts'
import { decodeError } from './attest/decodeError.ts'
import type { ChangeBounds, Improvement } from './attest/improvement.ts'
import { type Attestation, decodeAttestation, encodeAttestation, type MarginRecord } from './attest/record.ts'
import { decodeRoot, encodeLeaf, encodeRoot, type Leaf, type MarginRoot } from './attest/root.ts'
import type { SignerSet } from './attest/sign.ts'
import type { Signatures } from './attest/wire.ts'
import { describeRpcFailure } from './chain/describeRpcFailure.ts'
import { RpcError } from './chain/errors.ts'
import { secretsOfTransport } from './chain/secrets.ts'
import { toRpcError } from './chain/toRpcError.ts'
import { BaseError, InvalidInputError } from './core/errors.ts'
import { type MarginParameters, parametersHash } from './core/parameters.ts'

/** What a registry says at one block. */
export type RegistryState = {
  readonly signerSet: SignerSet
  /** Parameter hash of the model, zero when undefined. */
  readonly paramsHash: Hex
  readonly retired: boolean
  /** How fast the model lets free equity rise. */
  readonly bounds: ChangeBounds
  readonly isPostingPaused: boolean
  readonly stored: StoredRecord | null
}

/** Newest stored record of an account, and whether it may be relied on at the block of the read. */
export type StoredRecord = MarginRecord & { readonly isUsable: boolean }

/** The registry would not store the attestation. */
export class PostRefusedError extends BaseError {
  override readonly name = 'PostRefusedError'
}

/** The registry's model commits to other parameters than the ones at hand, or is not there. */
export class ParametersMismatchError extends BaseError {
  override readonly name = 'ParametersMismatchError'
}

/** `IMarginOracle.Status`. */
export const marginStatus = { unknown: 0, fresh: 1 } as const

/**
 * Reads signers, model and stored record in one call.
 *
 * @throws {InvalidInputError} when there is no registry at the address.
 * @throws {RpcError} when the node does not answer.
 */
export async function readRegistry(
  client: Client,
  {
    registry,
    modelId,
    account,
    blockNumber,
  }: { registry: Address; modelId: number; account: Address; blockNumber?: bigint },
): Promise<RegistryState> {
  const contract = { address: registry, abi: marginRegistryAbi } as const
  const read = multicall(client, {
    allowFailure: false,
    deployless: true,
    batchSize: 0,
    ...(blockNumber === undefined ? {} : { blockNumber }),
    contracts: [
      { ...contract, functionName: 'signerSet' },
      { ...contract, functionName: 'modelOf', args: [modelId] },
      { ...contract, functionName: 'controls' },
      { ...contract, functionName: 'tryMarginOf', args: [account, 2n ** 256n - 1n] },
    ],
  })
  const [[setId, threshold, signers], [model, retired], [pauses], [found, margin]] = await read.catch((error) => {
    if (error instanceof ClientError && error.walk((link) => link instanceof ContractFunctionZeroDataError)) {
      throw noRegistry(registry)
    }
    throw toRpcError(client, `Reading registry ${registry}`, error)
  })
  return {
    signerSet: { setId, threshold: Number(threshold), signers },
    paramsHash: model.paramsHash,
    retired,
    bounds: { base: model.improvementBase, rate: model.improvementRate, cap: model.improvementCap },
    isPostingPaused: (pauses & 2n) !== 0n,
    stored: found === marginStatus.unknown ? null : { account, ...margin, isUsable: found === marginStatus.fresh },
  }
}

/**
 * Asserts that the registry's model is defined by the parameter set at hand.
 *
 * @throws {ParametersMismatchError} when it is not, or is retired.
 */
export function requireRegistered(
  { paramsHash, retired }: Pick<RegistryState, 'paramsHash' | 'retired'>,
  parameters: MarginParameters,
): void {
  const own = parametersHash(parameters)
  const { modelId } = parameters
  if (retired) throw new ParametersMismatchError(`Model ${modelId} of the registry is retired.`)
  if (paramsHash === own) return
  throw new ParametersMismatchError(`Model ${modelId} of the registry commits to parameters ${paramsHash}.`, {
    metaMessages: [`The parameter set at hand has hash ${own}; use the one that the registry names.`],
  })
}

/**
 * What the rise of an account's free equity is measured against: the bounds in force, and the record that was stored at the
 * block that a new one binds, so that every signer lowers equity alike.
 *
 * @throws {InvalidInputError | RpcError} as of {@link readRegistry}.
 */
export async function readImprovement(
  client: Client,
  { bounds }: RegistryState,
  at: { readonly registry: Address; readonly modelId: number; readonly account: Address; readonly blockNumber: bigint },
): Promise<Improvement> {
  return { bounds, stored: (await readRegistry(client, at)).stored }
}

/** Who sends a message to which registry; the payer need not be a signer. */
export type PostOptions = { readonly registry: Address; readonly payer: Account | Address }

/** Hash and gas of a mined transaction. */
export type Posted = { readonly hash: Hash; readonly gasUsed: bigint }

/**
 * Simulates and sends an attestation.
 *
 * @throws {PostRefusedError} when the registry would revert or keeps its newer record.
 * @throws {InvalidInputError} when there is no registry at the address.
 * @throws {RpcError} when the node does not answer; if the message names a transaction, it was sent.
 */
export async function postAttestation(
  client: Client,
  { attestation, ...options }: PostOptions & { readonly attestation: Attestation },
): Promise<Posted> {
  const { hash, gasUsed } = await send(client, encodeAttestation(attestation), options)
  return { hash, gasUsed }
}

/**
 * Simulates and sends a batch. The registry skips what is older than its own record or breaks a rule of its account.
 *
 * @returns also how many items were stored.
 * @throws {PostRefusedError} when the registry would revert or store nothing.
 * @throws {InvalidInputError | RpcError} as of {@link postAttestation}.
 */
export async function postBatch(
  client: Client,
  { batch, ...options }: PostOptions & { readonly batch: MarginBatch & Signatures },
): Promise<Posted & { readonly stored: number }> {
  const { hash, gasUsed, logs } = await send(client, encodeBatch(batch), options)
  const [event] = parseEventLogs({ abi: marginRegistryAbi, eventName: 'MarginBatchAttested', logs })
  return { hash, gasUsed, stored: Number(event?.args.stored ?? 0n) }
}

/**
 * Simulates and sends a root.
 *
 * @throws {PostRefusedError | InvalidInputError | RpcError} as of {@link postAttestation}.
 */
export async function postRoot(
  client: Client,
  { root, ...options }: PostOptions & { readonly root: MarginRoot & Signatures },
): Promise<Posted> {
  const { hash, gasUsed } = await send(client, encodeRoot(root), options)
  return { hash, gasUsed }
}

/**
 * Simulates and sends a record under the newest root, to have it stored.
 *
 * @throws {PostRefusedError | InvalidInputError | RpcError} as of {@link postAttestation}.
 */
export async function postLeaf(
  client: Client,
  { leaf, ...options }: PostOptions & { readonly leaf: Leaf },
): Promise<Posted> {
  const { hash, gasUsed } = await send(client, encodeLeaf(leaf), options)
  return { hash, gasUsed }
}

/**
 * Asks the registry what a message would do in the next block, or on top of the newest one as if nothing were out (`latest`,
 * for a message that is out itself). `data` is the calldata of a post of any kind.
 *
 * @throws {PostRefusedError} when the registry would revert, or store nothing.
 * @throws {InvalidInputError} when there is no registry at the address.
 * @throws {RpcError} when the node does not answer.
 */
export async function simulatePost(
  client: Client,
  {
    registry,
    payer,
    data,
    blockTag = 'pending',
  }: PostOptions & { readonly data: Hex; readonly blockTag?: 'pending' | 'latest' },
): Promise<void> {
  // At the newest block the attestation would still be bound to the present; it is posted into the next one.
  const { data: answer } = await call(client, { account: payer, to: registry, data, blockTag }).catch((error) => {
    throw toPostFailure(client, error)
  })
  if (answer === undefined || size(answer) !== 32) throw noRegistry(registry)
  if (BigInt(answer) === 0n) throw keepsNewerRecord()
}

async function send(client: Client, data: Hex, { registry, payer }: PostOptions): Promise<Posted & { logs: Log[] }> {
  await simulatePost(client, { registry, payer, data })
  const hash = await sendTransaction(client, { account: payer, to: registry, data, chain: null }).catch((error) => {
    throw toRpcError(client, 'Sending the attestation', error)
  })
  const receipt = await waitForTransactionReceipt(client, { hash, pollingInterval: 200 }).catch((error) => {
    // Whatever went wrong, the hash must not be lost.
    const reason = describeRpcFailure(error, secretsOfTransport(client.transport))
    throw new RpcError({ request: `Waiting for transaction ${hash}`, reason })
  })
  if (receipt.status !== 'success') throw new PostRefusedError(`Transaction ${hash} reverted.`)
  // Somebody else may have posted in the meantime; the registry then changes nothing and says nothing.
  if (receipt.logs.length === 0) throw keepsNewerRecord(hash)
  return { hash, gasUsed: receipt.gasUsed, logs: receipt.logs }
}

/**
 * The attestation that a mined transaction posted, and the block that it was mined in.
 *
 * @throws {InvalidInputError} when the transaction did not call the registry, reverted, stored nothing or is not mined.
 * @throws {InvalidAttestationError} when it posted something else.
 */
export async function readPostedAttestation(
  client: Client,
  options: { readonly registry: Address; readonly hash: Hash },
): Promise<{ readonly attestation: Attestation; readonly minedAt: bigint }> {
  const { input, minedAt } = await readPost(client, options)
  return { attestation: decodeAttestation(input), minedAt }
}

/**
 * The batch that a mined transaction posted; as of {@link readPostedAttestation}.
 *
 * @throws {InvalidInputError | InvalidAttestationError}
 */
export async function readPostedBatch(
  client: Client,
  options: { readonly registry: Address; readonly hash: Hash },
): Promise<{ readonly batch: MarginBatch & Signatures; readonly minedAt: bigint }> {
  const { input, minedAt } = await readPost(client, options)
  return { batch: decodeBatch(input), minedAt }
}

/**
 * The root that a mined transaction posted; as of {@link readPostedAttestation}.
 *
 * @throws {InvalidInputError | InvalidAttestationError}
 */
export async function readPostedRoot(
  client: Client,
  options: { readonly registry: Address; readonly hash: Hash },
): Promise<{ readonly root: MarginRoot & Signatures; readonly minedAt: bigint }> {
  const { input, minedAt } = await readPost(client, options)
  return { root: decodeRoot(input), minedAt }
}

/**
 * The bytes that a mined transaction posted, of whichever kind, and the block that it was mined in.
 *
 * @throws {InvalidInputError} as of {@link readPostedAttestation}.
 */
export async function readPost(
  client: Client,
  { registry, hash }: { readonly registry: Address; readonly hash: Hash },
): Promise<{ readonly input: Hex; readonly minedAt: bigint }> {
  const orRpcError = (error: unknown) => {
    throw toRpcError(client, `Reading transaction ${hash}`, error)
  }
  const { to, input, blockNumber } = await getTransaction(client, { hash }).catch(orRpcError)
  if (!to || !isAddressEqual(to, registry))
    throw new InvalidInputError(`Transaction ${hash} did not call registry ${registry}.`)
  if (blockNumber === null) throw new InvalidInputError(`Transaction ${hash} is not mined yet.`)
  const { status, logs } = await getTransactionReceipt(client, { hash }).catch(orRpcError)
  if (status !== 'success') throw new InvalidInputError(`Transaction ${hash} reverted, so it posted nothing.`)
  if (logs.length === 0) {
    throw new InvalidInputError(
      `Transaction ${hash} stored nothing: the registry held a record that was at least as new.`,
    )
  }
  return { input, minedAt: blockNumber }
}

/** @internal */
export function noRegistry(registry: Address): InvalidInputError {
  return new InvalidInputError(`There is no margin registry at ${registry}.`, {
    metaMessages: ['Check the address, and that the node serves the chain of the deployment.'],
  })
}

function keepsNewerRecord(hash?: Hash): PostRefusedError {
  const sent = hash === undefined ? '' : ` Transaction ${hash} changed nothing.`
  return new PostRefusedError(`The registry holds a record that is at least as new, or of another model.${sent}`, {
    metaMessages: ['Read the account again at a newer block.'],
  })
}

/** A revert is the registry's own answer; anything else says nothing about the attestation. */
function toPostFailure(client: Client, error: unknown): BaseError {
  const revert = revertOf(client, error)
  if (revert === undefined) return toRpcError(client, 'Simulating the post', error)
  return new PostRefusedError(`The registry would revert: ${revert.reason}.`, { metaMessages: revert.explanation })
}

type Revert = { readonly reason: string; readonly explanation: readonly string[] }

const unexplained = [
  'Verify the attestation; make it again when it has expired or the signers, model or branch changed.',
]

function revertOf(client: Client, error: unknown): Revert | undefined {
  if (!(error instanceof ClientError)) return undefined
  for (let link: unknown = error; link instanceof Error; link = link.cause) {
    const { data } = link as { data?: unknown }
    if (isHex(data) && size(data) >= 4) return explainRevert(data)
  }
  const isRevert = error.walk((link) => link instanceof ExecutionRevertedError) !== null
  if (!isRevert) return undefined
  return { reason: describeRpcFailure(error, secretsOfTransport(client.transport)), explanation: unexplained }
}

function explainRevert(data: Hex): Revert {
  try {
    const known = decodeError(data)
    if (known !== undefined) {
      const values = known.arguments.map(({ value }) => value)
      return { reason: `${known.name}(${values.join(', ')})`, explanation: [known.cause, known.fix] }
    }
  } catch {
    // Of another contract whose error happens to begin so.
  }
  return { reason: `unknown error ${data.slice(0, 10)}`, explanation: unexplained }
}
