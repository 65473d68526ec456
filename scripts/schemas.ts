import { z } from 'zod'
import { bookSchema } from '../src/core/book.ts'
import { parametersSchema } from '../src/core/parameters.ts'
import { address, fraction, integer, natural, positive } from '../src/core/schema.ts'
import { snapshotSchema } from '../src/core/snapshot.ts'
import { keeperConfigSchema } from '../src/keeper/config/schema.ts'
import { count, decimal, duration, percent, positiveCount, ratio } from '../src/keeper/config/text.ts'
import { marketFileSchema } from '../src/market/fileMarket.ts'
import { priceHistorySchema } from '../src/market/priceHistory.ts'
import { referenceModels } from '../src/risk/models/all.ts'
import { venueAccountSchema } from '../src/risk/models/venueRules/venueAccount.ts'
import { deploymentSchema } from './cli/deployment.ts'
import { registryTermsSchema } from './deployment/parameters.ts'

/** A JSON Schema (draft 2020-12) as a plain object. */
export type JsonSchema = z.core.JSONSchema.JSONSchema

const digits = (pattern: string, description: string): JsonSchema => ({ type: 'string', pattern, description })

/** A variable may stand for the whole. */
const textOrNumber = (type: 'integer' | 'number', pattern: string, description: string): JsonSchema => ({
  anyOf: [
    { type, minimum: 0 },
    { type: 'string', pattern: `${pattern}|\\$\\{` },
  ],
  description,
})

/** Scalars of ours whose rule is code, written as the pattern that code follows. */
const scalars = new Map<unknown, JsonSchema>([
  [integer, digits('^(0|-?[1-9]\\d*)$', 'An integer as decimal text.')],
  [natural, digits('^(0|[1-9]\\d*)$', 'An integer that is not negative, as decimal text.')],
  [positive, digits('^[1-9]\\d*$', 'A positive integer as decimal text.')],
  [fraction, digits('^(0|[1-9]\\d{0,17}|10{18})$', 'A fraction of 1e18, between 0 and 1e18, as decimal text.')],
  [duration, textOrNumber('integer', '^\\d{1,9}(s|m|h|d)?$', 'A time such as 30s, 15m, 2h, or a number of seconds.')],
  [count, textOrNumber('integer', '^\\d{1,15}$', 'A whole number.')],
  [positiveCount, textOrNumber('integer', '^0*[1-9]\\d*$', 'A whole number above zero.')],
  [decimal, textOrNumber('number', '^\\d{1,18}(\\.\\d{1,18})?$', 'A decimal number such as 0.05.')],
  [ratio, textOrNumber('number', '^\\d{1,18}(\\.\\d{1,18})?$', 'A ratio of at least 1.')],
  [percent, digits('^\\d{1,9}(\\.\\d{1,16})?\\s?%$', 'A percentage such as 0.5%.')],
  [address, digits('^0x[0-9a-fA-F]{40}$', 'An address; mixed case carries its checksum.')],
])

/** A book whose venue accounts are described by their rules, which the parser of books leaves to the model `venue-rules`. */
const bookSchemaWithAccounts = bookSchema.extend({
  portfolio: bookSchema.shape.portfolio.extend({ venueAccounts: venueAccountSchema.array().optional() }),
})

/**
 * JSON Schemas of the files that people write or programs exchange, by file name. They describe each field; what fields must
 * be to one another, such as a maintenance rate not above the initial rate, only the parsers check.
 */
export function jsonSchemas(): Readonly<Record<string, JsonSchema>> {
  const deployment = toJsonSchema(deploymentSchema, 'Plimsoll deployment')
  return {
    'parameters.schema.json': toJsonSchema(parametersSchema, 'Plimsoll parameter set'),
    'snapshot.schema.json': toJsonSchema(snapshotSchema, 'Plimsoll snapshot'),
    'book.schema.json': toJsonSchema(bookSchemaWithAccounts, 'Plimsoll book'),
    'deployment.schema.json': {
      ...deployment,
      properties: { ...deployment.properties, parameters: { $ref: 'parameters.schema.json' } },
    },
    'registry.schema.json': toJsonSchema(registryTermsSchema, 'Plimsoll registry terms'),
    'keeper.schema.json': toJsonSchema(keeperConfigSchema, 'Plimsoll keeper'),
    'market.schema.json': toJsonSchema(marketFileSchema, 'Plimsoll market file'),
    'price-history.schema.json': toJsonSchema(priceHistorySchema, 'Plimsoll price history'),
    ...Object.fromEntries(
      referenceModels.map(({ id, parametersSchema: schema }) => [
        `${id}.parameters.schema.json`,
        toJsonSchema(schema, `Plimsoll parameters of ${id}`),
      ]),
    ),
  }
}

function toJsonSchema(schema: z.ZodType, title: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const scalar = scalars.get(zodSchema)
      if (scalar === undefined) return
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
      Object.assign(jsonSchema, scalar)
    },
  })
  return { ...($schema === undefined ? {} : { $schema }), title, ...rest }
}
