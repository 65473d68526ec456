import { Command } from 'commander'
import { toJson } from '../../src/core/canonical.ts'
import { formatSnapshot } from '../../src/core/snapshot.ts'
import { describePosition } from '../../src/report/marginReport.ts'
import { formatTable } from '../../src/report/table.ts'
import {
  type ChainOptions,
  type DiscoveryOption,
  type MarketOption,
  snapshotOf,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from './context.ts'
import { writeTextFile } from './deployment.ts'
import { print } from './output.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption & { readonly parameters?: string; readonly block?: string; readonly out?: string }

export const readCommand = withDiscoveryOption(withMarketOption(withChainOptions(new Command('read'))))
  .description('read everything an account holds and owes, and the market that moves it, at one block')
  .argument('<account>', 'address, or name in the deployment')
  .option('--block <number>', 'block to read at, the newest by default')
  .option('--parameters <file>', 'parameter set instead of the one in the deployment')
  .option('--out <file>', 'write the snapshot here, to be replayed offline by `plimsoll margin`')
  .action(async (account: string, options: Options) => {
    const { snapshot, parameters, ethCalls } = await snapshotOf(account, options)
    if (options.out !== undefined) await writeTextFile(options.out, formatSnapshot(snapshot))
    const { portfolio } = snapshot
    print(options.json, options.out === undefined ? toJson(snapshot) : { file: options.out, ethCalls }, () => {
      const rows = portfolio.positions.map((position) => [
        position.venueAccount.venue,
        position.control,
        describePosition(position, parameters.assets),
        'amount' in position ? `${position.amount}` : '',
      ])
      const none = portfolio.venues.filter(({ status }) => status === 'none').map(({ venue }) => venue)
      return [
        `${portfolio.account} at block ${portfolio.block.number} (${portfolio.block.hash}), ${ethCalls} eth_calls`,
        formatTable(
          [
            { title: 'venue' },
            { title: 'control' },
            { title: 'position' },
            { title: 'smallest units', align: 'right' },
          ],
          rows,
        ),
        `nothing at: ${none.join(', ') || 'no venue'}`,
        ...(options.out === undefined ? [] : [`snapshot written to ${options.out}`]),
      ].join('\n')
    })
  })
