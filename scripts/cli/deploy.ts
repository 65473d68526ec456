import { Command } from 'commander'
import { toJson } from '../../src/core/canonical.ts'
import { formatTable } from '../../src/report/table.ts'
import { publishAddresses } from '../deployment/addressTable.ts'
import { deployLive, dryRun } from '../deployment/execute.ts'
import { loadRegistryParameters, type RegistryParameters } from '../deployment/parameters.ts'
import { type DeploymentStep, planRegistry } from '../deployment/plan.ts'
import { collect, connect, type NodeOptions, toInteger, withNodeOptions } from './context.ts'
import { type DeploymentFile, writeTextFile } from './deployment.ts'
import { print } from './output.ts'
import { loadPayer, type PayerOptions, withPayerOptions } from './signers.ts'

type Options = PayerOptions &
  NodeOptions & {
    readonly rpc: readonly [string, ...string[]]
    readonly live?: boolean
    readonly out: string
    readonly journal?: string
    readonly confirmations: string
    readonly publish?: boolean
    readonly json?: boolean
  }

export const deployCommand = withPayerOptions(withNodeOptions(new Command('deploy')))
  .description('deploy a registry and its AccessManager and hand out the roles; sends nothing without --live')
  .argument('<terms>', 'terms of the registry: signers, threshold, roles, delays, models, chain variant')
  .requiredOption('--rpc <url>', 'node of the chain (repeat for more; the first is written down)', collect)
  .option('--live', 'send the transactions')
  .option('--out <file>', 'where the deployment is written', '.plimsoll/deployment.json')
  .option('--journal <directory>', 'where Ignition keeps what it did, `.plimsoll/ignition-<chain>` by default')
  .option('--confirmations <count>', 'blocks to wait for after every transaction', '5')
  .option('--publish', 'enter the addresses into src/registries.ts, which the package serves')
  .option('--json', 'print one JSON object')
  .action(async (file: string, options: Options) => {
    const terms = await loadRegistryParameters(file)
    const payer = await loadPayer(options, {})
    const { chainId } = terms
    const client = connect(options.rpc, options, chainId)
    const steps = planRegistry(terms, payer.address)
    if (!options.live) {
      const found = await dryRun(client, steps, { sender: payer.address, chainId })
      print(options.json, { live: false, sender: payer.address, ...found, steps: toJson(steps) }, () =>
        [
          describeSteps(steps),
          `registry would be ${found.registry}, about ${found.gas.MarginRegistry} gas`,
          'Nothing was sent; add --live to send.',
        ].join('\n'),
      )
      return
    }
    const journal = options.journal ?? `.plimsoll/ignition-${chainId}`
    const confirmations = toInteger(options.confirmations, '--confirmations')
    const deployed = await deployLive(client, steps, { payer, chainId, directory: journal, confirmations })
    await writeTextFile(options.out, `${JSON.stringify(deploymentFile(terms, deployed, options.rpc[0]), null, 2)}\n`)
    if (options.publish) await publishAddresses(chainId, deployed)
    print(options.json, { live: true, sender: payer.address, ...deployed, file: options.out }, () =>
      [
        `registry ${deployed.registry}`,
        `access manager ${deployed.accessManager}`,
        `deployment written to ${options.out}; check it with \`plimsoll doctor --deployment ${options.out}\``,
      ].join('\n'),
    )
  })

function deploymentFile(
  { chainId, parameters: [parameters] }: RegistryParameters,
  { registry, accessManager }: { readonly registry: `0x${string}`; readonly accessManager: `0x${string}` },
  rpcUrl: string,
): DeploymentFile {
  const plain = toJson(parameters)
  return { schema: 'plimsoll-deployment/1', chainId, rpcUrl, registry, accessManager, accounts: {}, parameters: plain }
}

function describeSteps(steps: readonly DeploymentStep[]): string {
  return formatTable(
    [{ title: 'step' }, { title: 'does' }, { title: 'with' }],
    steps.map((step, i) => [
      `${i + 1}`,
      step.kind === 'deploy' ? `deploy ${step.contract}` : step.functionName,
      step.args.map(describeArgument).join(', '),
    ]),
  )
}

function describeArgument(value: unknown): string {
  const isReference = typeof value === 'object' && value !== null && 'deployed' in value
  return isReference ? `${value.deployed}` : JSON.stringify(toJson(value)).replaceAll('"', '')
}
