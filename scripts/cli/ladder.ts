import { Command } from 'commander'
import { ladderReport } from '../../src/report/ladderReport.ts'
import { formatUsd } from '../../src/report/money.ts'
import { calculateLadder } from '../../src/risk/plimsoll/ladder.ts'
import {
  type ChainOptions,
  type DiscoveryOption,
  type MarketOption,
  snapshotOf,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from './context.ts'
import { toWad } from './decimal.ts'
import { print, progress } from './output.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption & {
    readonly parameters?: string
    readonly block?: string
    readonly underlying?: readonly string[]
    readonly range: string
    readonly grid?: string
  }

export const ladderCommand = withDiscoveryOption(withMarketOption(withChainOptions(new Command('ladder'))))
  .description('find the prices at which venues liquidate and equity falls below each level, and what to move where')
  .argument('<snapshot|account>', 'snapshot written by `plimsoll read --out`, or an account')
  .option('--parameters <file>', 'parameter set instead of the one in the deployment')
  .option('--block <number>', 'block to read an account at, the newest by default')
  .option('--underlying <names...>', 'prices to move, all that the account depends on by default')
  .option('--range <fraction>', 'move that every venue account shall survive', '0.3')
  .option('--grid <fraction>', 'relative distance of the prices at which the margin is calculated, 0.025 by default')
  .action(async (target: string, options: Options) => {
    const { snapshot, parameters } = await snapshotOf(target, options)
    const tell = progress()
    let count = 0
    const ladder = calculateLadder({
      portfolio: snapshot.portfolio,
      market: snapshot.market,
      parameters,
      range: toWad(options.range, '--range'),
      onPrice: (underlying, price) => {
        count += 1
        tell(() => `${count} margins calculated, now with ${underlying} at ${formatUsd(price)}…`)
      },
      ...(options.underlying && { underlyings: options.underlying }),
      ...(options.grid !== undefined && { marginGrid: toWad(options.grid, '--grid') }),
    })
    const { margin, ...rest } = ladder
    const { account, block, equity, initialMargin, maintenanceMargin, parametersHash } = margin
    print(options.json, { account, block, parametersHash, equity, initialMargin, maintenanceMargin, ...rest }, () =>
      [`Ladder of ${account} at block ${block.number}`, ladderReport(ladder, parameters.assets)].join('\n\n'),
    )
  })
