import { Command } from 'commander'
import { getAddress, isAddress } from 'viem'
import { formatTable } from '../../src/report/table.ts'
import { examineRegistry } from '../doctor/registry.ts'
import { type ChainOptions, collect, openChain, toInteger, UsageError, withChainOptions } from './context.ts'
import { exitCodes, print } from './output.ts'
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
    const count = (status: string) => findings.filter((finding) => finding.status === status).length
    const counts = { ok: count('ok'), warnings: count('warning'), errors: count('error') }
    print(options.json, { registry, ...counts, findings }, () =>
      [
        formatTable(
          [{ title: 'check' }, { title: 'status' }, { title: 'found' }],
          findings.map(({ check, status, detail }) => [check, status === 'ok' ? status : status.toUpperCase(), detail]),
        ),
        `${counts.ok} ok, ${counts.warnings} warnings, ${counts.errors} errors`,
      ].join('\n'),
    )
    if (counts.errors > 0) process.exitCode = exitCodes.failure
  })
