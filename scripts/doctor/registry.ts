import { type Address, type Client, isAddressEqual } from 'viem'
import { readContract } from 'viem/actions'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { maximumModelId } from '../../src/attest/record.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { toRpcError } from '../../src/chain/toRpcError.ts'
import { type MarginParameters, parametersHash } from '../../src/core/parameters.ts'
import { checkCode } from './code.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import { checkRoles } from './roles.ts'
import { checkSigners } from './signers.ts'

/** What a registry is held against. */
export type RegistryExpectation = {
  readonly registry: Address
  readonly chainId: number
  /** The AccessManager of the deployment; the registry's own word is taken without it. */
  readonly accessManager?: Address | undefined
  /** Parameter sets that its models must commit to. */
  readonly parameters: readonly MarginParameters[]
  /** A block not after the deployment, from which grants of roles are read; without it they are left out. */
  readonly fromBlock?: bigint
  /** Blocks before the newest in which signers must have signed; without it that is left out. */
  readonly blocks?: bigint
}

/**
 * Looks a registry over: code, signing domain, roles, signers, models and switches.
 *
 * @throws {ChainMismatchError | RpcError} when the node serves another chain or does not answer.
 */
export async function examineRegistry(client: Client, expected: RegistryExpectation): Promise<readonly Finding[]> {
  const { registry, chainId, fromBlock, blocks } = expected
  const block = await pinBlock(client, { chainId })
  const chain = ok('chain', `chain ${chainId}, block ${block.number}`)
  const contract = { address: registry, abi: marginRegistryAbi } as const
  try {
    const authority = await readContract(client, { ...contract, functionName: 'authority' }).catch(() => undefined)
    if (authority === undefined) return [chain, error('code', `there is no registry at ${registry}`)]
    const accessManager = expected.accessManager ?? authority
    const [setId, threshold, signers] = await readContract(client, { ...contract, functionName: 'signerSet' })
    return [
      chain,
      ...(await checkCode(client, { registry, accessManager: authority })),
      await checkDomain(client, expected),
      ...(isAddressEqual(authority, accessManager)
        ? []
        : [
            error('roles', `the registry obeys ${authority}, not the AccessManager ${accessManager} of the deployment`),
          ]),
      ...(fromBlock === undefined ? [] : await checkRoles(client, { registry, accessManager: authority, fromBlock })),
      ...(await checkSigners(client, {
        ...{ registry, head: block.number, ...(blocks === undefined ? {} : { blocks }) },
        set: { setId, threshold: Number(threshold), signers },
      })),
      ...(await checkModels(client, expected, block.timestamp)),
      ...(await checkSwitches(client, expected, block.timestamp)),
    ]
  } catch (cause) {
    throw toRpcError(client, `Examining registry ${registry}`, cause)
  }
}

async function checkDomain(client: Client, { registry, chainId }: RegistryExpectation): Promise<Finding> {
  const [, name, version, chain, verifyingContract] = await readContract(client, {
    address: registry,
    abi: marginRegistryAbi,
    functionName: 'eip712Domain',
  })
  const detail = `${name} ${version}, chain ${chain}, registry ${verifyingContract}`
  const isOurs = name === 'Plimsoll' && version === '1' && chain === BigInt(chainId)
  return isOurs && isAddressEqual(verifyingContract, registry)
    ? ok('domain', detail)
    : error('domain', `${detail}: signatures for this registry would not be for it`)
}

async function checkModels(
  client: Client,
  { registry, parameters }: RegistryExpectation,
  time: number,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (let id = 0; id <= maximumModelId; id++) {
    const request = { address: registry, abi: marginRegistryAbi, functionName: 'modelOf', args: [id] } as const
    const [{ paramsHash, from, until }, retired] = await readContract(client, request)
    const isDefined = BigInt(paramsHash) !== 0n
    const given = parameters.find(({ modelId }) => modelId === id)
    if (!isDefined && !given) continue
    const name = `model ${id}${given ? ` (${given.name})` : ''}`
    if (!isDefined) findings.push(error('models', `${name} is not defined in the registry`))
    else if (!given)
      findings.push(warning('models', `${name} commits to ${paramsHash}; no parameter set was given for it`))
    else if (parametersHash(given) !== paramsHash) {
      findings.push(error('models', `${name} commits to ${paramsHash}, the parameter set has ${parametersHash(given)}`))
    } else if (retired) findings.push(error('models', `${name} is retired`))
    else if (time < from || time >= until) {
      findings.push(error('models', `${name} is in force from ${from} until ${until} only, the block is of ${time}`))
    } else findings.push(ok('models', `${name} commits to ${paramsHash}`))
  }
  return findings
}

async function checkSwitches(client: Client, { registry }: RegistryExpectation, time: number): Promise<Finding[]> {
  const request = { address: registry, abi: marginRegistryAbi, functionName: 'controls' } as const
  const [pauses, , invalidBefore] = await readContract(client, request)
  const paused = [
    ...((pauses & 1n) === 0n ? [] : ['risk-increasing use']),
    ...((pauses & 2n) === 0n ? [] : ['posting and verification']),
  ]
  const dead = `records observed before ${invalidBefore} (${new Date(Number(invalidBefore) * 1000).toISOString()}) are dead`
  return [
    paused.length === 0 ? ok('pauses', 'nothing is paused') : error('pauses', `paused: ${paused.join(', ')}`),
    invalidBefore === 0n
      ? ok('invalidation', 'no record was invalidated')
      : invalidBefore > BigInt(time)
        ? error('invalidation', `${dead}: every record so far`)
        : warning('invalidation', dead),
  ]
}
