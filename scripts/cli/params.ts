import { Command } from 'commander'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type MarginParameters, parametersHash, parseParameters } from '../../src/core/parameters.ts'
import { parseJson } from '../../src/core/schema.ts'
import { parameterDifferences } from '../../src/report/parameterDifferences.ts'
import { describeValue, parametersReport } from '../../src/report/parametersReport.ts'
import { formatTable } from '../../src/report/table.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'
import { defaultDeploymentFile, readTextFile } from './deployment.ts'
import { exitCodes, print } from './output.ts'

type Options = { readonly deployment: string; readonly default?: boolean; readonly json?: boolean }

/**
 * A parameter set from its own file or from a deployment file.
 *
 * @throws {InvalidInputError} when the file is missing or not valid.
 */
export async function loadParameterSet(file: string): Promise<MarginParameters> {
  const content = parseJson(await readTextFile(file), file)
  const isDeployment =
    typeof content === 'object' && content !== null && 'parameters' in content && !('model' in content)
  return parseParameters(isDeployment ? content.parameters : content)
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
  .action(async (file: string | undefined, options: Options) => {
    if (options.default && file !== undefined) throw new InvalidInputError('Give a file or --default, not both.')
    if (options.default) {
      const calibration = { ...defaultCalibration, underlyings: defaultUnderlyings }
      print(options.json, calibration, () => parametersReport(calibration))
      return
    }
    const parameters = await loadParameterSet(file ?? options.deployment)
    print(options.json, parameters, () =>
      [
        `${parameters.name}: ${parameters.model}, model ${parameters.modelId}, chain ${parameters.chainId}`,
        `hash ${parametersHash(parameters)}`,
        '',
        parametersReport(parameters),
      ].join('\n'),
    )
  })

const hash = withSet(new Command('hash'))
  .description('print the hash that records commit to: keccak256 of the canonical JSON (RFC 8785)')
  .action(async (file: string | undefined, options: Options) => {
    const parameters = await loadParameterSet(file ?? options.deployment)
    const { name, modelId, chainId } = parameters
    const value = parametersHash(parameters)
    print(options.json, { hash: value, name, modelId, chainId }, () => value)
  })

const diff = new Command('diff')
  .description('list every field in which two parameter sets differ; exit code 3 when they do')
  .argument('<left>', 'parameter set or deployment file')
  .argument('<right>', 'parameter set or deployment file')
  .option('--json', 'print JSON')
  .action(async (leftFile: string, rightFile: string, options: Pick<Options, 'json'>) => {
    const left = await loadParameterSet(leftFile)
    const right = await loadParameterSet(rightFile)
    const differences = parameterDifferences(left, right)
    const hashes = { left: parametersHash(left), right: parametersHash(right) }
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
