import { Command } from 'commander'
import { explanationReport } from '../../src/report/explanationReport.ts'
import { breakdownReport, positionsReport, scenarioReport } from '../../src/report/marginReport.ts'
import { explainMargin } from '../../src/risk/plimsoll/explain/explainMargin.ts'
import { type ChainOptions, type MarketOption, snapshotOf, withChainOptions, withMarketOption } from './context.ts'
import { print } from './output.ts'

type Options = ChainOptions &
  MarketOption & {
    readonly parameters?: string
    readonly block?: string
    readonly scenarios?: boolean
    readonly explain?: boolean
  }

export const marginCommand = withMarketOption(withChainOptions(new Command('margin')))
  .description('calculate the margin of a snapshot file (offline) or of an account')
  .argument('<snapshot|account>', 'snapshot written by `plimsoll read --out`, or an account')
  .option('--parameters <file>', 'parameter set instead of the one in the deployment')
  .option('--block <number>', 'block to read an account at, the newest by default')
  .option('--scenarios', 'show every scenario')
  .option('--explain', 'show what each position contributes, sensitivities, marks and where netting saves')
  .action(async (target: string, options: Options) => {
    const { snapshot, parameters } = await snapshotOf(target, options)
    const result = explainMargin({ portfolio: snapshot.portfolio, market: snapshot.market, parameters })
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
  })
