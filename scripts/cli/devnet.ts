import { rm } from 'node:fs/promises'
import { Command } from 'commander'
import { http } from 'viem'
import { toJson } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { formatTable } from '../../src/report/table.ts'
import { toInteger, toPort } from './context.ts'
import { type DeploymentFile, defaultDeploymentFile, readTextFile, writeTextFile } from './deployment.ts'
import { print, say } from './output.ts'

type Options = {
  readonly port: string
  readonly blockTime: string
  readonly out: string
  readonly json?: boolean
}

export const devnetCommand = new Command('devnet')
  .description('run a local chain with the real protocols, our contracts and sample accounts until Ctrl-C')
  .option('--port <number>', 'port on 127.0.0.1, 0 for a free one', '0')
  .option('--block-time <seconds>', 'mine a block this often besides one for every transaction, 0 for never', '12')
  .option('--out <file>', 'where the deployment is written', defaultDeploymentFile)
  .option('--json', 'print the deployment as JSON')
  .action(async ({ port, blockTime, out, json }: Options) => {
    // The other commands must not need the development chain, nor wait until its packages are loaded.
    const [{ serveDevnet }, { connectDevnet }, { deployPlimsoll, devnetPayerKey, devnetSignerKey }] = await Promise.all(
      [import('../devnet/serve.ts'), import('../devnet/chain.ts'), import('../devnet/plimsoll.ts')],
    ).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause
      throw new InvalidInputError(
        'The development chain needs packages that only a clone of the repository installs.',
        {
          metaMessages: ['Clone the repository and run `npm run devnet` there.'],
          cause,
        },
      )
    })
    const { url, deployment, close } = await serveDevnet({ port: toPort(port), onProgress: say })
    const stopped = interruption()
    try {
      const chain = connectDevnet({ transport: http(url, { timeout: 60_000 }), pace: 'stepped' })
      say('Margin registry and credit line')
      const { registry, accessManager, creditLine, parameters } = await deployPlimsoll(chain, deployment)
      const file: DeploymentFile = {
        schema: 'plimsoll-deployment/1',
        chainId: deployment.chainId,
        rpcUrl: url,
        registry,
        accessManager,
        creditLine,
        accounts: { ...deployment.accounts },
        developmentKeys: { signer: devnetSignerKey, payer: devnetPayerKey },
        protocols: deployment,
        parameters: toJson(parameters),
      }
      const text = `${JSON.stringify(file, null, 2)}\n`
      await writeTextFile(out, text)
      const interval = toInteger(blockTime, '--block-time')
      if (interval > 0) await chain.client.setIntervalMining({ interval })
      print(json, file, () =>
        [
          `Node at ${url}, chain ${deployment.chainId}; deployment written to ${out}`,
          formatTable(
            [{ title: 'account' }, { title: 'address' }],
            [...Object.entries(deployment.accounts), ['registry', registry], ['credit line', creditLine]],
          ),
          'Try `npx plimsoll margin hedged` in another shell. Ctrl-C stops the node.',
        ].join('\n\n'),
      )
      await stopped
      // Another devnet may have taken the file over.
      if ((await readTextFile(out)) === text) await rm(out)
    } finally {
      await close()
    }
    say('Stopped.')
  })

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
