import type { DeploymentParameters } from '@nomicfoundation/ignition-core'
import {
  type Account,
  type Address,
  type Client,
  createWalletClient,
  custom,
  encodeDeployData,
  getAddress,
  getContractAddress,
  type Hex,
  type LocalAccount,
} from 'viem'
import { estimateGas, getChainId, getTransactionCount } from 'viem/actions'
import { decodeError } from '../../src/attest/decodeError.ts'
import { describeRpcFailure } from '../../src/chain/describeRpcFailure.ts'
import { ChainMismatchError } from '../../src/chain/errors.ts'
import { redactUrls } from '../../src/chain/redact.ts'
import { secretsOfTransport } from '../../src/chain/secrets.ts'
import { toRpcError } from '../../src/chain/toRpcError.ts'
import { loadProjectArtifact } from '../devnet/artifacts.ts'
import { DeploymentError, type DeploymentStep, type PlannedContract } from './plan.ts'

/** Where the contracts of a plan lie, or would. */
export type PlannedAddresses = { readonly accessManager: Address; readonly registry: Address }

/** What a dry run found out. */
export type DryRun = PlannedAddresses & {
  /** Gas of the two deployments; each of the other steps takes less than a hundred thousand. */
  readonly gas: Readonly<Record<PlannedContract, bigint>>
}

/**
 * Tries both deployments without sending anything, and says where the contracts would lie.
 *
 * @throws {DeploymentError} when a constructor would revert.
 * @throws {ChainMismatchError | RpcError} when the node serves another chain or does not answer.
 */
export async function dryRun(
  client: Client,
  steps: readonly DeploymentStep[],
  { sender, chainId }: { readonly sender: Address; readonly chainId: number },
): Promise<DryRun> {
  await requireChain(client, chainId)
  const nonce = await orRpcError(client, 'Reading the nonce', getTransactionCount(client, { address: sender }))
  const addresses = {} as Record<PlannedContract, Address>
  const gas = {} as Record<PlannedContract, bigint>
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'deploy') continue
    const { abi, bytecode } = await loadProjectArtifact(step.artifact)
    const args = step.args.map((value) => {
      const isReference = typeof value === 'object' && value !== null && 'deployed' in value
      return isReference ? addresses[value.deployed as PlannedContract] : value
    })
    const data = encodeDeployData({ abi, bytecode, args })
    gas[step.contract] = await estimateGas(client, { account: sender, data }).catch((error) => {
      throw new DeploymentError(`${step.contract} would not deploy: ${describeRevert(client, error)}.`)
    })
    addresses[step.contract] = getContractAddress({ from: sender, nonce: BigInt(nonce + index) })
  }
  return { accessManager: addresses.AccessManager, registry: addresses.MarginRegistry, gas }
}

/**
 * Sends the steps with Hardhat Ignition, which keeps a journal in `directory` and goes on where an earlier run stopped.
 *
 * @param confirmations - Blocks to wait for after every transaction.
 * @throws {DeploymentError} naming the steps that failed.
 * @throws {ChainMismatchError | RpcError} when the node serves another chain or does not answer.
 */
export async function deployLive(
  client: Client,
  steps: readonly DeploymentStep[],
  options: {
    readonly payer: LocalAccount
    readonly chainId: number
    readonly directory: string
    readonly confirmations: number
  },
): Promise<PlannedAddresses> {
  const { payer, chainId, directory, confirmations } = options
  await requireChain(client, chainId)
  const [{ deploy, DeploymentResultType }, { registryModule }] = await Promise.all([
    import('@nomicfoundation/ignition-core'),
    import('./module.ts'),
  ]).catch((cause) => {
    throw new DeploymentError('Sending needs Hardhat Ignition, which is not installed.', {
      metaMessages: ['Install it with `npm install @nomicfoundation/ignition-core`.'],
      cause,
    })
  })
  const result = await deploy({
    provider: signingProvider(client, payer),
    artifactResolver: {
      loadArtifact: (name) => Promise.reject(new DeploymentError(`The module brings its own artifacts, not ${name}.`)),
      getBuildInfo: () => Promise.resolve(undefined),
    },
    ignitionModule: await registryModule(steps),
    deploymentParameters: {} as DeploymentParameters,
    accounts: [payer.address],
    defaultSender: payer.address,
    deploymentDir: directory,
    config: { requiredConfirmations: confirmations, blockPollingInterval: confirmations > 1 ? 1000 : 50 },
  })
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) {
    throw new DeploymentError(`The deployment did not succeed: ${result.type}.`, {
      metaMessages: [
        redactUrls(JSON.stringify({ ...result, type: undefined }), secretsOfTransport(client.transport)),
        `Its journal lies in ${directory}; run it again to go on.`,
      ],
    })
  }
  const addressOf = (name: PlannedContract) => {
    const contract = result.contracts[`PlimsollRegistry#${name}`]
    if (!contract) throw new DeploymentError(`The deployment made no ${name}.`)
    return getAddress(contract.address)
  }
  return { accessManager: addressOf('AccessManager'), registry: addressOf('MarginRegistry') }
}

/** Signs here what Ignition would have a node sign, so keys never leave this process. */
function signingProvider(client: Client, payer: LocalAccount) {
  const request = client.request as (request: { method: string; params?: unknown }) => Promise<unknown>
  const wallet = createWalletClient({ account: payer as Account, transport: custom({ request }) })
  return {
    async request({ method, params }: { readonly method: string; readonly params?: readonly unknown[] | object }) {
      if (method === 'eth_accounts') return [payer.address.toLowerCase()]
      if (method !== 'eth_sendTransaction') return request({ method, params })
      const [{ to, data, value, gas, nonce, gasPrice, maxFeePerGas, maxPriorityFeePerGas }] = params as [
        Record<string, Hex | undefined>,
      ]
      const number = (quantity: Hex | undefined) => (quantity === undefined ? undefined : BigInt(quantity))
      const fees =
        maxFeePerGas === undefined
          ? { gasPrice: number(gasPrice) }
          : { maxFeePerGas: number(maxFeePerGas), maxPriorityFeePerGas: number(maxPriorityFeePerGas) }
      const transaction = { to, data, value: number(value), gas: number(gas), ...fees }
      return wallet.sendTransaction({
        ...transaction,
        ...(nonce === undefined ? {} : { nonce: Number(nonce) }),
        chain: null,
      } as Parameters<typeof wallet.sendTransaction>[0])
    },
  }
}

async function requireChain(client: Client, expected: number): Promise<void> {
  const actual = await orRpcError(client, 'Reading the chain id', getChainId(client))
  if (actual !== expected) throw new ChainMismatchError({ expected, actual })
}

async function orRpcError<Result>(client: Client, request: string, answer: Promise<Result>): Promise<Result> {
  return answer.catch((error) => {
    throw toRpcError(client, request, error)
  })
}

function describeRevert(client: Client, error: unknown): string {
  for (let link = error; link instanceof Error; link = link.cause) {
    const { data } = link as { data?: unknown }
    const known = typeof data === 'string' ? decodeError(data as Hex) : undefined
    if (known) return `${known.signature}; ${known.fix}`
  }
  return describeRpcFailure(error, secretsOfTransport(client.transport))
}
