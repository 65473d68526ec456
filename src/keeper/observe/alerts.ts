import { randomUUID } from 'node:crypto'
import { redactName, redactWhole } from '../../chain/redact.ts'
import type { Secrets } from '../../chain/secrets.ts'
import type { KeeperObserver } from '../events.ts'
import {
  type AlertBounds,
  type Condition,
  changesOf,
  conditionsOf,
  defaultAlertBounds,
  standingKinds,
} from './alertConditions.ts'
import { createDelivery, type DeliveryOptions } from './alertDelivery.ts'
import type { Alert, AlertSink } from './alertSinks.ts'
import type { KeeperStanding } from './standing.ts'

export type KeeperAlertsOptions = Pick<DeliveryOptions, 'onResult' | 'capacity' | 'attempts' | 'pause' | 'timeout'> & {
  readonly standing: KeeperStanding
  readonly sinks: readonly AlertSink[]
  /** Name of the keeper in messages; `plimsoll` by default. */
  readonly keeper?: string
  readonly bounds?: Partial<AlertBounds>
  /** Seconds in which one condition is told once, however often it begins and ends; an hour by default. */
  readonly window?: number
  readonly secrets?: Secrets
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** Tells people what they should know. */
export type KeeperAlerts = {
  readonly observe: KeeperObserver
  /** Looks at what time alone changes; to be called every few seconds. */
  readonly check: () => void
  /** Waits for what is to be delivered, for at most so many milliseconds. */
  readonly close: (milliseconds: number) => Promise<void>
}

/** A condition that holds. `told` when its beginning was sent, so that its end is too. */
type Active = { readonly condition: Condition; readonly told: boolean }

/** Conditions whose last message is remembered. */
const mostRemembered = 10_000

/**
 * Alerts from events: a message when a condition begins, one when it ends, and a reminder while it lasts; each condition at
 * most once in a window. A sink that fails or hangs holds up neither the keeper nor the other sinks.
 */
export function createKeeperAlerts({
  standing,
  sinks,
  keeper = 'plimsoll',
  bounds: given = {},
  window = 3_600,
  secrets = [],
  now = Date.now,
  ...delivering
}: KeeperAlertsOptions): KeeperAlerts {
  const bounds = { ...defaultAlertBounds, ...given }
  const deliveries = sinks.map((sink) => createDelivery({ sink, ...delivering }))
  const hidden = [...secrets, ...sinks.flatMap((sink) => sink.secrets)]
  const active = new Map<string, Active>()
  const toldAt = new Map<string, number>()

  function raise(condition: Condition): void {
    const key = keyOf(condition)
    const before = active.get(key)
    const last = toldAt.get(key)
    const isDue = last === undefined || now() - last >= window * 1000
    if (isDue) {
      toldAt.delete(key)
      toldAt.set(key, now())
      tell(condition, 'firing')
    }
    active.set(key, { condition, told: isDue || before?.told === true })
    const [oldest] = toldAt.keys()
    if (toldAt.size > mostRemembered && oldest !== undefined) toldAt.delete(oldest)
  }

  function clear(about: Pick<Condition, 'kind' | 'about'>): void {
    const key = keyOf(about)
    const before = active.get(key)
    active.delete(key)
    if (before?.told === true) tell(before.condition, 'resolved')
  }

  function tell({ kind, about, severity, text }: Condition, state: Alert['state']): void {
    const shown = (plain: string) => redactWhole(plain, hidden).slice(0, 1_000)
    const alert: Alert = {
      ...{ id: randomUUID(), kind, severity, state, about: about === undefined ? [] : [redactName(about, hidden)] },
      ...{ text: shown(text), time: Math.floor(now() / 1000), keeper },
    }
    for (const delivery of deliveries) delivery.push(alert)
  }

  function check(): void {
    const conditions = conditionsOf(standing, now(), bounds)
    const keys = new Set(conditions.map(keyOf))
    for (const [key, { condition }] of active) {
      if (standingKinds.has(condition.kind) && !keys.has(key)) clear(condition)
    }
    for (const condition of conditions) raise(condition)
    // Reminds of what lasts, and tells what began again within the window and lasts beyond it.
    for (const { condition } of active.values()) if (!standingKinds.has(condition.kind)) raise(condition)
  }

  return {
    observe(event) {
      const { raised, cleared } = changesOf(event)
      for (const condition of cleared) clear(condition)
      for (const condition of raised) raise(condition)
      if (event.event === 'round' || event.event === 'failure') check()
    },
    check,
    async close(milliseconds) {
      await Promise.all(deliveries.map((delivery) => delivery.close(milliseconds)))
    },
  }
}

function keyOf({ kind, about = '' }: Pick<Condition, 'kind' | 'about'>): string {
  return `${kind}\n${about}`
}
