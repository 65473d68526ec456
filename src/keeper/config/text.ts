import { parseUnits } from 'viem'
import { z } from 'zod'
import type { Wad } from '../../core/units.ts'
import { wad } from '../../core/units.ts'

// A YAML scalar comes as text, so that neither an address nor an amount passes through a double; a value that a program
// made may be a number where that is exact.

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** A span of time as `90`, `30s`, `15m`, `2h` or `1d`; whole seconds. */
export const duration = z
  .union([z.string(), z.int().min(0)], 'expected a time such as 30s, 15m, 2h or a number of seconds')
  .transform((value) => `${value}`)
  .pipe(
    z
      .string()
      .regex(/^\d{1,9}(s|m|h|d)?$/, 'expected a time such as 30s, 15m, 2h or a number of seconds')
      .transform((text) => Number.parseInt(text, 10) * units[(/[smhd]$/.exec(text)?.[0] ?? 's') as keyof typeof units]),
  )

/** A whole number that is not negative. */
export const count = z
  .union([z.string(), z.int().min(0)], 'expected a whole number')
  .transform((value) => `${value}`)
  .pipe(
    z
      .string()
      .regex(/^\d{1,15}$/, 'expected a whole number')
      .transform(Number),
  )

/** A whole number above zero. */
export const positiveCount = count.refine((value) => value > 0, 'expected a whole number above zero')

/** A percentage as `0.5%`; WAD fraction. */
export const percent = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,16})?\s?%$/, 'expected a percentage such as 0.5%')
  .transform((text): Wad => parseUnits(text.replace(/\s?%$/, ''), 16))

/** A decimal number as WAD. */
export const decimal = z
  .union([z.string(), z.number().min(0)], 'expected a decimal number such as 0.05')
  .transform((value) => `${value}`)
  .pipe(
    z
      .string()
      .regex(/^\d{1,18}(\.\d{1,18})?$/, 'expected a decimal number such as 0.05')
      .transform((text): Wad => parseUnits(text, 18)),
  )

/** A ratio of at least one, as WAD. */
export const ratio = decimal.refine((value) => value >= wad, 'expected a ratio of at least 1')

/** `host:port` that a server listens on; port 0 takes a free one. */
export const listenAddress = z
  .string()
  .regex(/^(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/, 'expected <host>:<port> such as 127.0.0.1:9464')
  .transform((text) => {
    const at = text.lastIndexOf(':')
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
  })
  .refine(({ port }) => port <= 65_535, 'expected a port of at most 65535')

/** URL over HTTP. */
export const httpUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'expected a URL of http or https')

/** URL of a node, over HTTP or a websocket. */
export const nodeUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^(https?|wss?):$/.test(new URL(text).protocol),
    'expected a URL of http, https, ws or wss',
  )
