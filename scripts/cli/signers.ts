import type { Command } from 'commander'
import type { Hex, PrivateKeyAccount } from 'viem'
import { signerFromKey, signerFromKeystore } from '../../src/attest/keystore.ts'
import type { Secrets } from '../../src/chain/secrets.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { collect } from './context.ts'
import type { Deployment } from './deployment.ts'
import { readTextFile } from './deployment.ts'
import { say } from './output.ts'

export type SignerOptions = {
  readonly keystore?: readonly string[]
  readonly passwordFile?: string
  readonly signerKeyEnv?: readonly string[]
}

export type PayerOptions = {
  readonly payerKeystore?: string
  readonly payerPasswordFile?: string
  readonly payerKeyEnv?: string
}

/** Adds the options that name who signs records. */
export function withSignerOptions(command: Command): Command {
  return command
    .option('--keystore <file>', 'V3 keystore of a signer (repeat for more signers)', collect)
    .option('--password-file <file>', 'file with the password of the keystores')
    .option('--signer-key-env <name>', 'environment variable with a raw signer key, for development', collect)
}

/** Adds the options that name who pays for transactions. */
export function withPayerOptions(command: Command): Command {
  return command
    .option('--payer-keystore <file>', 'V3 keystore of the account that pays for the transaction')
    .option('--payer-password-file <file>', 'file with its password')
    .option('--payer-key-env <name>', 'environment variable with a raw payer key, for development')
}

/**
 * The signers that the options name; on a development chain its well-known signer by default.
 *
 * @throws {InvalidInputError} when there is none.
 */
export async function loadSigners(
  options: SignerOptions,
  deployment: Deployment,
): Promise<readonly PrivateKeyAccount[]> {
  const { keystore = [], passwordFile, signerKeyEnv = [] } = options
  const stored = await Promise.all(keystore.map((file) => fromKeystore(file, passwordFile, '--password-file')))
  const signers = [...stored, ...signerKeyEnv.map(fromEnvironment)]
  if (signers.length > 0) return signers
  return [developmentKey(deployment.developmentKeys?.signer, '--keystore')]
}

/**
 * The account that pays; on a development chain its well-known payer by default.
 *
 * @throws {InvalidInputError} when there is none.
 */
export async function loadPayer(
  options: PayerOptions,
  deployment: Pick<Deployment, 'developmentKeys'>,
): Promise<PrivateKeyAccount> {
  const { payerKeystore, payerPasswordFile, payerKeyEnv } = options
  if (payerKeystore !== undefined) return fromKeystore(payerKeystore, payerPasswordFile, '--payer-password-file')
  if (payerKeyEnv !== undefined) return fromEnvironment(payerKeyEnv)
  return developmentKey(deployment.developmentKeys?.payer, '--payer-keystore')
}

/** What of the keys that the options name stands in the environment, and nothing may show. */
export function secretsOfKeys({ signerKeyEnv = [], payerKeyEnv }: SignerOptions & PayerOptions): Secrets {
  const names = [...signerKeyEnv, ...(payerKeyEnv === undefined ? [] : [payerKeyEnv]), 'PLIMSOLL_PASSWORD']
  return names.map((name) => (process.env[name] ?? '').trim().replace(/^0x/, '')).filter((text) => text !== '')
}

async function fromKeystore(
  file: string,
  passwordFile: string | undefined,
  option: string,
): Promise<PrivateKeyAccount> {
  const password =
    passwordFile === undefined
      ? process.env.PLIMSOLL_PASSWORD
      : (await readTextFile(passwordFile)).replace(/\r?\n$/, '')
  if (password === undefined) {
    throw new InvalidInputError(`Keystore ${file} needs a password.`, {
      metaMessages: [`Give ${option}, or set PLIMSOLL_PASSWORD.`],
    })
  }
  return signerFromKeystore(await readTextFile(file), password)
}

function fromEnvironment(name: string): PrivateKeyAccount {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new InvalidInputError('The option for a key takes the name of an environment variable, not a key.')
  }
  const key = process.env[name]
  if (key === undefined) throw new InvalidInputError(`The environment has no ${name}.`)
  say(`Warning: using a raw key from ${name}; keep keys in a keystore outside development.`)
  return signerFromKey(key.trim() as Hex)
}

function developmentKey(key: Hex | undefined, option: string): PrivateKeyAccount {
  if (key === undefined) throw new InvalidInputError('No key is given.', { metaMessages: [`Give ${option} <file>.`] })
  say('Warning: using the well-known key of the development chain.')
  return signerFromKey(key)
}
