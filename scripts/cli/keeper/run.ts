import { dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { secretsOfUrls } from '../../../src/chain/secrets.ts'
import { memoryLogIndex } from '../../../src/core/logIndex.ts'
import { wad } from '../../../src/core/units.ts'
import { collectSignatures } from '../../../src/keeper/cosign/collect.ts'
import { openSignedRecords } from '../../../src/keeper/cosign/signedRecords.ts'
import type { KeeperObserver } from '../../../src/keeper/events.ts'
import { defaultFormPolicy, type FormPolicy } from '../../../src/keeper/forms.ts'
import { createKeeper } from '../../../src/keeper/keeper.ts'
import { runKeeper } from '../../../src/keeper/loop.ts'
import { endpointEvents } from '../../../src/keeper/observe/endpointEvents.ts'
import { createKeeperLog, type LogLevel, logLevels } from '../../../src/keeper/observe/log.ts'
import { type KeeperWatch, watchKeeper } from '../../../src/keeper/observe/watchKeeper.ts'
import { defaultPostPolicy } from '../../../src/keeper/policy.ts'
import { defaultRecheckPolicy } from '../../../src/keeper/recheck.ts'
import { fileRootStore } from '../../../src/keeper/roots.ts'
import {
  type ChainOptions,
  type DiscoveryOption,
  discoveryOf,
  type MarketOption,
  openChain,
  sourcesOf,
  toAccount,
  toInteger,
  UsageError,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from '../context.ts'
import { toWad } from '../decimal.ts'
import { exitCodes } from '../output.ts'
import { openSender, type SendingOptions, withSendingOptions } from '../sending.ts'
import {
  loadPayer,
  loadSigners,
  type PayerOptions,
  type SignerOptions,
  secretsOfKeys,
  withPayerOptions,
  withSignerOptions,
} from '../signers.ts'
import { toListenAddress } from './cosigners.ts'
import { textLog } from './output.ts'
import { runConfigured } from './runConfigured.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption &
  SignerOptions &
  PayerOptions &
  SendingOptions & {
    readonly config?: string
    readonly live?: boolean
    readonly heartbeat: string
    readonly validity: string
    readonly form: FormPolicy['form']
    readonly batchFrom: string
    readonly rootFrom?: string
    readonly maxBatch: string
    readonly proofs?: string
    readonly recheck: string
    readonly rounds?: string
    readonly listen?: string
    readonly logLevel: LogLevel
  }

export const keeperRunCommand = withSendingOptions(
  withPayerOptions(withSignerOptions(withDiscoveryOption(withMarketOption(withChainOptions(new Command('run')))))),
)
  .description('recompute accounts on every block and post when the policy says so; sends nothing without --live')
  .argument('[accounts...]', 'addresses, or names in the deployment; without --config')
  .option('--config <file>', 'keeper.yaml that says everything, in place of arguments and most options')
  .option('--live', 'send transactions')
  .option('--heartbeat <seconds>', 'longest age of a posted record', `${defaultPostPolicy.heartbeat}`)
  .option('--validity <code>', 'longest validity, 15 s times 2 to this power', '6')
  .addOption(
    new Option('--form <form>', 'how posts travel').choices(['auto', 'single', 'batch', 'root']).default('auto'),
  )
  .option('--batch-from <accounts>', 'fewest accounts of a batch', `${defaultFormPolicy.batchFrom}`)
  .option('--root-from <accounts>', 'due accounts from which auto posts a root; never by default')
  .option('--max-batch <accounts>', 'most accounts of a batch', `${defaultFormPolicy.maxBatch}`)
  .option('--proofs <directory>', 'where the proofs under every root are written; beside the journal by default')
  .option('--recheck <seconds>', 'longest that a margin stands while nothing moves', `${defaultRecheckPolicy.seconds}`)
  .option('--rounds <number>', 'stop after this many blocks; exits with 1 when anything failed')
  .option('--listen <host:port>', 'where /livez, /readyz, /status and /metrics are served; nowhere by default')
  .addOption(
    new Option('--log-level <level>', 'quietest lines of JSON to write').choices([...logLevels]).default('info'),
  )
  .action(async (names: string[], options: Options, command: Command) => {
    if (options.config !== undefined) return runConfigured(options.config, command)
    if (names.length === 0) throw new UsageError('Name the accounts to keep, or give --config.')
    const { deployment, client } = await openChain(options)
    const { chainId } = deployment
    const policy = { ...defaultPostPolicy, heartbeat: toInteger(options.heartbeat, '--heartbeat') }
    const accounts = names.map((name) => ({ account: toAccount(name, deployment), policy }))
    const rounds = options.rounds === undefined ? undefined : toInteger(options.rounds, '--rounds')
    const isText = process.stdout.isTTY === true && options.json !== true
    const outcome = { failed: false }
    const signers = options.live ? await loadSigners(options, deployment) : []
    const opened = options.live
      ? await openSender(options, { chainId, client, payer: await loadPayer(options, deployment) })
      : undefined
    // Beside the journal, where `cosign` looks by default: one key signs one set of numbers for a block, whoever asks.
    const signed = opened && openSignedRecords(join(dirname(options.journal), 'signed.db'))
    const urls = [...(options.rpc ?? [deployment.rpcUrl]), ...(options.sendRpc ? [options.sendRpc] : [])]
    const secrets = [...secretsOfUrls(urls), ...secretsOfKeys(options)]
    let watch: KeeperWatch | undefined
    try {
      watch = await watchKeeper({
        ...{ secrets, endpoints: () => endpointEvents(client), bounds: { recordAge: 2 * policy.heartbeat } },
        log: isText ? textLog(secrets) : createKeeperLog({ level: options.logLevel, secrets }),
        ...(options.listen !== undefined && { listen: toListenAddress(options.listen) }),
      })
      const observe = noticing(watch.observe, outcome)
      const keeper = createKeeper({
        ...{ client, deployment, accounts, observe, forms: formsOf(options), rideAlong: wad / 2n },
        validityCode: toInteger(options.validity, '--validity'),
        recheck: { ...defaultRecheckPolicy, seconds: toInteger(options.recheck, '--recheck') },
        // Without a file what was found lasts as long as the keeper.
        index: discoveryOf(options).index ?? memoryLogIndex(),
        idsOf: () => discoveryOf(options).ids,
        loadSources: () => sourcesOf(options),
        roots: fileRootStore(options.proofs ?? join(dirname(options.journal), 'proofs')),
        sending: opened && {
          ...opened,
          dailyCap: toWad(options.dailyCapEth, '--daily-cap-eth'),
          collect: collectSignatures({ own: signers, cosigners: [], timeout: 0, observer: observe, signed }),
        },
      })
      await runKeeper(keeper, { client, observe, signal: interruption(), ...(rounds !== undefined && { rounds }) })
    } finally {
      await watch?.close()
      opened?.journal.close()
      signed?.close()
    }
    if (rounds !== undefined && outcome.failed) process.exitCode = exitCodes.failure
  })

function formsOf({ form, batchFrom, rootFrom, maxBatch }: Options): FormPolicy {
  return {
    ...defaultFormPolicy,
    form,
    batchFrom: toInteger(batchFrom, '--batch-from'),
    maxBatch: toInteger(maxBatch, '--max-batch'),
    ...(rootFrom !== undefined && { rootFrom: toInteger(rootFrom, '--root-from') }),
  }
}

/** Passes events on and remembers whether one of them was a failure. */
function noticing(observe: KeeperObserver, outcome: { failed: boolean }): KeeperObserver {
  return (event) => {
    if (event.event === 'refused' || event.event === 'failure') outcome.failed = true
    observe(event)
  }
}

/** Aborted by Ctrl-C or a supervisor; asked a second time, the process ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}
