import { z } from 'zod'
import { address, name } from '../../core/schema.ts'
import { keySchema } from '../keys/source.ts'
import { count, decimal, duration, httpUrl, listenAddress, nodeUrl, percent, positiveCount, ratio } from './text.ts'

const text = z.string().min(1, 'must not be empty')
const file = text

const policySchema = z.strictObject({
  heartbeat: duration.optional().describe('Longest age of a posted record; at most half of its validity.'),
  deviation: z
    .strictObject({ worse: percent, better: percent })
    .partial()
    .optional()
    .describe('Change of free equity that triggers a post, in percent of the initial margin.'),
  boundary: z
    .strictObject({ ratio, deviation: percent })
    .partial()
    .optional()
    .describe('Zone around the initial and the maintenance requirement in which a smaller change triggers a post.'),
})

/** A text, or the file that holds it. */
const secretUrl = { url: httpUrl.optional(), urlFile: file.optional() }

const alertsSchema = z.strictObject({
  webhook: z
    .strictObject({ ...secretUrl, secret: text.optional(), secretFile: file.optional() })
    .optional()
    .describe('A POST of JSON, signed with HMAC-SHA256 under the secret.'),
  slack: z.strictObject(secretUrl).optional().describe('The URL of an incoming webhook.'),
  telegram: z
    .strictObject({
      token: text.optional(),
      tokenFile: file.optional(),
      chatId: z.string().regex(/^(-?\d+|@\w+)$/, 'expected the number of a chat, or @ and its name'),
    })
    .optional(),
})

const proposerSchema = z.strictObject({
  name: z.string().regex(/^[\w-]{1,32}$/, 'expected at most 32 letters, digits, dashes and underscores'),
  signer: address.describe('Address that it signs with.'),
})

/** The form of keeper.yaml. Paths are relative to the file. */
export const keeperConfigSchema = z.strictObject({
  chainId: positiveCount.describe('Chain that the registry is on.'),
  registry: address.describe('The MarginRegistry. Quote it, or an editor takes it for a number.'),
  parameters: file.describe('File with the parameter set of the model, or a deployment file.'),
  rpc: z.strictObject({
    read: z
      .array(z.union([nodeUrl, z.strictObject({ urlFile: file })]))
      .min(1)
      .describe('Nodes that are read.'),
    quorum: positiveCount.optional().describe('Nodes that must agree on a block; the majority by default.'),
    verifyReads: positiveCount.optional().describe('Nodes that must give an answer alike; the quorum by default.'),
    send: z
      .union([nodeUrl, z.strictObject({ urlFile: file })])
      .optional()
      .describe('Node that transactions go to first, such as a private one.'),
  }),
  signers: z.array(keySchema).min(1).describe('Keys that sign records.'),
  payer: keySchema.optional().describe('Key that pays for transactions; never one of the signers.'),
  journal: file.default('keeper.db').describe('SQLite file with everything that was decided and sent.'),
  journalKeep: duration.prefault('90d').describe('How long the journal keeps what is settled; 7d at least.'),
  sending: z
    .strictObject({
      feeFloorGwei: decimal.prefault('0.05'),
      feeCapGwei: decimal.prefault('100'),
      bumpAfterBlocks: positiveCount.prefault(3),
      privateBlocks: count.optional(),
      confirmations: positiveCount.prefault(12),
      dailyCapEth: decimal.prefault('0.05'),
    })
    .prefault({}),
  policy: policySchema
    .extend({
      validity: duration
        .prefault('16m')
        .describe('Longest validity of a record: 15s, 30s, 1m, 2m, 4m, 8m, 16m, 32m and so on.'),
      recheck: duration.prefault('48s').describe('Longest that a margin stands while nothing moves.'),
    })
    .prefault({})
    .describe('When a record is replaced; an account may say otherwise of all but validity and recheck.'),
  posting: z
    .strictObject({
      form: z.enum(['auto', 'single', 'batch', 'root']).default('auto'),
      batchFrom: positiveCount.prefault(2),
      rootFrom: positiveCount.optional(),
      maxBatch: positiveCount.prefault(1024),
      proofs: file.default('proofs'),
      rank: count
        .refine((value) => value < 16, 'expected a whole number below 16')
        .optional()
        .describe('Place among the keepers of the registry, from 0; by the signer set where there are co-signers.'),
      // Two blocks of Ethereum: the post of the keeper before is sent in the first and seen after the second.
      turn: duration.prefault('24s').describe('Each keeper waits this much longer than the one before it.'),
    })
    .prefault({}),
  accounts: z
    .array(
      policySchema.extend({
        address,
        name: name.optional(),
        ids: z.record(name, z.array(text)).default({}),
      }),
    )
    .min(1)
    .describe('Accounts whose records are kept.'),
  market: file.optional().describe('Market file for the entries of source `file` in the parameter set.'),
  index: file.optional().describe('File that keeps what was found in logs.'),
  cosigners: z
    .strictObject({
      peers: z
        .array(proposerSchema.extend({ url: httpUrl }))
        .default([])
        .describe('Keepers that are asked to sign.'),
      timeout: duration.prefault('5s'),
      listen: listenAddress.optional().describe('Where this keeper is asked to sign.'),
      proposers: z.array(proposerSchema).default([]).describe('Keepers that may ask.'),
      maximumAge: duration.prefault('2m'),
      signed: file.default('signed.db').describe('SQLite file with what the key has signed.'),
    })
    .prefault({}),
  observability: z
    .strictObject({
      listen: listenAddress.optional(),
      name: text.default('keeper').describe('Name of this keeper in alerts.'),
      logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      alerts: alertsSchema.default({}),
    })
    .prefault({}),
})

/** keeper.yaml after its fields were checked one by one. */
export type KeeperFile = z.output<typeof keeperConfigSchema>
