import { Command } from 'commander'
import { type Wad, wad } from '../../../src/core/units.ts'
import type { AccountConfig } from '../../../src/keeper/config/config.ts'
import { type AccountExplanation, explainAccount } from '../../../src/keeper/explainAccount.ts'
import { formatPercent, formatQuoteUnits } from '../../../src/report/money.ts'
import { sourcesOf } from '../context.ts'
import { print } from '../output.ts'
import { accountOf, indexOf, openConfigured, withConfigOption } from './configured.ts'

export const keeperExplainCommand = withConfigOption(new Command('explain'))
  .description('tell why the keeper would or would not post an account now, and how far each threshold is')
  .argument('<account>', 'address or name in the configuration')
  .option('--json', 'print one JSON object')
  .action(async (text: string, options: { readonly config: string; readonly json?: boolean }) => {
    const { config, parameters, client } = await openConfigured(options.config)
    const { chainId, registry, validityCode, market } = config
    const account = accountOf(config, text)
    const explained = await explainAccount(
      client,
      { chainId, registry, parameters },
      {
        ...{ account: account.address, policy: account.policy, validityCode, ids: account.ids, index: indexOf(config) },
        sources: await sourcesOf(market === undefined ? {} : { market }),
      },
    )
    const { block, stored, unsigned, explanation } = explained
    const { decision, ...distances } = explanation
    const next = nextForced(explained)
    const value = {
      ...{ account: account.address, blockNumber: block.number, time: block.timestamp, ...decision, ...distances },
      ...{ stored, next: unsigned.record },
      ...(next === undefined ? {} : { nextForcedPost: next }),
    }
    print(options.json, value, () => toText(account, explained))
  })

function toText({ address, name, policy }: AccountConfig, explained: AccountExplanation): string {
  const { block, stored, unsigned, explanation } = explained
  const { decision, age = 0, heartbeat = 0, change = 0n, worse, better, isNearBoundary } = explanation
  const { record } = unsigned
  const figures = `equity ${formatQuoteUnits(record.equity)}  IM ${formatQuoteUnits(record.initialMargin, 'up')}`
  const next = nextForced(explained)
  const verdict = `-> ${decision.post ? 'POST' : 'SKIP'}  code=${decision.code}`
  const head = [
    `account     ${address}${name === undefined ? '' : `  ${name}`}`,
    `block       ${block.number} (${block.hash.slice(0, 10)})`,
  ]
  if (stored === null)
    return [...head, 'last post   none', `now         ${figures}  ${ratioOf(record)}`, verdict].join('\n')
  const left = heartbeat - age
  const sign = change > 0n ? '+' : ''
  const limit = (deviation: Wad = 0n) => formatPercent(deviation)
  const isWorse = change < 0n && worse !== undefined && -change > worse
  const isBetter = better !== undefined && change > better
  return [
    ...head,
    `last post   ${formatSeconds(age)} ago, ${ratioOf(stored)}${stored.isUsable ? '' : ', no longer trusted'}`,
    `now         ${figures}  ${ratioOf(record)}  (free equity ${sign}${formatPercent(change)} of the initial margin)`,
    `heartbeat   ${left > 0 ? `not due (${formatSeconds(left)} left of ${formatSeconds(heartbeat)})` : 'due'}`,
    `worse       ${isWorse ? 'yes' : 'no'} (from -${limit(worse)})`,
    `better      ${isBetter ? 'yes' : 'no'} (from +${limit(better)})`,
    `boundary    ${isNearBoundary ? 'near' : 'far'} (zone of ratio ${formatRatio(policy.boundary.ratio)})`,
    `${verdict}${next === undefined ? '' : `   next forced post ${new Date(next * 1000).toISOString()}`}`,
  ].join('\n')
}

/** Block time, Unix seconds, from which the heartbeat posts. */
function nextForced({ stored, explanation: { decision, heartbeat } }: AccountExplanation): number | undefined {
  if (stored === null || heartbeat === undefined || decision.post) return undefined
  return Math.ceil(stored.observedAt + heartbeat)
}

function ratioOf({ equity, initialMargin }: { readonly equity: bigint; readonly initialMargin: bigint }): string {
  return initialMargin === 0n ? 'no requirement' : `ratio ${formatRatio((equity * wad) / initialMargin)}`
}

function formatRatio(ratio: Wad): string {
  const hundredths = ratio / 10n ** 16n
  const digits = `${hundredths < 0n ? -hundredths : hundredths}`.padStart(3, '0')
  return `${hundredths < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const minutes = Math.floor(whole / 60)
  return minutes === 0 ? `${whole}s` : `${minutes}m${`${whole % 60}`.padStart(2, '0')}s`
}
