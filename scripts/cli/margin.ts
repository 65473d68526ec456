import { Command } from 'commander'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { type AnyParameters, calculateMargin, defaultParameters } from '../../src/margin.ts'
import { explanationReport } from '../../src/report/explanationReport.ts'
import { breakdownReport, positionsReport, scenarioReport } from '../../src/report/marginReport.ts'
import { modelReport, modelScenarioReport } from '../../src/report/modelReport.ts'
import { referenceModels } from '../../src/risk/models/all.ts'
import type { ModelId, ModelParameters } from '../../src/risk/models/model.ts'
import { snapshotOf as snapshotOfBook } from '../../src/risk/models/snapshotOf.ts'
import { explainMargin } from '../../src/risk/plimsoll/explain/explainMargin.ts'
import { snapshotOf, UsageError, withChainOptions, withDiscoveryOption, withMarketOption } from './context.ts'
import { type HoldingsOptions, holdingsOf } from './holdings.ts'
import { print } from './output.ts'
import { loadAnyParameters } from './parameterFile.ts'

type Options = HoldingsOptions & {
  readonly model?: string
  readonly parameters?: string
  readonly scenarios?: boolean
  readonly explain?: boolean
}

/** Names that `--model` takes. */
export const modelNames: readonly string[] = ['plimsoll-1', ...referenceModels.map(({ id }) => id)]

export const marginCommand = withDiscoveryOption(withMarketOption(withChainOptions(new Command('margin'))))
  .description('calculate the margin of a snapshot or book (offline) or of an account, by any model')
  .argument('<snapshot|book|account>', 'snapshot written by `plimsoll read --out`, a book file, or an account')
  .option('--model <name>', 'model to calculate with: plimsoll-1 (the default) or a reference model')
  .option('--parameters <file>', "parameters of the model instead of its defaults or, of plimsoll-1, the deployment's")
  .option('--assets <file>', 'parameter set of plimsoll-1 that names the tokens of a snapshot, for a reference model')
  .option('--block <number>', 'block to read an account at, the newest by default')
  .option('--scenarios', 'show every scenario')
  .option('--explain', 'show what each position contributes, sensitivities, marks and where netting saves')
  .addHelpText(
    'after',
    `\nModels: plimsoll-1 (integers; what is signed)${referenceModels.map(({ id, summary }) => `\n  ${id.padEnd(14)} ${summary}`).join('')}`,
  )
  .action(async (target: string, options: Options) => {
    const chosen = await chosenParameters(options)
    if (chosen === undefined || chosen.model === 'plimsoll-1') await printPlimsoll(target, options, chosen)
    else await printModel(target, options, chosen)
  })

/** Parameters of the chosen model; undefined stands for plimsoll-1 with the set that fits the target. */
export async function chosenParameters({
  model,
  parameters: file,
}: Pick<Options, 'model' | 'parameters'>): Promise<AnyParameters | undefined> {
  if (model !== undefined && !modelNames.includes(model)) {
    throw new UsageError(`--model must be one of ${modelNames.join(', ')}, got ${model}.`)
  }
  if (file === undefined) {
    return model === undefined || model === 'plimsoll-1' ? undefined : defaultParameters(model as ModelId)
  }
  const parameters = await loadAnyParameters(file)
  if (model !== undefined && parameters.model !== model) {
    throw new UsageError(`${file} holds parameters of ${parameters.model}, but --model is ${model}.`)
  }
  return parameters
}

async function printModel(target: string, options: Options, parameters: ModelParameters): Promise<void> {
  if (options.explain) throw new UsageError('--explain is an option of plimsoll-1.')
  const { holdings, assets } = await holdingsOf(target, options)
  const margin = calculateMargin({ ...holdings, parameters, ...(assets && { assets }) })
  print(options.json, margin, () =>
    [modelReport(margin), ...(options.scenarios ? [modelScenarioReport(margin)] : [])].join('\n\n'),
  )
}

async function printPlimsoll(target: string, options: Options, chosen: MarginParameters | undefined): Promise<void> {
  const { portfolio, market, parameters } = await plimsollInputs(target, options, chosen)
  const result = explainMargin({ portfolio, market, parameters })
  print(options.json, result, () =>
    [
      `${result.model} of ${result.account} at block ${result.block.number}`,
      positionsReport(result, parameters.assets),
      ...(options.scenarios ? [scenarioReport(result)] : []),
      breakdownReport(result),
      ...(options.explain ? [explanationReport(result, parameters.assets)] : []),
      result.assumptions.map((text) => `- ${text}`).join('\n'),
    ].join('\n\n'),
  )
}

async function plimsollInputs(target: string, options: Options, chosen: MarginParameters | undefined) {
  const { book, assets } = target.endsWith('.json') ? await holdingsOf(target, options) : {}
  const set = chosen ?? assets
  if (book !== undefined && set !== undefined) return { ...snapshotOfBook(book, set), parameters: set }
  const { snapshot, parameters } = await snapshotOf(target, options)
  return { ...snapshot, parameters }
}
