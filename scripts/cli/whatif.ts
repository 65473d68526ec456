import { Command } from 'commander'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { parseJson, parseWith } from '../../src/core/schema.ts'
import { type Assessment, whatIfReport } from '../../src/report/whatIfReport.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import { calculateLadder } from '../../src/risk/plimsoll/ladder.ts'
import { applyChanges, type Change, changesSchema, type WhatIf } from '../../src/risk/plimsoll/whatIf.ts'
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
import { readTextFile } from './deployment.ts'
import { print } from './output.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption & {
    readonly parameters?: string
    readonly block?: string
    readonly changes?: string
    readonly price: readonly string[]
    readonly remove: readonly string[]
    readonly resize: readonly string[]
    readonly set: readonly string[]
    readonly ladder: boolean
  }

const collect = (value: string, all: readonly string[]) => [...all, value]

export const whatIfCommand = withDiscoveryOption(withMarketOption(withChainOptions(new Command('whatif'))))
  .description(
    'compare the margin before and after changes of positions, market, venue rules or parameters; signs nothing',
  )
  .argument('<snapshot|account>', 'snapshot written by `plimsoll read --out`, or an account')
  .option('--parameters <file>', 'parameter set instead of the one in the deployment')
  .option('--block <number>', 'block to read an account at, the newest by default')
  .option('--changes <file>', 'JSON list of changes, applied first')
  .option('--price <underlying=usd>', 'another price, with which venues move theirs', collect, [])
  .option('--remove <claim>', 'without a claim', collect, [])
  .option('--resize <claim=factor>', 'with a multiple of a claim', collect, [])
  .option(
    '--set <path=value>',
    'one value below market, rules or parameters, such as rules.aave-v3.collaterals.WETH.liquidationThreshold=7800',
    collect,
    [],
  )
  .option('--no-ladder', 'leave out what is liquidated first, which takes most of the time')
  .action(async (target: string, options: Options) => {
    const { snapshot, parameters } = await snapshotOf(target, options)
    const changes = await changesOf(options, parameters)
    const before = { snapshot, parameters }
    const after = applyChanges(before, changes)
    const assessed = [assess(before, options.ladder), assess(after, options.ladder)] as const
    const [from, to] = assessed
    print(options.json, { changes, before: from, after: to, difference: differenceOf(from, to) }, () =>
      [
        `What if, for ${snapshot.portfolio.account} at block ${snapshot.portfolio.block.number}: ${changes.length} changes`,
        whatIfReport(from, to),
      ].join('\n\n'),
    )
  })

/** All changes, those of the file first, then by option. */
async function changesOf(options: Options, parameters: MarginParameters): Promise<readonly Change[]> {
  const { changes: file, price, remove, resize, set } = options
  const listed = file === undefined ? [] : parseWith(changesSchema, parseJson(await readTextFile(file), file), file)
  const given: readonly Change[] = [
    ...price.map((text): Change => {
      const [underlying, usd] = splitAt(text, '--price')
      return { kind: 'price', underlying, price: toWad(usd, '--price') }
    }),
    ...remove.map((claim): Change => ({ kind: 'remove', claim })),
    ...resize.map((text): Change => {
      const [claim, factor] = splitAt(text, '--resize')
      return { kind: 'resize', claim, factor: toWad(factor, '--resize') }
    }),
    ...set.map((text): Change => toSetChange(text, parameters)),
  ]
  return [...listed, ...given]
}

/** Dots separate the parts of a path but for those after a backslash; below `rules` a symbol stands for its asset. */
function toSetChange(text: string, { assets }: MarginParameters): Change {
  const [dotted, value] = splitAt(text, '--set')
  const [where, ...path] = dotted.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'))
  if ((where !== 'market' && where !== 'rules' && where !== 'parameters') || path.length === 0) {
    throw new InvalidInputError(`--set ${dotted} names nothing.`, {
      metaMessages: ['A path starts with market, rules or parameters.'],
    })
  }
  const keys = new Map(Object.entries(assets).map(([key, { symbol }]) => [symbol, key]))
  return { kind: 'set', in: where, path: where === 'rules' ? path.map((part) => keys.get(part) ?? part) : path, value }
}

function splitAt(text: string, option: string): readonly [string, string] {
  const at = text.lastIndexOf('=')
  if (at < 1 || at === text.length - 1) throw new InvalidInputError(`${option} needs <name>=<value>, got ${text}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function assess({ snapshot: { portfolio, market }, parameters }: WhatIf, withLadder: boolean): Assessment {
  if (!withLadder) return { margin: calculateMargin({ portfolio, market, parameters }), order: null }
  const { margin, order } = calculateLadder({ portfolio, market, parameters })
  return { margin, order }
}

function differenceOf({ margin: from }: Assessment, { margin: to }: Assessment) {
  return {
    equity: to.equity - from.equity,
    initialMargin: to.initialMargin - from.initialMargin,
    maintenanceMargin: to.maintenanceMargin - from.maintenanceMargin,
    freeEquity: to.freeEquity - from.freeEquity,
    lines: to.lines.map(({ id, initial, maintenance }) => {
      const before = from.lines.find((line) => line.id === id)
      return { id, initial: initial - (before?.initial ?? 0n), maintenance: maintenance - (before?.maintenance ?? 0n) }
    }),
  }
}
