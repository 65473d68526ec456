import * as Bytes from 'ox/Bytes'
import * as Keystore from 'ox/Keystore'
import { type Address, getAddress, type Hex, type PrivateKeyAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { z } from 'zod'
import { BaseError } from '../core/errors.ts'

/** A signing key could not be had. The message never repeats key, password or file content. */
export class SignerKeyError extends BaseError {
  override readonly name = 'SignerKeyError'
}

const hex = z.string().regex(/^(0x)?([0-9a-fA-F]{2})+$/)
const plainHex = hex.transform((text) => text.replace(/^0x/, ''))
const derivation = z.discriminatedUnion('kdf', [
  z.object({
    kdf: z.literal('scrypt'),
    kdfparams: z.object({
      dklen: z.literal(32),
      n: z
        .int()
        .positive()
        .max(2 ** 22),
      p: z.int().positive().max(16),
      r: z.int().positive().max(64),
      salt: plainHex,
    }),
  }),
  z.object({
    kdf: z.literal('pbkdf2'),
    kdfparams: z.object({
      c: z.int().positive().max(10_000_000),
      dklen: z.literal(32),
      prf: z.literal('hmac-sha256'),
      salt: plainHex,
    }),
  }),
])
const cipher = z.object({
  cipher: z.literal('aes-128-ctr'),
  cipherparams: z.object({ iv: plainHex }),
  ciphertext: plainHex,
  mac: plainHex,
})
const keystoreSchema = z.object({
  version: z.literal(3),
  id: z.string().default(''),
  address: plainHex.optional(),
  crypto: cipher.and(derivation),
})

/**
 * A signer from a private key, for development. Keys that matter belong in a keystore.
 *
 * @throws {SignerKeyError} when it is no private key.
 */
export function signerFromKey(privateKey: Hex): PrivateKeyAccount {
  try {
    return privateKeyToAccount(privateKey)
  } catch {
    throw new SignerKeyError('The text is not a private key.', {
      metaMessages: ['Give 32 bytes as 0x and 64 hex digits, not zero and below the order of the curve.'],
    })
  }
}

/**
 * A signer from the text of an encrypted keystore (Web3 Secret Storage version 3).
 *
 * @throws {SignerKeyError} when the text is no such keystore, the password does not open it, or it names another address
 * than the key in it has.
 */
export function signerFromKeystore(text: string, password: string): PrivateKeyAccount {
  const { address, ...keystore } = parseKeystore(text)
  const signer = signerFromKey(decrypt(keystore, password))
  if (address !== undefined && signer.address.toLowerCase() !== `0x${address.toLowerCase()}`) {
    throw new SignerKeyError(`The keystore names 0x${address} but holds the key of ${signer.address}.`, {
      metaMessages: ['Use the keystore file as the wallet wrote it.'],
    })
  }
  return signer
}

function parseKeystore(text: string) {
  const parsed = keystoreSchema.safeParse(lowerCaseCrypto(text))
  if (parsed.success) return parsed.data
  throw new SignerKeyError('The text is not a version 3 keystore.', {
    metaMessages: parsed.error.issues.map(
      ({ path }) => `${path.map(String).join('.') || '(top)'} is not as it must be`,
    ),
  })
}

/** Some wallets write `Crypto` where the definition says `crypto`. */
function lowerCaseCrypto(text: string): unknown {
  try {
    const { Crypto: capital, ...rest } = JSON.parse(text)
    return capital === undefined ? rest : { ...rest, crypto: capital }
  } catch {
    return undefined
  }
}

function decrypt(keystore: Keystore.Keystore, password: string): Hex {
  try {
    // ox's toKeyAsync ignores the scrypt parameters r and p of the file.
    return Keystore.decrypt(keystore, Keystore.toKey(keystore, { password }))
  } catch {
    throw new SignerKeyError('The keystore does not open with this password.', {
      metaMessages: ['Check the password and that the file is whole.'],
    })
  }
}

/**
 * The text of an encrypted keystore for a private key, as geth and Foundry write it: scrypt with n = 2^18, r = 8, p = 1, the
 * address in lower case without 0x.
 *
 * @throws {SignerKeyError} when it is no private key, or the password is empty.
 */
export function createKeystore(privateKey: Hex, password: string): string {
  const { address } = signerFromKey(privateKey)
  if (password === '') {
    throw new SignerKeyError('The password is empty.', {
      metaMessages: ['Whoever copies the file would have the key.'],
    })
  }
  const iv = Bytes.random(16)
  const [key, derivation] = Keystore.scrypt({ password, iv, n: 2 ** 18, r: 8, p: 1 })
  const keystore = Keystore.encrypt(privateKey, key, derivation)
  return `${JSON.stringify({ address: address.slice(2).toLowerCase(), ...keystore }, null, 2)}\n`
}

/** The address that a keystore names, without opening it; some wallets write none. */
export function addressInKeystore(text: string): Address | undefined {
  const { address } = parseKeystore(text)
  return address === undefined ? undefined : getAddress(`0x${address.replace(/^0x/, '')}`)
}
