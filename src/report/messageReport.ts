import type { ArgumentUnit } from '../attest/contractErrors.ts'
import type { DecodedError } from '../attest/decodeError.ts'
import { decodeFlags, expiresAt, type MarginRecord, type RecordFlags } from '../attest/record.ts'
import { type Signatures, signerIndices } from '../attest/wire.ts'
import type { QuoteUnits } from '../core/units.ts'
import type { DecodedMessage } from './decodeMessage.ts'
import { formatQuoteUnits, formatWad } from './money.ts'
import { formatTable } from './table.ts'

/** Where the errors of the contracts are explained. */
export const errorsPage = 'docs/errors.md'

/** What bytes of ours mean, in units that people read. */
export function messageReport(message: DecodedMessage): string {
  switch (message.kind) {
    case 'error':
      return errorReport(message.error)
    case 'record': {
      const { record, blockNumber, portfolioRoot } = message.attestation
      const rows = [...recordRows(record), ['block', `${blockNumber}`], ['portfolio root', portfolioRoot]]
      return lines(`record of ${record.account}`, [...rows, signerRow(message.attestation)])
    }
    case 'batch': {
      const { batch } = message
      const head = [...headerRows(batch), ['roots root', batch.rootsRoot], signerRow(batch)]
      return `${lines(`batch of ${batch.items.length} records`, head)}\n${itemTable(batch)}`
    }
    case 'root':
      return lines('root of a tree of records', [
        ...headerRows(message.root),
        ['root', message.root.root],
        signerRow(message.root),
      ])
    case 'leaf': {
      const { record, portfolioRoot, proof } = message.leaf
      const siblings = proof.map((sibling, i) => [`sibling ${i}`, sibling])
      const rows = [...recordRows(record), ['portfolio root', portfolioRoot], ...siblings]
      return lines(`record of ${record.account} under a root, proof of ${proof.length}`, rows)
    }
    case 'pull':
      return `pulled with verify(bytes): ${messageReport(message.message)}`
    case 'word':
      return lines('packed record', recordRows(message.record))
    case 'flags':
      return `flags: ${describeFlags(message.flags)}`
    case 'function':
      return `function ${message.signature} of the registry`
    case 'call':
      return lines(
        `call of ${message.signature}`,
        message.arguments.map((argument, i) => [`argument ${i}`, showArgument(argument)]),
      )
  }
}

/** `time` as an ISO date, amounts in USD, everything else as it is. */
export function formatArgument(value: string, unit: ArgumentUnit | null): string {
  switch (unit) {
    case 'usd':
      return `${formatQuoteUnits(BigInt(value))} USD`
    case 'time':
      return formatTime(Number(value))
    case 'seconds':
      return `${value} s`
    case 'wad':
      return formatWad(BigInt(value))
    case 'flags':
      return BigInt(value) > 0xffn ? value : `${value}: ${describeFlags(decodeFlags(Number(value)))}`
    case null:
      return value
  }
}

function errorReport({ name, signature, arguments: values, cause, fix }: DecodedError): string {
  const rows = values.map((argument) => [argument.name, formatArgument(argument.value, argument.unit)])
  const explanation = [
    ['cause', cause],
    ['fix', fix],
    ['docs', `${errorsPage}#${name.toLowerCase()}`],
  ]
  return lines(signature, [...rows, ...explanation])
}

function recordRows(record: Omit<MarginRecord, 'account'>): string[][] {
  const { initialMargin, maintenanceMargin, equity, observedAt, lienSeq, modelId, flags } = record
  return [
    ['equity', usd(equity, 'down')],
    ['initial margin', usd(initialMargin, 'up')],
    ['maintenance margin', usd(maintenanceMargin, 'up')],
    ['free equity', usd(equity - initialMargin, 'down')],
    ['observed at', formatTime(observedAt)],
    ['valid until', formatTime(expiresAt({ observedAt, flags }))],
    ['lien sequence', `${lienSeq}`],
    ['model', `${modelId}`],
    ['flags', describeFlags(decodeFlags(flags))],
  ]
}

type Header = Pick<MarginRecord, 'observedAt' | 'modelId' | 'flags'> & { readonly blockNumber: bigint }

function headerRows({ observedAt, modelId, flags, blockNumber }: Header): string[][] {
  return [
    ['observed at', formatTime(observedAt)],
    ['valid until', formatTime(expiresAt({ observedAt, flags }))],
    ['model', `${modelId}`],
    ['flags', describeFlags(decodeFlags(flags))],
    ['block', `${blockNumber}`],
  ]
}

function itemTable({ items }: Extract<DecodedMessage, { kind: 'batch' }>['batch']): string {
  return formatTable(
    [
      { title: 'account' },
      { title: 'equity', align: 'right' },
      { title: 'initial', align: 'right' },
      { title: 'maintenance', align: 'right' },
    ],
    items.map(({ account, equity, initialMargin, maintenanceMargin }) => [
      account,
      formatQuoteUnits(equity),
      formatQuoteUnits(initialMargin, 'up'),
      formatQuoteUnits(maintenanceMargin, 'up'),
    ]),
  )
}

function signerRow({ signerBitmap }: Signatures): string[] {
  const signers = signerIndices(signerBitmap)
  return ['signed by', `${signers.length} of the set: ${signers.join(', ')}`]
}

function describeFlags({ validityCode, confirmed, rootMode, venueCritical, enforceable }: RecordFlags): string {
  const words = [
    `valid for ${15 * 2 ** validityCode} s`,
    confirmed ? 'read from a confirmed block' : 'read from the head',
    ...(rootMode ? ['under a root'] : []),
    ...(venueCritical ? ['a venue account is close to liquidation'] : []),
    enforceable ? 'scope enforceable' : 'scope observed',
  ]
  return words.join(', ')
}

function showArgument(argument: unknown): string {
  return typeof argument === 'object'
    ? JSON.stringify(argument, (_, item) => (typeof item === 'bigint' ? `${item}` : item))
    : String(argument)
}

function usd(value: QuoteUnits, rounding: 'up' | 'down'): string {
  return `${formatQuoteUnits(value, rounding)} USD`
}

/** Seconds beyond what a date can hold are shown as they are. */
function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds}` : `${date.toISOString().replace('.000Z', 'Z')} (${seconds})`
}

function lines(title: string, rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([label = '']) => label.length))
  return [title, ...rows.map(([label = '', value = '']) => `  ${label.padEnd(width)}  ${value}`)].join('\n')
}
