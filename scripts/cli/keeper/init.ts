import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { opsFiles } from '../../../src/keeper/ops/files.ts'
import { jsonSchemas } from '../../schemas.ts'
import { type Deployment, defaultDeploymentFile, loadDeployment } from '../deployment.ts'
import { print } from '../output.ts'
import { defaultConfigFile } from './configured.ts'
import { emptyTemplate, type KeeperTemplate, keeperYaml } from './template.ts'

type Options = {
  readonly deployment: string
  readonly account?: readonly string[]
  readonly force?: boolean
  readonly json?: boolean
}

/** Variables with the keys of a development chain. */
const developmentEnvironment = 'development.env'

export const keeperInitCommand = new Command('init')
  .description('write a commented keeper.yaml, rules, dashboard and compose file; overwrites nothing without --force')
  .argument('[directory]', 'where to', '.')
  .option('--deployment <file>', 'deployment to keep accounts of, if it is there', defaultDeploymentFile)
  .option('--force', 'overwrite what is there')
  .option('--json', 'print one JSON object')
  .action(async (directory: string, { deployment: file, force = false, json }: Options, command: Command) => {
    const isNamed = command.getOptionValueSource('deployment') === 'cli'
    const deployment = isNamed || existsSync(file) ? await loadDeployment(file) : undefined
    const template =
      deployment === undefined ? emptyTemplate : templateOf(deployment, relative(resolve(directory), resolve(file)))
    const { signer, payer } = deployment?.developmentKeys ?? {}
    const files: Readonly<Record<string, string>> = {
      [defaultConfigFile]: keeperYaml(template),
      'keeper.schema.json': `${JSON.stringify(jsonSchemas()['keeper.schema.json'], null, 2)}\n`,
      ...(signer && payer
        ? { [developmentEnvironment]: `# Keys that everybody knows.\nATTESTOR_KEY=${signer}\nPAYER_KEY=${payer}\n` }
        : {}),
      ...opsFiles(),
    }
    const taken = Object.keys(files).filter((name) => existsSync(join(directory, name)))
    if (taken.length > 0 && !force) {
      throw new InvalidInputError(`${taken.join(', ')} ${taken.length === 1 ? 'is' : 'are'} there already.`, {
        metaMessages: ['Nothing was written. Choose another directory, or give --force to overwrite.'],
      })
    }
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      await writeFile(join(directory, name), text, { mode: name === developmentEnvironment ? 0o600 : 0o644 })
    }
    print(json, { directory, files: Object.keys(files) }, () =>
      [...Object.keys(files).map((name) => `wrote ${join(directory, name)}`), `next: ${nextStep(deployment)}`].join(
        '\n',
      ),
    )
  })

function templateOf(deployment: Deployment, file: string): KeeperTemplate {
  const { chainId, registry, rpcUrl, accounts, developmentKeys } = deployment
  return {
    ...emptyTemplate,
    ...{ chainId, registry, parameters: file, nodes: [rpcUrl] },
    ...(developmentKeys ? { signer: '{ env: ATTESTOR_KEY }', payer: '{ env: PAYER_KEY }' } : {}),
    accounts: Object.entries(accounts).map(([name, address]) => ({ name, address })),
  }
}

function nextStep(deployment: Deployment | undefined): string {
  if (deployment?.developmentKeys) return `set -a; . ./${developmentEnvironment}; set +a; plimsoll keeper doctor`
  return 'plimsoll keys new attestor && plimsoll keys new payer, then fill in keeper.yaml and run plimsoll keeper doctor'
}
