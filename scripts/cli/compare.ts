import { Command } from 'commander'
import { type AnyParameters, compareMargins, defaultParameters } from '../../src/margin.ts'
import { comparedRows, compareReport } from '../../src/report/compareReport.ts'
import type { ModelId } from '../../src/risk/models/model.ts'
import { UsageError, withChainOptions, withDiscoveryOption, withMarketOption } from './context.ts'
import { type HoldingsOptions, holdingsOf, type LoadedHoldings } from './holdings.ts'
import { modelNames } from './margin.ts'
import { exitCodes, print } from './output.ts'
import { loadAnyParameters } from './parameterFile.ts'

type Options = HoldingsOptions & { readonly models?: string; readonly parameters: readonly string[] }

export const compareCommand = withDiscoveryOption(withMarketOption(withChainOptions(new Command('compare'))))
  .description('show what every model demands of a snapshot, book or account, side by side')
  .argument('<snapshot|book|account>', 'snapshot written by `plimsoll read --out`, a book file, or an account')
  .option('--models <names>', 'models to show, separated by commas, all by default')
  .option(
    '--parameters <file>',
    'parameters of one model instead of its defaults; may be given several times',
    (file: string, files: readonly string[]) => [...files, file],
    [] as readonly string[],
  )
  .option('--assets <file>', 'parameter set of plimsoll-1, which also names the tokens of a snapshot')
  .option('--block <number>', 'block to read an account at, the newest by default')
  .addHelpText('after', '\nExits with 1 when every model refuses; a refusal of some is part of the answer.')
  .action(async (target: string, options: Options) => {
    const loaded = await holdingsOf(target, options)
    const parameters = await parametersOf(loaded, options)
    const { assets } = loaded
    const compared = compareMargins(loaded.holdings, { parameters, ...(assets && { assets }) })
    print(options.json, { quote: loaded.quote, models: comparedRows(compared), results: compared }, () =>
      compareReport(compared, loaded.quote),
    )
    if (compared.every(({ status }) => status === 'refused')) process.exitCode = exitCodes.failure
  })

/** The parameter sets to compare, in the order of the models; sets of one model given twice are all shown. */
async function parametersOf(
  { assets }: LoadedHoldings,
  { models, parameters: files }: Options,
): Promise<readonly AnyParameters[]> {
  const wanted = models?.split(',').map((name) => name.trim()) ?? modelNames
  const unknown = wanted.filter((name) => !modelNames.includes(name))
  if (unknown.length > 0) {
    throw new UsageError(`--models must name some of ${modelNames.join(', ')}, got ${unknown.join(', ')}.`)
  }
  const given = await Promise.all(files.map(loadAnyParameters))
  return wanted.flatMap((name): AnyParameters[] => {
    const own = given.filter(({ model }) => model === name)
    if (own.length > 0) return own
    if (name !== 'plimsoll-1') return [defaultParameters(name as ModelId)]
    return assets === undefined ? [] : [assets]
  })
}
