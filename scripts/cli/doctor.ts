import { Command } from 'commander'
import { getAddress, isAddress } from 'viem'
import { examineRegistry } from '../doctor/registry.ts'
import { type ChainOptions, collect, openChain, toInteger, UsageError, withChainOptions } from './context.ts'
import { printFindings } from './findings.ts'
import { loadParameterSet } from './parameterFile.ts'

type Options = ChainOptions & {
  readonly registry?: string | true
  readonly parameters?: readonly string[]
  readonly fromBlock: string
  readonly blocks: string
}

export const doctorCommand = withChainOptions(new Command('doctor'))
  .description('look a deployed registry over: code, domain, roles, signers, models, switches; exit code 1 on an error')
  .option('--registry [address]', 'the registry, that of the deployment by default')
  .option('--parameters <file>', 'parameter set that a model must commit to (repeat for more)', collect)
  .option('--from-block <number>', 'a block not after the deployment, from which roles are read', '0')
  .option('--blocks <count>', 'blocks in which every signer should have signed', '8191')
  .action(async (options: Options) => {
    const { deployment, client } = await openChain(options)
    const { chainId } = deployment
    const given = typeof options.registry === 'string' ? options.registry : deployment.registry
    if (!isAddress(given, { strict: false })) throw new UsageError(`--registry takes an address, got ${given}.`)
    const registry = getAddress(given.toLowerCase())
    const isOwn = registry === deployment.registry
    const files = await Promise.all((options.parameters ?? []).map(loadParameterSet))
    const named = files.map(({ modelId }) => modelId)
    const own = isOwn && !named.includes(deployment.parameters.modelId) ? [deployment.parameters] : []
    const findings = await examineRegistry(client, {
      registry,
      chainId,
      accessManager: isOwn ? deployment.accessManager : undefined,
      parameters: [...own, ...files],
      fromBlock: BigInt(toInteger(options.fromBlock, '--from-block')),
      blocks: BigInt(toInteger(options.blocks, '--blocks')),
    })
    printFindings(options.json, { registry }, findings)
  })
