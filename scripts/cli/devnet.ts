import { rm } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { toJson } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { formatTable } from '../../src/report/table.ts'
import { mineEvery } from '../devnet/chain.ts'
import type { NodeKind } from '../devnet/node.ts'
import { toInteger, toPort, UsageError } from './context.ts'
import { type DeploymentFile, defaultDeploymentFile, readTextFile, writeTextFile } from './deployment.ts'
import { passTimeCommand, setPriceCommand, setVolatilityCommand } from './devnetControls.ts'
import { print, say } from './output.ts'

type Options = {
  readonly node: string
  readonly port: string
  readonly blockTime: string
  readonly out: string
  readonly accounts?: string
  readonly seed: string
  readonly fork?: string
  readonly block?: string
  readonly json?: boolean
}

export const devnetCommand = new Command('devnet')
  .description('run a local chain with the real protocols, our contracts and sample accounts until Ctrl-C')
  .addOption(new Option('--node <program>', 'what the chain runs on').choices(['hardhat', 'anvil']).default('hardhat'))
  .option('--port <number>', 'port on 127.0.0.1, 0 for a free one', '0')
  .option('--block-time <seconds>', 'mine a block this often besides one for every transaction, 0 for never', '12')
  .option('--out <file>', 'where the deployment is written', defaultDeploymentFile)
  .option('--accounts <number>', 'open this many random books besides the sample accounts: book-0, book-1, …')
  .option('--seed <number>', 'what the random books follow from; the same seed gives the same books', '1')
  .option('--fork <url>', 'go on from a block of another node instead; nothing is deployed or written')
  .option('--block <number>', 'the block to fork at')
  .option('--json', 'print the deployment, or what was forked, as JSON')
  .action(async (options: Options) => {
    if ((options.fork === undefined) !== (options.block === undefined)) {
      throw new UsageError('--fork and --block go together: a fork of no fixed block is another one every time.')
    }
    if (options.fork !== undefined && options.accounts !== undefined) {
      throw new UsageError('--accounts opens books on a devnet of our own, not on a fork.')
    }
    const programs = await loadPrograms()
    await (options.fork === undefined ? runDevnet(options, programs) : runFork(options, options.fork, programs))
    say('Stopped.')
  })
  // Otherwise the options of the same name would be those of the running of a devnet.
  .enablePositionalOptions()
  .addCommand(setPriceCommand)
  .addCommand(setVolatilityCommand)
  .addCommand(passTimeCommand)

type Programs = Awaited<ReturnType<typeof importPrograms>>

/** The other commands must not need the development chain, nor wait until its packages are loaded. */
async function importPrograms() {
  const [{ startNode }, { serveDevnet }, plimsoll] = await Promise.all([
    import('../devnet/node.ts'),
    import('../devnet/serve.ts'),
    import('../devnet/plimsoll.ts'),
  ])
  return { startNode, serveDevnet, ...plimsoll }
}

async function loadPrograms(): Promise<Programs> {
  return importPrograms().catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new InvalidInputError('The development chain needs packages that only a clone of the repository installs.', {
      metaMessages: ['Clone the repository and run `npm run devnet` there.'],
      cause,
    })
  })
}

async function runDevnet(options: Options, programs: Programs): Promise<void> {
  const { node, port, blockTime, out, json } = options
  const { serveDevnet, deployPlimsoll, devnetSignerKey, devnetPayerKey } = programs
  const kind = node as NodeKind
  const wanted = {
    accounts: options.accounts === undefined ? 0 : toInteger(options.accounts, '--accounts'),
    seed: toInteger(options.seed, '--seed'),
  }
  const served = await serveDevnet({ kind, port: toPort(port), books: wanted, onProgress: say })
  const { url, chain, deployment, books, ended, close } = served
  const stopped = interruption()
  try {
    say('Margin registry and credit line')
    const { registry, accessManager, creditLine, parameters } = await deployPlimsoll(chain, deployment)
    const file: DeploymentFile = {
      schema: 'plimsoll-deployment/1',
      chainId: deployment.chainId,
      rpcUrl: url,
      registry,
      accessManager,
      creditLine,
      accounts: { ...deployment.accounts, ...books },
      developmentKeys: { signer: devnetSignerKey, payer: devnetPayerKey },
      protocols: deployment,
      parameters: toJson(parameters),
    }
    const text = `${JSON.stringify(file, null, 2)}\n`
    await writeTextFile(out, text)
    const stopMining = mineEvery(chain, toInteger(blockTime, '--block-time'))
    print(json, file, () =>
      [
        `Node at ${url}, chain ${deployment.chainId}; deployment written to ${out}`,
        formatTable(
          [{ title: 'account' }, { title: 'address' }],
          [...Object.entries(deployment.accounts), ['registry', registry], ['credit line', creditLine]],
        ),
        ...(wanted.accounts === 0
          ? []
          : [`Random books of seed ${wanted.seed}: book-0 to book-${wanted.accounts - 1}.`]),
        'Try `npx plimsoll margin hedged` in another shell. Ctrl-C stops the node.',
      ].join('\n\n'),
    )
    await Promise.race([stopped, ended])
    stopMining()
    // Another devnet may have taken the file over.
    if ((await readTextFile(out)) === text) await rm(out)
  } finally {
    await close()
  }
}

async function runFork(
  { node, port, block = '', blockTime, json }: Options,
  upstream: string,
  { startNode }: Programs,
): Promise<void> {
  const blockNumber = toInteger(block, '--block')
  const fork = { url: upstream, blockNumber: BigInt(blockNumber) }
  const { url, chain, chainId, ended, close } = await startNode({ kind: node as NodeKind, port: toPort(port), fork })
  const stopped = interruption()
  try {
    const stopMining = mineEvery(chain, toInteger(blockTime, '--block-time'))
    print(json, { url, chainId, block: blockNumber }, () =>
      [
        `Node at ${url}, which goes on from block ${blockNumber} of chain ${chainId}.`,
        `Name it to other commands with --rpc ${url}. Ctrl-C stops the node.`,
      ].join('\n'),
    )
    await Promise.race([stopped, ended])
    stopMining()
  } finally {
    await close()
  }
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
