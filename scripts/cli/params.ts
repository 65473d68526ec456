import { Command } from 'commander'
import { canonicalHash } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type AnyParameters, defaultParameters } from '../../src/margin.ts'
import { findNetwork, networkParameters } from '../../src/networkParameters.ts'
import { parameterDifferences, parameterLeaves } from '../../src/report/parameterDifferences.ts'
import { describeValue, parametersReport } from '../../src/report/parametersReport.ts'
import { formatTable } from '../../src/report/table.ts'
import type { ModelId } from '../../src/risk/models/model.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'
import { UsageError } from './context.ts'
import { defaultDeploymentFile } from './deployment.ts'
import { modelNames } from './margin.ts'
import { exitCodes, print } from './output.ts'
import { loadAnyParameters } from './parameterFile.ts'

type Options = {
  readonly deployment: string
  readonly default?: boolean
  readonly model?: string
  readonly network?: string
  readonly json?: boolean
}

function withSet(command: Command): Command {
  return command
    .argument('[file]', 'parameter set, or deployment file that holds one; without it the deployment')
    .option('--deployment <file>', 'deployment that the command works on', defaultDeploymentFile)
    .option('--json', 'print JSON')
}

const show = withSet(new Command('show'))
  .description('show a parameter set; as JSON it is a file to edit and use')
  .option('--default', 'the default calibration, which has no chain')
  .option('--model <name>', 'the published defaults of a reference model')
  .option('--network <name>', 'the set that is built in for a public network, such as ethereum')
  .action(async (file: string | undefined, options: Options) => {
    const given = [file, options.default, options.model, options.network].filter((choice) => choice !== undefined)
    if (given.length > 1) throw new InvalidInputError('Give a file, --default, --model or --network, one of them.')
    if (options.default) {
      const calibration = { ...defaultCalibration, underlyings: defaultUnderlyings }
      print(options.json, calibration, () => parametersReport(calibration))
      return
    }
    const parameters = await chosenSet(file, options)
    print(options.json, parameters, () => describe(parameters))
  })

async function chosenSet(file: string | undefined, { deployment, model, network }: Options): Promise<AnyParameters> {
  if (network !== undefined) return networkParameters(findNetwork(network))
  return model === undefined ? loadAnyParameters(file ?? deployment) : defaultsOf(model)
}

function defaultsOf(model: string): AnyParameters {
  if (modelNames.includes(model) && model !== 'plimsoll-1') return defaultParameters(model as ModelId)
  throw new UsageError(`--model must be one of ${modelNames.slice(1).join(', ')}, got ${model}.`, {
    metaMessages: ['The default calibration of plimsoll-1 is shown by --default.'],
  })
}

function describe(parameters: AnyParameters): string {
  const hashLine = `hash ${canonicalHash(parameters)}`
  if (parameters.model === 'plimsoll-1') {
    const { name, model, modelId, chainId } = parameters
    return [`${name}: ${model}, model ${modelId}, chain ${chainId}`, hashLine, '', parametersReport(parameters)].join(
      '\n',
    )
  }
  const rows = [...parameterLeaves(parameters)].map(([path, text]) => [path, text])
  return [
    `${parameters.name}: ${parameters.model}`,
    hashLine,
    '',
    formatTable([{ title: 'path' }, { title: 'value' }], rows),
  ].join('\n')
}

const hash = withSet(new Command('hash'))
  .description('print the hash that records commit to: keccak256 of the canonical JSON (RFC 8785)')
  .action(async (file: string | undefined, options: Options) => {
    const parameters = await loadAnyParameters(file ?? options.deployment)
    const value = canonicalHash(parameters)
    const { name, model } = parameters
    const { modelId, chainId } = parameters.model === 'plimsoll-1' ? parameters : {}
    print(options.json, { hash: value, name, model, modelId, chainId }, () => value)
  })

const diff = new Command('diff')
  .description('list every field in which two parameter sets differ; exit code 3 when they do')
  .argument('<left>', 'parameter set or deployment file')
  .argument('<right>', 'parameter set or deployment file')
  .option('--json', 'print JSON')
  .action(async (leftFile: string, rightFile: string, options: Pick<Options, 'json'>) => {
    const left = await loadAnyParameters(leftFile)
    const right = await loadAnyParameters(rightFile)
    const differences = parameterDifferences(left, right)
    const hashes = { left: canonicalHash(left), right: canonicalHash(right) }
    print(options.json, { hashes, differences }, () =>
      differences.length === 0
        ? `Equal: ${hashes.left}`
        : formatTable(
            [{ title: 'path' }, { title: 'left', align: 'right' }, { title: 'right', align: 'right' }],
            differences.map(({ path, left: from, right: to }) => [
              path,
              from === null ? '(absent)' : describeValue(from),
              to === null ? '(absent)' : describeValue(to),
            ]),
          ),
    )
    if (differences.length > 0) process.exitCode = exitCodes.difference
  })

export const paramsCommand = new Command('params')
  .description('show, hash and compare parameter sets')
  .addCommand(show)
  .addCommand(hash)
  .addCommand(diff)
