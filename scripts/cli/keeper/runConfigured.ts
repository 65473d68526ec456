import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { collectSignatures } from '../../../src/keeper/cosign/collect.ts'
import { openSignedRecords } from '../../../src/keeper/cosign/signedRecords.ts'
import type { KeeperObserver } from '../../../src/keeper/events.ts'
import { createKeeper, type Sending } from '../../../src/keeper/keeper.ts'
import { openKeys } from '../../../src/keeper/keys/openKeys.ts'
import { runKeeper } from '../../../src/keeper/loop.ts'
import { alertSinks } from '../../../src/keeper/observe/alertSinks.ts'
import { endpointEvents } from '../../../src/keeper/observe/endpointEvents.ts'
import { createKeeperLog, type LogLevel } from '../../../src/keeper/observe/log.ts'
import { watchKeeper } from '../../../src/keeper/observe/watchKeeper.ts'
import { toInteger, UsageError } from '../context.ts'
import { exitCodes, say } from '../output.ts'
import { openSenderOver } from '../sending.ts'
import { type Configured, keeperOptionsOf, openConfigured, refuseBesideConfig, senderSettingsOf } from './configured.ts'
import { toListenAddress } from './cosigners.ts'
import { textLog } from './output.ts'

type BesideConfig = {
  readonly live?: boolean
  readonly rounds?: string
  readonly listen?: string
  readonly logLevel: LogLevel
  readonly json?: boolean
}

/** Options of `run` that may stand beside `--config`. */
export const besideConfig: ReadonlySet<string> = new Set(['config', 'live', 'rounds', 'listen', 'logLevel', 'json'])

/**
 * Runs a keeper as its configuration says.
 *
 * @throws {UsageError} for accounts or options that the configuration has a place for.
 */
export async function runConfigured(file: string, command: Command): Promise<void> {
  const options = command.opts<BesideConfig>()
  const isGiven = (name: keyof BesideConfig) => command.getOptionValueSource(name) === 'cli'
  refuseBesideConfig(command, besideConfig)
  const rounds = options.rounds === undefined ? undefined : toInteger(options.rounds, '--rounds')
  const configured = await openConfigured(file)
  const { config, client } = configured
  const { alerts, name, ...watching } = config.observability
  const listen = options.listen === undefined ? watching.listen : toListenAddress(options.listen)
  const level = isGiven('logLevel') ? options.logLevel : watching.logLevel
  const isText = process.stdout.isTTY === true && options.json !== true
  const opened = options.live ? await openLive(configured) : undefined
  const secrets = [...configured.secrets, ...(opened?.secrets ?? [])]
  const outcome = { failed: false }
  try {
    const watch = await watchKeeper({
      log: isText ? textLog(secrets) : createKeeperLog({ level, secrets }),
      ...{ sinks: alertSinks(alerts), keeper: name, secrets },
      ...(listen === undefined ? {} : { listen }),
      bounds: { recordAge: 2 * Math.max(...config.accounts.map(({ policy }) => policy.heartbeat)) },
      endpoints: () => endpointEvents(client),
    })
    const observe: KeeperObserver = (event) => {
      if (event.event === 'refused' || event.event === 'failure') outcome.failed = true
      watch.observe(event)
    }
    try {
      const keeper = createKeeper({ ...keeperOptionsOf(configured), observe, ...opened?.options(observe) })
      await runKeeper(keeper, { client, observe, signal: interruption(), ...(rounds !== undefined && { rounds }) })
    } finally {
      await watch.close()
    }
  } finally {
    opened?.close()
  }
  if (rounds !== undefined && outcome.failed) process.exitCode = exitCodes.failure
}

/** Keys, journal and co-signers of a keeper that sends. */
async function openLive({ config, client }: Configured) {
  const { chainId, cosigners } = config
  const { signers, payer, secrets } = await openKeys(config, { env: process.env, warn: say })
  const [identity] = signers
  if (payer === undefined || identity === undefined) {
    throw new UsageError('A keeper that sends needs a payer; name one in the configuration, or leave out --live.')
  }
  const { sender, journal } = await openSenderOver(senderSettingsOf(config), { chainId, client, payer })
  await mkdir(dirname(cosigners.signed), { recursive: true })
  const signed = openSignedRecords(cosigners.signed)
  return {
    secrets,
    options(observer: KeeperObserver) {
      const collect = collectSignatures({
        ...{ own: signers, observer, signed, timeout: 1000 * cosigners.timeout },
        cosigners: cosigners.peers.map(({ name, url, signer }) => ({ name, url, address: signer })),
      })
      const { journalKeep } = config
      const sending: Sending = { sender, journal, journalKeep, collect, dailyCap: config.sending.dailyCap }
      const { rank, turn: seconds } = config.posting
      // Alone, there is nobody to wait for.
      if (cosigners.peers.length === 0 && rank === undefined) return { sending }
      return { sending, turn: { signer: identity.address, seconds, rank } }
    },
    close() {
      journal.close()
      signed.close()
    },
  }
}

/** Aborted by Ctrl-C or a supervisor; asked a second time, the process ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
  return controller.signal
}
