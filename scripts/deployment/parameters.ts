import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type MarginParameters, parametersHash } from '../../src/core/parameters.ts'
import { address, natural, parseJson, parseWith, unixSeconds } from '../../src/core/schema.ts'
import { readTextFile } from '../cli/deployment.ts'
import { loadParameterSet } from '../cli/parameterFile.ts'
import { defaultChangeBounds, type RegistryTerms, type RegistryVariant, registryArtifacts } from './plan.ts'

const distinct = (values: readonly string[]) => new Set(values).size === values.length
const uint64End = 2n ** 64n

/** The JSON form of the terms of a registry. */
export const registryTermsSchema = z
  .strictObject({
    schema: z.literal('plimsoll-registry/1'),
    chainId: z.int().positive(),
    variant: z.enum(Object.keys(registryArtifacts) as [RegistryVariant, ...RegistryVariant[]]),
    signers: z.array(address).min(1).max(16).refine(distinct, 'expected each signer once').readonly(),
    threshold: z.int().positive(),
    governor: address,
    /** Seconds that the governor and the administrator have to wait. */
    governorDelay: z.int().min(0).max(0xffffffff),
    guardians: z.array(address).min(1).refine(distinct, 'expected each guardian once').readonly(),
    admin: address,
    models: z
      .array(
        z.strictObject({
          /** Parameter set, relative to this file. Id and hash are its own. */
          parameters: z.string().min(1),
          from: unixSeconds.optional(),
          until: unixSeconds.optional(),
          improvementBase: natural.optional(),
          improvementRate: natural.optional(),
          improvementCap: unixSeconds.optional(),
        }),
      )
      .min(1)
      .readonly(),
  })
  .refine(
    ({ signers, governor, guardians, admin }) =>
      [...signers, governor, ...guardians, admin].every((account) => BigInt(account) !== 0n),
    'expected addresses that are not zero',
  )
  .refine(
    ({ models }) =>
      models.every(
        ({ improvementBase = 0n, improvementRate = 0n }) => improvementBase < uint64End && improvementRate < uint64End,
      ),
    { message: 'expected improvements below 2^64', path: ['models'] },
  )
  .refine(({ threshold, signers }) => threshold <= signers.length, {
    message: 'expected at most as many as there are signers',
    path: ['threshold'],
  })
  .refine(({ governor, guardians }) => !guardians.includes(governor), {
    message: 'expected guardians who are not the governor: they watch what it schedules',
    path: ['guardians'],
  })

/** Chains whose block hashes are not what a registry of Ethereum takes them for. */
const variantOfChain: Readonly<Record<number, RegistryVariant>> = {
  42161: 'arbitrum',
  42170: 'arbitrum',
  421614: 'arbitrum',
  324: 'unbound',
  300: 'unbound',
}

/** Terms of a registry on a chain, and the parameter sets of its models. */
export type RegistryParameters = Required<RegistryTerms> & {
  readonly chainId: number
  readonly parameters: readonly [MarginParameters, ...MarginParameters[]]
}

/**
 * Reads the terms of a registry and the parameter sets that they name.
 *
 * @throws {InvalidInputError} naming path and value of every problem: bounds, roles, a parameter set of another chain, two
 * of one id, a variant that is not the chain's.
 */
export async function loadRegistryParameters(file: string): Promise<RegistryParameters> {
  const terms = parseWith(registryTermsSchema, parseJson(await readTextFile(file), file), file)
  const { schema: _, models, chainId, variant, ...rest } = terms
  const expected = variantOfChain[chainId] ?? 'ethereum'
  if (variant !== expected && variant !== 'unbound') {
    throw new InvalidInputError(`Chain ${chainId} needs the registry variant ${expected}, not ${variant}.`)
  }
  const loaded = await Promise.all(
    models.map(async ({ parameters: path, ...window }) => {
      const parameters = await loadParameterSet(resolve(dirname(file), path))
      if (parameters.chainId !== chainId) {
        throw new InvalidInputError(`${path} is for chain ${parameters.chainId}, the registry for chain ${chainId}.`)
      }
      const { from = 0, until = 0xffffffff, ...bounds } = window
      if (from >= until) throw new InvalidInputError(`The model of ${path} would end at ${until}, before it begins.`)
      const given = Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== undefined))
      const terms = { id: parameters.modelId, paramsHash: parametersHash(parameters), from, until }
      return { parameters, model: { ...terms, ...defaultChangeBounds, ...given } }
    }),
  )
  const ids = loaded.map(({ model }) => model.id)
  if (new Set(ids).size !== ids.length) throw new InvalidInputError(`Two models have one id: ${ids.join(', ')}.`)
  const [first, ...others] = loaded.map(({ parameters }) => parameters)
  if (!first) throw new InvalidInputError(`${file} names no model.`)
  return { ...rest, chainId, variant, models: loaded.map(({ model }) => model), parameters: [first, ...others] }
}
