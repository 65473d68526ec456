import type { Secrets } from '../../chain/secrets.ts'
import type { EndpointEvent, KeeperObserver } from '../events.ts'
import type { AlertBounds } from './alertConditions.ts'
import type { AlertSink } from './alertSinks.ts'
import { createKeeperAlerts } from './alerts.ts'
import type { HealthBounds } from './health.ts'
import { createKeeperLog, type KeeperLog, type LogLevel } from './log.ts'
import { createKeeperMetrics } from './metrics.ts'
import { observeKeeper } from './observeKeeper.ts'
import { followKeeper, type KeeperStanding } from './standing.ts'
import { startStatusServer } from './statusServer.ts'

export type WatchKeeperOptions = {
  /** Quietest lines that are written; `info` by default. */
  readonly level?: LogLevel
  /** Instead of lines of JSON on standard output. */
  readonly log?: KeeperLog
  /** Where the status server listens; without it there is none. */
  readonly listen?: { readonly host?: string; readonly port: number }
  readonly health?: HealthBounds
  readonly sinks?: readonly AlertSink[]
  readonly bounds?: Partial<AlertBounds>
  /** Seconds in which one condition is told once. */
  readonly window?: number
  /** Name of the keeper in alerts. */
  readonly keeper?: string
  /** Most accounts that have series of their own. */
  readonly accountLimit?: number
  /** How the nodes stand. */
  readonly endpoints?: () => readonly EndpointEvent[]
  /** Texts that nothing may show: URLs, keys, tokens. */
  readonly secrets?: Secrets
}

/** What watches a keeper. */
export type KeeperWatch = {
  readonly observe: KeeperObserver
  readonly standing: KeeperStanding
  /** Where the status server listens. */
  readonly address?: { readonly host: string; readonly port: number }
  /** Delivers what is left, for at most so many milliseconds, and closes the status server. */
  readonly close: (milliseconds?: number) => Promise<void>
}

const checkInterval = 10_000

/**
 * Log, metrics, status server and alerts of one keeper, behind one observer.
 *
 * @throws {StatusServerError} when the status server cannot listen.
 *
 * @example
 * const watch = await watchKeeper({ listen: { port: 9464 }, sinks: alertSinks({ slack: { url } }) })
 * watch.observe({ event: 'started', live: true, accounts: 3 })
 */
export async function watchKeeper({
  level,
  log: given,
  listen,
  health,
  sinks = [],
  bounds = {},
  window,
  keeper,
  accountLimit,
  endpoints,
  secrets: named = [],
}: WatchKeeperOptions = {}): Promise<KeeperWatch> {
  const secrets = [...named, ...sinks.flatMap((sink) => sink.secrets)]
  const log = given ?? createKeeperLog({ secrets, ...(level && { level }) })
  const { standing, observe: follow } = followKeeper()
  const metrics = createKeeperMetrics({
    ...{ standing, secrets },
    ...(accountLimit === undefined ? {} : { accountLimit }),
    ...(bounds.recordAge === undefined ? {} : { ageLimit: bounds.recordAge }),
  })
  const alerts = createKeeperAlerts({
    ...{ standing, sinks, bounds, secrets },
    ...(keeper === undefined ? {} : { keeper }),
    ...(window === undefined ? {} : { window }),
    onResult(sink, result, error) {
      metrics.countDelivery(sink, result)
      if (result !== 'delivered') log.say('error', { event: 'alert', sink, code: result, error })
    },
  })
  const onError = (error: unknown) => log.say('error', { event: 'observer', error })
  const observe = observeKeeper({
    ...{ observers: [follow, metrics.observe, alerts.observe], quiet: [log.observe], onError },
    ...(endpoints && { endpoints }),
  })
  const server =
    listen && (await startStatusServer({ standing, metrics, secrets, ...listen, ...(health && { bounds: health }) }))
  if (server) log.say('info', { event: 'listening', host: server.host, port: server.port })
  const timer = setInterval(() => alerts.check(), checkInterval)
  timer.unref()

  return {
    ...{ observe, standing, ...(server && { address: { host: server.host, port: server.port } }) },
    async close(milliseconds = 10_000) {
      clearInterval(timer)
      await alerts.close(milliseconds)
      await server?.close()
    },
  }
}
