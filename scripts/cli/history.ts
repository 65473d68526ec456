import { Command } from 'commander'
import { getAddress, isAddress } from 'viem'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { runPlans } from '../../src/chain/runPlans.ts'
import { chainlinkHistory } from '../../src/market/chainlinkHistory.ts'
import { closesOf, formatCloses } from '../../src/market/closesOf.ts'
import { type ChainOptions, openChain, toInteger, UsageError, withChainOptions } from './context.ts'
import { writeTextFile } from './deployment.ts'
import { print, say } from './output.ts'

type Options = ChainOptions & {
  readonly underlying: string
  readonly count: string
  readonly interval: string
  readonly maximumAge: string
  readonly maximumRounds: string
  readonly block?: string
  readonly out?: string
}

export const historyCommand = withChainOptions(new Command('history'))
  .description('read closes from the past rounds of a Chainlink feed, as CSV for `plimsoll backtest --history`')
  .argument('<feed>', 'aggregator, or the proxy before it')
  .option('--underlying <name>', 'column of the closes', 'ETH')
  .option('--count <number>', 'closes', '500')
  .option('--interval <seconds>', 'step between closes', '86400')
  .option('--maximum-age <seconds>', 'how old a price may be at its close', '86400')
  .option('--maximum-rounds <number>', 'most rounds to walk back', '20000')
  .option('--block <number>', 'block to read at, the newest by default')
  .option('--out <file>', 'write the CSV here')
  .action(async (feed: string, options: Options) => {
    if (!isAddress(feed, { strict: false })) throw new UsageError(`${feed} is not the address of a feed.`)
    const { deployment, client } = await openChain(options)
    const block = await pinBlock(client, {
      chainId: deployment.parameters.chainId,
      ...(options.block === undefined ? {} : { blockNumber: BigInt(toInteger(options.block, '--block')) }),
    })
    const [count, interval] = [toInteger(options.count, '--count'), toInteger(options.interval, '--interval')]
    if (count < 2 || interval < 1) throw new UsageError('--count must be at least 2 and --interval at least 1.')
    const maximumAge = toInteger(options.maximumAge, '--maximum-age')
    const configuration = {
      source: 'chainlink' as const,
      feed: getAddress(feed.toLowerCase()),
      maximumRounds: toInteger(options.maximumRounds, '--maximum-rounds'),
    }
    const end = block.timestamp
    const from = end - (count - 1) * interval
    if (!options.json) say(`reading ${count} closes of ${options.underlying} up to block ${block.number}`)
    const { results } = await runPlans(client, block, [
      {
        name: `history of ${options.underlying}`,
        plan: chainlinkHistory.read(configuration, options.underlying, { from, block }),
      },
    ])
    const closes = closesOf(results[0] ?? [], { column: options.underlying, end, count, interval, maximumAge })
    const text = formatCloses(closes)
    if (options.out !== undefined) await writeTextFile(options.out, text)
    print(options.json, options.out === undefined ? { block, ...closes } : { block, file: options.out, count }, () =>
      options.out === undefined ? text.trimEnd() : `${count} closes written to ${options.out}`,
    )
  })
