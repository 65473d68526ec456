import { type Account, type Address, type Client, type Hash, type Hex, isAddressEqual, size } from 'viem'
import { call, getTransaction, multicall, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { marginRegistryAbi } from './attest/abi.ts'
import { type Attestation, decodeAttestation, encodeAttestation, type MarginRecord } from './attest/record.ts'
import type { SignerSet } from './attest/sign.ts'
import { describeRpcFailure } from './chain/describeRpcFailure.ts'
import { RpcError } from './chain/errors.ts'
import { BaseError, InvalidInputError } from './core/errors.ts'
import { type MarginParameters, parametersHash } from './core/parameters.ts'

/** What a registry says at one block. */
export type RegistryState = {
  readonly signerSet: SignerSet
  /** Parameter hash of the model, zero when undefined. */
  readonly paramsHash: Hex
  readonly retired: boolean
  readonly isPostingPaused: boolean
  /** Newest stored record of the account, whether or not it may still be relied on. */
  readonly stored: MarginRecord | null
}

/** The registry would not store the attestation. */
export class PostRefusedError extends BaseError {
  override readonly name = 'PostRefusedError'
}

/** The registry's model commits to other parameters than the ones at hand, or is not there. */
export class ParametersMismatchError extends BaseError {
  override readonly name = 'ParametersMismatchError'
}

const unknownStatus = 0

/**
 * Reads signers, model and stored record in one call.
 *
 * @throws {RpcError} when the node does not answer or there is no registry at the address.
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
  const [[setId, threshold, signers], [model, retired], [pauses], [status, margin]] = await read.catch((error) => {
    throw new RpcError({ request: `Reading registry ${registry}`, reason: describeRpcFailure(error) })
  })
  return {
    signerSet: { setId, threshold: Number(threshold), signers },
    paramsHash: model.paramsHash,
    retired,
    isPostingPaused: (pauses & 2n) !== 0n,
    stored: status === unknownStatus ? null : { account, ...margin },
  }
}

/**
 * Asserts that the registry's model is defined by the parameter set at hand.
 *
 * @throws {ParametersMismatchError} when it is not, or is retired.
 */
export function requireRegistered({ paramsHash, retired }: RegistryState, parameters: MarginParameters): void {
  const own = parametersHash(parameters)
  const { modelId } = parameters
  if (retired) throw new ParametersMismatchError(`Model ${modelId} of the registry is retired.`)
  if (paramsHash === own) return
  throw new ParametersMismatchError(`Model ${modelId} of the registry commits to parameters ${paramsHash}.`, {
    metaMessages: [`The parameter set at hand has hash ${own}; use the one that the registry names.`],
  })
}

/**
 * Simulates and sends an attestation; the payer need not be a signer.
 *
 * @returns Hash and gas of the mined transaction.
 * @throws {PostRefusedError} when the registry would revert or keep its newer record.
 */
export async function postAttestation(
  client: Client,
  { registry, attestation, payer }: { registry: Address; attestation: Attestation; payer: Account | Address },
): Promise<{ readonly hash: Hash; readonly gasUsed: bigint }> {
  const data = encodeAttestation(attestation)
  // At the newest block the attestation would still be bound to the present; it is posted into the next one.
  const { data: answer } = await call(client, { account: payer, to: registry, data, blockTag: 'pending' }).catch(
    (error) => {
      throw new PostRefusedError(`The registry would revert: ${describeRpcFailure(error)}.`)
    },
  )
  if (answer === undefined || size(answer) !== 32 || BigInt(answer) !== 1n) {
    throw new PostRefusedError('The registry holds a record that is at least as new.', {
      metaMessages: ['Read the account again at a newer block.'],
    })
  }
  const hash = await sendTransaction(client, { account: payer, to: registry, data, chain: null }).catch((error) => {
    throw new RpcError({ request: 'Sending the attestation', reason: describeRpcFailure(error) })
  })
  const { status, gasUsed } = await waitForTransactionReceipt(client, { hash, pollingInterval: 200 })
  if (status !== 'success') throw new PostRefusedError(`Transaction ${hash} reverted.`)
  return { hash, gasUsed }
}

/**
 * The attestation that a mined transaction posted, and the block that it was mined in.
 *
 * @throws {InvalidInputError} when the transaction did not call the registry or is not mined.
 */
export async function readPostedAttestation(
  client: Client,
  { registry, hash }: { registry: Address; hash: Hash },
): Promise<{ readonly attestation: Attestation; readonly minedAt: bigint }> {
  const { to, input, blockNumber } = await getTransaction(client, { hash }).catch((error) => {
    throw new RpcError({ request: `Reading transaction ${hash}`, reason: describeRpcFailure(error) })
  })
  if (!to || !isAddressEqual(to, registry))
    throw new InvalidInputError(`Transaction ${hash} did not call registry ${registry}.`)
  if (blockNumber === null) throw new InvalidInputError(`Transaction ${hash} is not mined yet.`)
  return { attestation: decodeAttestation(input), minedAt: blockNumber }
}
