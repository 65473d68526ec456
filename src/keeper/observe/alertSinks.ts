import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { BaseError } from '../../core/errors.ts'
import { hideValue, parseWith } from '../../core/schema.ts'
import type { Severity } from './alertConditions.ts'

/** What people are told: one condition or several of a kind that began, or that are over. */
export type Alert = {
  /** Of this message; a repeated delivery has the same. */
  readonly id: string
  readonly kind: string
  readonly severity: Severity
  readonly state: 'firing' | 'resolved'
  /** Accounts, nodes or peers; empty where the kind is about the keeper as a whole. */
  readonly about: readonly string[]
  readonly text: string
  /** Unix seconds. */
  readonly time: number
  /** Name of the keeper, where several send to one place. */
  readonly keeper: string
}

/** A place that alerts go to. */
export type AlertSink = {
  /** A word for logs and metrics, never a URL. */
  readonly name: string
  /** @throws {AlertDeliveryError} */
  readonly deliver: (alert: Alert, signal: AbortSignal) => Promise<void>
  /** Texts that nothing may show: its URL, its key. */
  readonly secrets: readonly string[]
}

/** A sink did not take an alert. It says how it answered and never where it is. */
export class AlertDeliveryError extends BaseError {
  override readonly name = 'AlertDeliveryError'
  /** Seconds after which it wants to be asked again. */
  readonly retryAfter: number | undefined

  constructor(sink: string, how: string, options: { readonly retryable: boolean; readonly retryAfter?: number }) {
    super(`The alert sink ${sink} ${how}.`, {
      ...{ retryable: options.retryable, metaMessages: ['Check the address and the credentials of the sink.'] },
    })
    this.retryAfter = options.retryAfter
  }
}

const url = z.url({ protocol: /^https?$/ })

/** Where alerts go; each part is whole or absent. */
export const alertSinksSchema = z
  .strictObject({
    /** A POST of JSON, signed with HMAC-SHA256. */
    webhook: z.strictObject({ url, secret: z.string().min(16) }),
    /** The URL of an incoming webhook. */
    slack: z.strictObject({ url }),
    /** Token of a bot, and the chat that it writes to. */
    telegram: z.strictObject({
      token: z.string().regex(/^\d+:[\w-]{30,}$/),
      chatId: z.string().regex(/^(-?\d+|@\w+)$/),
      api: url.default('https://api.telegram.org'),
    }),
  })
  .partial()

/** Where alerts go, as {@link alertSinksSchema} takes it. */
export type AlertSinkSettings = z.input<typeof alertSinksSchema>

/**
 * The sinks of a configuration.
 *
 * @throws {InvalidInputError} for settings that are not whole; it shows no value.
 */
export function alertSinks(settings: AlertSinkSettings): readonly AlertSink[] {
  const { webhook, slack, telegram } = parseWith(alertSinksSchema, settings, 'the alert sinks', hideValue)
  return [
    ...(webhook === undefined ? [] : [webhookSink(webhook)]),
    ...(slack === undefined ? [] : [slackSink(slack)]),
    ...(telegram === undefined ? [] : [telegramSink(telegram)]),
  ]
}

/** The header that proves a webhook: `t=<Unix seconds>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`. */
export const signatureHeader = 'x-plimsoll-signature'

/** What {@link signatureHeader} holds for a body. The time is signed too, so that an old message cannot be sent again. */
export function signatureOf(secret: string, time: number, body: string): string {
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`
}

function webhookSink({ url: target, secret }: { readonly url: string; readonly secret: string }): AlertSink {
  return {
    ...{ name: 'webhook', secrets: [target, secret] },
    deliver(alert, signal) {
      const body = JSON.stringify(alert)
      const signature = signatureOf(secret, Math.floor(Date.now() / 1000), body)
      return post('webhook', target, body, signal, { [signatureHeader]: signature, 'x-plimsoll-delivery': alert.id })
    },
  }
}

function slackSink({ url: target }: { readonly url: string }): AlertSink {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return {
    ...{ name: 'slack', secrets: [target] },
    deliver: (alert, signal) =>
      post('slack', target, JSON.stringify({ text: escaped(toText(alert)), unfurl_links: false }), signal),
  }
}

/** The longest message of Telegram, in characters. */
const longestMessage = 4_096

function telegramSink({
  token,
  chatId,
  api,
}: {
  readonly token: string
  readonly chatId: string
  readonly api: string
}) {
  const target = `${api.replace(/\/$/, '')}/bot${token}/sendMessage`
  return {
    ...{ name: 'telegram', secrets: [token, target] },
    // Without a parse mode nothing in the text is markup.
    deliver: (alert: Alert, signal: AbortSignal) =>
      post(
        'telegram',
        target,
        JSON.stringify({ chat_id: chatId, text: toText(alert).slice(0, longestMessage) }),
        signal,
      ),
  }
}

function toText({ state, severity, kind, keeper, text }: Alert): string {
  return `${state === 'resolved' ? 'RESOLVED' : severity.toUpperCase()} ${kind} (${keeper})\n${text}`
}

async function post(
  sink: string,
  target: string,
  body: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  let response: Response
  try {
    response = await fetch(target, {
      ...{ method: 'POST', body, signal, headers: { 'content-type': 'application/json', ...headers } },
      // A redirection would carry message and key to somewhere else.
      redirect: 'error',
    })
  } catch {
    throw new AlertDeliveryError(sink, signal.aborted ? 'did not answer in time' : 'was not reached', {
      retryable: true,
    })
  }
  const { status, ok } = response
  await response.body?.cancel().catch(() => {})
  if (ok) return
  const seconds = Number(response.headers.get('retry-after'))
  throw new AlertDeliveryError(sink, `answered with HTTP status ${status}`, {
    retryable: status === 408 || status === 429 || status >= 500,
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfter: seconds } : {}),
  })
}
