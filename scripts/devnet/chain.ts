import { setTimeout } from 'node:timers/promises'
import {
  type Abi,
  type Address,
  type Client,
  BaseError as ClientError,
  ContractFunctionRevertedError,
  createTestClient,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  type Hex,
  type PublicActions,
  publicActions,
  type TestActions,
  type TransactionReceipt,
  type Transport,
  type WalletActions,
  walletActions,
} from 'viem'
import { BaseError } from '../../src/core/errors.ts'
import { type Artifact, linkArtifact } from './artifacts.ts'

/** What a development node can be asked: to read, to send as an unlocked account, to move its time. */
export type DevnetClient = Client<
  Transport,
  undefined,
  undefined,
  undefined,
  PublicActions & TestActions & WalletActions
>

/**
 * A development chain. With pace `stepped` every block is one second after its parent, so that equal deployments give
 * equal numbers on every machine; with `clock` the node sets the time.
 */
export type DevnetChain = { readonly client: DevnetClient; readonly pace: 'stepped' | 'clock' }

/** A deployed contract with the ABI that its calls are encoded by. */
export type Contract = { readonly name: string; readonly address: Address; readonly abi: Abi }

/** A call that changes the chain; `value` in wei. */
type ContractCall = {
  readonly from: Address
  readonly contract: Contract
  readonly functionName: string
  readonly args?: readonly unknown[]
  readonly value?: bigint
}

/** Sends as one account, which the node must hold unlocked. */
export type Sender = {
  readonly chain: DevnetChain
  readonly address: Address
  /** Deploys a contract, linked with `libraries`. @throws {DevnetTransactionError} */
  deploy(
    artifact: Artifact,
    args?: readonly unknown[],
    libraries?: Readonly<Record<string, Address>>,
  ): Promise<Contract>
  /** Calls a contract; `value` in wei. @throws {DevnetTransactionError} */
  send(contract: Contract, functionName: string, args?: readonly unknown[], value?: bigint): Promise<void>
}

/** A transaction of the deployment did not go through. */
export class DevnetTransactionError extends BaseError {
  override readonly name = 'DevnetTransactionError'
}

/** Below the cap of EIP-7825 (2^24) and enough for the largest contract deployed here. */
const gas = 16_000_000n

/** A point of time after the end of every test, for the protocols' deadlines; Unix seconds. */
export const noDeadline = 10n ** 12n

/** Connects to a Hardhat or Anvil node, in process or over HTTP. The node must mine each transaction at once. */
export function connectDevnet(options: {
  transport: Transport
  mode?: 'hardhat' | 'anvil'
  pace?: DevnetChain['pace']
}): DevnetChain {
  return { client: createClient(options.transport, options.mode ?? 'hardhat'), pace: options.pace ?? 'clock' }
}

/** Sends as `address`. */
export function sendAs(chain: DevnetChain, address: Address): Sender {
  return {
    chain,
    address,
    deploy: (artifact, args = [], libraries = {}) => deploy({ chain, from: address, artifact, args, libraries }),
    send: async (contract, functionName, args = [], value = 0n) => {
      await sendCall(chain, { from: address, contract, functionName, args, value })
    },
  }
}

/** Calls a view function. The ABI is known at run time only, so the result is not typed. */
export async function readContract(
  chain: DevnetChain,
  contract: Contract,
  functionName: string,
  args: readonly unknown[] = [],
): Promise<unknown> {
  return chain.client.readContract({ ...contract, functionName, args })
}

/** Calls a view function that returns an address. */
export async function readAddress(
  chain: DevnetChain,
  contract: Contract,
  functionName: string,
  args: readonly unknown[] = [],
): Promise<Address> {
  return getAddress((await readContract(chain, contract, functionName, args)) as string)
}

/** Timestamp of the latest block in Unix seconds; the only "now" of a devnet. */
export async function readBlockTime(chain: DevnetChain): Promise<bigint> {
  return (await chain.client.getBlock()).timestamp
}

/** Mines one block `seconds` after the latest. */
export async function advanceTime(chain: DevnetChain, seconds: number): Promise<void> {
  await chain.client.setNextBlockTimestamp({ timestamp: (await readBlockTime(chain)) + BigInt(seconds) })
  await chain.client.mine({ blocks: 1 })
}

/**
 * Mines a block every so many seconds besides one for every transaction, as long as this process lives or until the returned
 * function is called; 0 for never. An interval of the node's own would end mining by transactions on Anvil.
 */
export function mineEvery({ client }: DevnetChain, seconds: number): () => void {
  if (seconds === 0) return () => undefined
  // A node that has ended tells its owner so by itself.
  const timer = setInterval(() => void client.mine({ blocks: 1 }).catch(() => undefined), seconds * 1_000)
  timer.unref()
  return () => clearInterval(timer)
}

async function deploy(options: {
  chain: DevnetChain
  from: Address
  artifact: Artifact
  args: readonly unknown[]
  libraries: Readonly<Record<string, Address>>
}): Promise<Contract> {
  const { chain, from, args } = options
  const { name, abi, bytecode } = linkArtifact(options.artifact, options.libraries)
  const data = encodeDeployData({ abi, bytecode, args: [...args] })
  const { contractAddress } = await transact({ chain, from, data }).catch((cause) => {
    throw new DevnetTransactionError(`The deployment of ${name} failed: ${reasonOf(cause)}`, {
      metaMessages: [`From: ${from}`, `Arguments: ${show(args)}`],
      cause,
    })
  })
  if (!contractAddress) throw new DevnetTransactionError(`The node names no address for the new ${name}.`)
  return { name, abi, address: getAddress(contractAddress) }
}

async function sendCall(chain: DevnetChain, call: ContractCall): Promise<void> {
  const { from, contract, functionName, args = [], value = 0n } = call
  const data = encodeFunctionData({ abi: contract.abi, functionName, args: [...args] })
  await transact({ chain, from, to: contract.address, data, value }).catch(async (cause) => {
    throw await explain(chain, call, cause)
  })
}

async function transact(transaction: {
  chain: DevnetChain
  from: Address
  to?: Address
  data: Hex
  value?: bigint
}): Promise<TransactionReceipt> {
  const { chain, from, to, data, value = 0n } = transaction
  const { client } = chain
  if (chain.pace === 'stepped') {
    await client.setNextBlockTimestamp({ timestamp: (await readBlockTime(chain)) + 1n })
  }
  const hash = await client.sendTransaction({ account: from, chain: null, data, value, gas, ...(to ? { to } : {}) })
  const receipt = await receiptOf(client, hash)
  if (receipt.status !== 'success') {
    throw new DevnetTransactionError(`The transaction reverted after ${receipt.gasUsed} of ${gas} gas.`)
  }
  return receipt
}

/** Anvil answers before the block is mined, by a millisecond or two: a short wait costs less than a watch of its blocks. */
async function receiptOf(client: DevnetClient, hash: Hex): Promise<TransactionReceipt> {
  for (let tries = 0; tries < 50; tries++) {
    const receipt = await client.getTransactionReceipt({ hash }).catch(() => undefined)
    if (receipt !== undefined) return receipt
    await setTimeout(2)
  }
  return client.waitForTransactionReceipt({ hash })
}

/** Repeats a failed call as a read, which decodes the reason by the contract's ABI. */
async function explain(chain: DevnetChain, call: ContractCall, cause: unknown): Promise<DevnetTransactionError> {
  const { from, contract, functionName, args = [], value = 0n } = call
  const reason = await chain.client
    .simulateContract({ account: from, ...contract, functionName, args: [...args], value, gas })
    .then(() => reasonOf(cause), reasonOf)
  return new DevnetTransactionError(`${contract.name}.${functionName} failed: ${reason}`, {
    metaMessages: [`Contract: ${contract.address}`, `From: ${from}`, `Value: ${value} wei`, `Arguments: ${show(args)}`],
    cause,
  })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ClientError)) return error instanceof Error ? error.message : String(error)
  const revert = error.walk((inner) => inner instanceof ContractFunctionRevertedError)
  if (revert instanceof ContractFunctionRevertedError) {
    const { data, reason, signature } = revert
    if (data && data.errorName !== 'Error') return `${data.errorName}(${show(data.args ?? [])})`
    return reason ?? signature ?? 'reverted without a reason'
  }
  return error.details || error.shortMessage
}

function show(args: readonly unknown[]): string {
  return JSON.stringify(args, (_, item) => (typeof item === 'bigint' ? `${item}` : item)).slice(1, -1)
}

function createClient(transport: Transport, mode: 'hardhat' | 'anvil'): DevnetClient {
  // A development node's answer to a reverted call counts as an internal error, which viem would ask again.
  const once: Transport = (options) => transport({ ...options, retryCount: 0 })
  return createTestClient({ mode, transport: once, pollingInterval: 20, cacheTime: 0 })
    .extend(publicActions)
    .extend(walletActions)
}
