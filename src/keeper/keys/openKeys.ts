import { readFile } from 'node:fs/promises'
import { isAddressEqual, type LocalAccount } from 'viem'
import { SignerKeyError, signerFromKey, signerFromKeystore } from '../../attest/keystore.ts'
import type { Secrets } from '../../chain/secrets.ts'
import type { KeeperConfig } from '../config/config.ts'
import type { Environment } from '../config/file.ts'
import { awsKmsAccount } from './awsKms.ts'
import { gcpKmsAccount } from './gcpKms.ts'
import type { KeySource } from './source.ts'

/** Where keys come from besides their files, and who is told of a bad habit. */
export type KeyOptions = { readonly env: Environment; readonly warn: (text: string) => void }

/** The two roles of a keeper, and what of them nothing may show: a raw key looks like a hash, which a log would let pass. */
export type KeeperKeys = {
  readonly signers: readonly LocalAccount[]
  readonly payer: LocalAccount | undefined
  readonly secrets: Secrets
}

type Opened = { readonly account: LocalAccount; readonly secrets: Secrets }

/**
 * Opens all keys of a configuration.
 *
 * @throws {SignerKeyError} when one cannot be had, two signers are one, or the payer signs too.
 * @throws {KmsError | MissingPackageError} of keys in a KMS.
 */
export async function openKeys(
  { signers: sources, payer: source }: Pick<KeeperConfig, 'signers' | 'payer'>,
  options: KeyOptions,
): Promise<KeeperKeys> {
  const opened = await Promise.all(sources.map((each) => open(each, options)))
  const paying = source && (await open(source, options))
  const signers = opened.map(({ account }) => account)
  const payer = paying?.account
  for (const [index, { address }] of signers.entries()) {
    if (signers.slice(0, index).some((other) => isAddressEqual(other.address, address))) {
      throw new SignerKeyError(`Two signers have the key of ${address}.`, {
        metaMessages: ['Each signature counts once; name every key once.'],
      })
    }
    if (payer && isAddressEqual(payer.address, address)) {
      throw new SignerKeyError(`The payer ${address} is a signer, too.`, {
        metaMessages: ['Pay with a key of its own: the payer sends all day, and must not be able to sign a margin.'],
      })
    }
  }
  return { signers, payer, secrets: [...opened, ...(paying ? [paying] : [])].flatMap(({ secrets }) => secrets) }
}

/**
 * Opens one key.
 *
 * @throws {SignerKeyError | KmsError | MissingPackageError} without repeating anything that is secret.
 */
export async function openKey(source: KeySource, options: KeyOptions): Promise<LocalAccount> {
  return (await open(source, options)).account
}

async function open(source: KeySource, { env, warn }: KeyOptions): Promise<Opened> {
  if ('awsKms' in source) return { account: await awsKmsAccount(source.awsKms), secrets: [] }
  if ('gcpKms' in source) return { account: await gcpKmsAccount(source.gcpKms), secrets: [] }
  if ('keystore' in source) {
    const password = (await readSecret(source.passwordFile)).replace(/\r?\n$/, '')
    const account = signerFromKeystore(await readSecret(source.keystore), password)
    return { account, secrets: [password].filter((text) => text !== '') }
  }
  if ('keyFile' in source) return fromRawKey(await readSecret(source.keyFile))
  const key = env[source.env]
  if (key === undefined) {
    throw new SignerKeyError(`The environment has no ${source.env}.`, {
      metaMessages: ['Set it, or keep the key in a keystore: `plimsoll keys import`.'],
    })
  }
  warn(`Warning: using a raw key from ${source.env}; keep keys in a keystore or a KMS outside development.`)
  return fromRawKey(key)
}

/** Keys are written with and without 0x. */
function fromRawKey(text: string): Opened {
  const digits = text.trim().replace(/^0x/, '')
  return { account: signerFromKey(`0x${digits}`), secrets: [digits] }
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new SignerKeyError(`Cannot read ${file}: ${(cause as NodeJS.ErrnoException).code ?? 'error'}.`, {
      metaMessages: ['Check the path and who may read it.'],
      cause,
    })
  }
}
