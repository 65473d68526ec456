import { type DestinationStream, pino } from 'pino'
import { valueRedactor } from '../../chain/redactValue.ts'
import type { Secrets } from '../../chain/secrets.ts'
import type { KeeperEvent, KeeperObserver } from '../events.ts'

/** How loud a line is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** From the quietest to the loudest. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export type KeeperLogOptions = {
  /** Quieter lines are left out; `info` by default. */
  readonly level?: LogLevel
  /** Standard output by default. */
  readonly destination?: DestinationStream
  /** Texts that no line may hold, beside what looks like a URL or a key. */
  readonly secrets?: Secrets
}

/** JSON lines, one an event. */
export type KeeperLog = {
  readonly observe: KeeperObserver
  /** A line that is no event. */
  readonly say: (level: LogLevel, fields: Readonly<Record<string, unknown>>) => void
}

/**
 * Writes JSON lines: `level`, `at` (wall-clock time, ISO 8601), then the fields of the event under their own names, bigints as
 * decimal text. Every text goes through the redactor, also those inside errors; no line shows a URL or a key.
 */
export function createKeeperLog({ level = 'info', destination, secrets = [] }: KeeperLogOptions = {}): KeeperLog {
  const logger = pino(
    {
      ...{ level, base: null, timestamp: () => `,"at":"${new Date().toISOString()}"` },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? standardOutput(),
  )
  const redacted = valueRedactor(secrets)
  // Plain values only: what pino and its serializers would make of an error never gets here.
  const say: KeeperLog['say'] = (loudness, fields) => {
    if (logger.isLevelEnabled(loudness)) logger[loudness](redacted(fields))
  }
  return { say, observe: (event) => say(levelOf(event), event) }
}

/** Bytes that wait for a disk that is full; what is beyond them is lost. */
const mostWaiting = 4_000_000

/** A disk that is full, or a reader that is gone, costs lines and not the keeper. */
function standardOutput(): DestinationStream {
  const stream = pino.destination({ dest: 1, sync: true, maxLength: mostWaiting })
  stream.on('error', () => {})
  return stream
}

/** How loud an event is: what needs a person is an error, what may need one a warning, what is usual and frequent is debug. */
export function levelOf(event: KeeperEvent): LogLevel {
  switch (event.event) {
    case 'decision':
      return event.action === 'skipped' ? 'debug' : 'info'
    case 'refused':
      return 'warn'
    case 'post':
      return postLevels[event.code]
    case 'transaction':
      return transactionLevels[event.code]
    case 'payer':
      return 'debug'
    case 'endpoint':
      return endpointLevel(event.status)
    case 'cosign':
      return cosignLevels[event.code]
    case 'failure':
      return 'error'
    case 'round':
    case 'started':
    case 'draining':
    case 'stopped':
      return 'info'
  }
}

type CodeOf<Name extends KeeperEvent['event']> = Extract<KeeperEvent, { event: Name; code: string }>['code']

const postLevels: Readonly<Record<CodeOf<'post'>, LogLevel>> = {
  sent: 'info',
  'in-flight': 'info',
  'already-posted': 'info',
  refused: 'warn',
  'fee-cap': 'warn',
  'not-sent': 'warn',
  'quorum-missing': 'warn',
  'spend-cap': 'error',
  'foreign-nonce': 'error',
}

const transactionLevels: Readonly<Record<CodeOf<'transaction'>, LogLevel>> = {
  mined: 'info',
  'changed-nothing': 'info',
  cancelled: 'info',
  rebroadcast: 'warn',
  'fee-bump': 'warn',
  'fee-cap': 'warn',
  cancelling: 'warn',
  reorged: 'warn',
  reverted: 'error',
  'spend-cap': 'error',
  'nonce-taken': 'error',
}

const cosignLevels: Readonly<Record<CodeOf<'cosign'>, LogLevel>> = {
  signed: 'debug',
  refused: 'warn',
  unreachable: 'warn',
  differs: 'error',
  forged: 'error',
}

function endpointLevel(status: string): LogLevel {
  if (status === 'ready') return 'info'
  return status === 'unknown' ? 'debug' : status === 'disagreeing' || status === 'other chain' ? 'error' : 'warn'
}
