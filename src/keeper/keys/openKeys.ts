import { readFile } from 'node:fs/promises'
import { type Hex, isAddressEqual, type LocalAccount } from 'viem'
import { SignerKeyError, signerFromKey, signerFromKeystore } from '../../attest/keystore.ts'
import type { KeeperConfig } from '../config.ts'
import type { Environment } from '../configFile.ts'
import { awsKmsAccount } from './awsKms.ts'
import { gcpKmsAccount } from './gcpKms.ts'
import type { KeySource } from './source.ts'

/** Where keys come from besides their files, and who is told of a bad habit. */
export type KeyOptions = { readonly env: Environment; readonly warn: (text: string) => void }

/** The two roles of a keeper. */
export type KeeperKeys = { readonly signers: readonly LocalAccount[]; readonly payer: LocalAccount | undefined }

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
  const signers = await Promise.all(sources.map((each) => openKey(each, options)))
  const payer = source && (await openKey(source, options))
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
  return { signers, payer }
}

/**
 * Opens one key.
 *
 * @throws {SignerKeyError | KmsError | MissingPackageError} without repeating anything that is secret.
 */
export async function openKey(source: KeySource, { env, warn }: KeyOptions): Promise<LocalAccount> {
  if ('awsKms' in source) return awsKmsAccount(source.awsKms)
  if ('gcpKms' in source) return gcpKmsAccount(source.gcpKms)
  if ('keystore' in source) {
    const password = (await readSecret(source.passwordFile)).replace(/\r?\n$/, '')
    return signerFromKeystore(await readSecret(source.keystore), password)
  }
  if ('keyFile' in source) return signerFromKey(toKey(await readSecret(source.keyFile)))
  const key = env[source.env]
  if (key === undefined) {
    throw new SignerKeyError(`The environment has no ${source.env}.`, {
      metaMessages: ['Set it, or keep the key in a keystore: `plimsoll keys import`.'],
    })
  }
  warn(`Warning: using a raw key from ${source.env}; keep keys in a keystore or a KMS outside development.`)
  return signerFromKey(toKey(key))
}

/** Keys are written with and without 0x. */
function toKey(text: string): Hex {
  const digits = text.trim()
  return digits.startsWith('0x') ? (digits as Hex) : `0x${digits}`
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
