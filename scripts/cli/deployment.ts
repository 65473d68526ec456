import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Address, Hex } from 'viem'
import { z } from 'zod'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type MarginParameters, parseParameters } from '../../src/core/parameters.ts'
import { address, bytes32, hideValue, parseJson, parseWith } from '../../src/core/schema.ts'

/** Where `plimsoll devnet` writes and every other command reads by default. */
export const defaultDeploymentFile = '.plimsoll/devnet.json'

/** The JSON form of a deployment file. */
export const deploymentSchema = z.strictObject({
  schema: z.literal('plimsoll-deployment/1'),
  chainId: z.int().positive(),
  rpcUrl: z.url(),
  registry: address,
  /** Guards the registry. */
  accessManager: address.optional(),
  creditLine: address.optional(),
  /** Named accounts, usable in place of their address. */
  accounts: z.record(z.string(), address),
  /** Keys of a development chain; never of any other. */
  developmentKeys: z.strictObject({ signer: bytes32, payer: bytes32 }).optional(),
  /** Addresses of the protocols, for reference. */
  protocols: z.unknown().optional(),
  parameters: z.unknown(),
})

/** What commands need to know of a deployment. */
export type Deployment = {
  readonly chainId: number
  readonly rpcUrl: string
  readonly registry: Address
  readonly accessManager?: Address | undefined
  readonly accounts: Readonly<Record<string, Address>>
  readonly developmentKeys?: { readonly signer: Hex; readonly payer: Hex } | undefined
  readonly parameters: MarginParameters
}

/** A deployment file as JSON. */
export type DeploymentFile = z.input<typeof deploymentSchema>

/**
 * Reads a deployment file.
 *
 * @throws {InvalidInputError} when it is missing or not valid.
 */
export async function loadDeployment(file: string): Promise<Deployment> {
  const content = parseWith(deploymentSchema, parseJson(await readTextFile(file), file), file, hideValue)
  return { ...content, parameters: parseParameters(content.parameters) }
}

/**
 * The addresses of the protocols in a deployment file, which only a devnet's has.
 *
 * @throws {InvalidInputError} when it is missing or not valid.
 */
export async function readDevnetAddresses(file: string): Promise<unknown> {
  return parseWith(deploymentSchema, parseJson(await readTextFile(file), file), file, hideValue).protocols
}

/**
 * Reads a text file.
 *
 * @throws {InvalidInputError} naming the file when it cannot be read.
 */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new InvalidInputError(`Cannot read ${file}: ${(cause as NodeJS.ErrnoException).code ?? 'error'}.`, {
      metaMessages:
        file === defaultDeploymentFile
          ? [
              'Start a development chain with `plimsoll devnet`, or name a deployment with --deployment.',
              'An account of a public network is read without one where --rpc names a node of it.',
            ]
          : ['Check the path.'],
      cause,
    })
  }
}

/**
 * Writes a text file, and the directory that it lies in.
 *
 * @throws {InvalidInputError} naming the file when it cannot be written.
 */
export async function writeTextFile(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  } catch (cause) {
    throw new InvalidInputError(`Cannot write ${file}: ${(cause as NodeJS.ErrnoException).code ?? 'error'}.`, {
      metaMessages: ['Check the path and that it may be written.'],
      cause,
    })
  }
}
