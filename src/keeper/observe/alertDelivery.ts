import { BaseError } from '../../core/errors.ts'
import { type Alert, AlertDeliveryError, type AlertSink } from './alertSinks.ts'

/** What became of an alert at a sink: taken, given up, or thrown away because too many wait. */
export type DeliveryResult = 'delivered' | 'failed' | 'dropped'

export type DeliveryOptions = {
  readonly sink: AlertSink
  /** Is told what became of each alert; must not throw. */
  readonly onResult: (sink: string, result: DeliveryResult, error?: BaseError) => void
  /** Most alerts that wait. */
  readonly capacity?: number
  readonly attempts?: number
  /** Pause after the first failure in milliseconds, doubled by each further one. */
  readonly pause?: number
  /** For which one attempt may last, in milliseconds. */
  readonly timeout?: number
}

/** A queue before a sink. */
export type Delivery = {
  readonly push: (alert: Alert) => void
  /** Waits until nothing is left, or gives up what is left at the end of the time. */
  readonly close: (milliseconds: number) => Promise<void>
}

const longestPause = 60_000
/** Lines of a message that tells of many at once. */
const mostLines = 10

/**
 * Delivers alerts to one sink in their order, one at a time, and again after a pause where the sink may recover. Those of a
 * kind that wait together go as one message. A full queue loses what matters least, and never blocks who fills it.
 */
export function createDelivery({
  sink,
  onResult,
  capacity = 1_000,
  attempts = 6,
  pause = 1_000,
  timeout = 10_000,
}: DeliveryOptions): Delivery {
  const waiting: Alert[] = []
  const ending = new AbortController()
  let working: Promise<void> | undefined

  async function work(): Promise<void> {
    // What is pushed in one go becomes one message.
    await Promise.resolve()
    for (let batch = takeBatch(waiting); batch.length > 0; batch = takeBatch(waiting)) {
      const error = await attemptAll(merge(batch))
      for (const _ of batch) onResult(sink.name, error === undefined ? 'delivered' : 'failed', error)
    }
    working = undefined
  }

  async function attemptAll(alert: Alert): Promise<BaseError | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const error = await attemptOnce(alert)
      if (error === undefined || !error.retryable || attempt >= attempts || ending.signal.aborted) return error
      const asked = error.retryAfter === undefined ? 0 : error.retryAfter * 1000
      await sleep(Math.min(longestPause, Math.max(asked, pause * 2 ** (attempt - 1))), ending.signal)
    }
  }

  async function attemptOnce(alert: Alert): Promise<AlertDeliveryError | undefined> {
    try {
      await sink.deliver(alert, AbortSignal.any([AbortSignal.timeout(timeout), ending.signal]))
      return undefined
    } catch (error) {
      if (error instanceof AlertDeliveryError) return error
      const how = error instanceof BaseError ? 'refused the alert' : 'failed unexpectedly'
      return new AlertDeliveryError(sink.name, how, { retryable: false })
    }
  }

  return {
    push(alert) {
      waiting.push(alert)
      if (waiting.length > capacity) {
        const least = waiting.findIndex(({ severity }) => severity !== 'critical')
        waiting.splice(Math.max(0, least), 1)
        onResult(sink.name, 'dropped')
      }
      working ??= work()
    },
    async close(milliseconds) {
      const timer = setTimeout(() => ending.abort(), milliseconds)
      await working
      clearTimeout(timer)
    },
  }
}

/** The first alert with all others of its kind, severity and state. */
function takeBatch(waiting: Alert[]): readonly Alert[] {
  const [first] = waiting
  if (first === undefined) return []
  const isAlike = ({ kind, severity, state }: Alert) =>
    kind === first.kind && severity === first.severity && state === first.state
  const batch = waiting.filter(isAlike)
  const others = waiting.filter((alert) => !isAlike(alert))
  waiting.splice(0, waiting.length, ...others)
  return batch
}

function merge(alerts: readonly Alert[]): Alert {
  const [first] = alerts
  if (first === undefined) throw new Error('an empty batch')
  if (alerts.length === 1) return first
  const lines = alerts.slice(0, mostLines).map(({ text }) => text)
  if (alerts.length > mostLines) lines.push(`and ${alerts.length - mostLines} more`)
  const about = alerts.flatMap((alert) => alert.about).slice(0, 100)
  return { ...first, about, text: lines.join('\n') }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, milliseconds)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
