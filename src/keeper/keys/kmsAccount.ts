import * as Signature from 'ox/Signature'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hashMessage,
  hashTypedData,
  hexToBytes,
  isAddressEqual,
  keccak256,
  type LocalAccount,
  recoverAddress,
  serializeSignature,
  serializeTransaction,
} from 'viem'
import { publicKeyToAddress, toAccount } from 'viem/accounts'
import { SignerKeyError } from '../../attest/keystore.ts'
import { BaseError } from '../../core/errors.ts'

/** A KMS did not do what it was asked, or answered with something that is no signature of its key. */
export class KmsError extends BaseError {
  override readonly name = 'KmsError'
}

/** A key that never leaves its service. */
export type KmsKey = {
  /** What the service is called in errors. */
  readonly service: string
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** Address that the key must have. */
  readonly expect: Address
  /** Signs 32 bytes; DER of the ECDSA signature. */
  readonly sign: (digest: Uint8Array) => Promise<Uint8Array>
}

/** An uncompressed point on secp256k1 as SubjectPublicKeyInfo (RFC 5480): all but the 64 bytes of the point is fixed. */
const publicKeyHeader = '0x3056301006072a8648ce3d020106052b8104000a03420004'
const publicKeySize = 88

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/**
 * A viem account over a key in a KMS.
 *
 * @throws {SignerKeyError} when the key is not on secp256k1 or does not have the expected address.
 */
export function kmsAccount({ service, publicKey: der, expect, sign: ask }: KmsKey): LocalAccount {
  const publicKey = parsePublicKey(der, service)
  const address = publicKeyToAddress(publicKey)
  if (!isAddressEqual(address, expect)) {
    throw new SignerKeyError(`The key in ${service} has the address ${address}, not ${expect}.`, {
      metaMessages: ['Name the right key, or correct `expect` after you checked whose key it is.'],
    })
  }

  const sign = async (hash: Hash) => toSignature(await ask(hexToBytes(hash)), { hash, address, service })
  const account = toAccount({
    address,
    sign: async ({ hash }) => serializeSignature(await sign(hash)),
    signMessage: async ({ message }) => serializeSignature(await sign(hashMessage(message))),
    signTypedData: async (typedData) => serializeSignature(await sign(hashTypedData(typedData))),
    async signTransaction(transaction, { serializer = serializeTransaction } = {}) {
      const signature = await sign(keccak256(await serializer(transaction)))
      return serializer(transaction, signature)
    },
  })
  return { ...account, publicKey }
}

function parsePublicKey(der: Uint8Array, service: string): Hex {
  const hex = bytesToHex(der)
  if (der.length === publicKeySize && hex.startsWith(publicKeyHeader)) {
    return `0x04${hex.slice(publicKeyHeader.length)}`
  }
  throw new SignerKeyError(`The key in ${service} is no public key on secp256k1.`, {
    metaMessages: ['Make one for signing on that curve: ECC_SECG_P256K1 at AWS, EC_SIGN_SECP256K1_SHA256 at Google.'],
  })
}

/**
 * An Ethereum signature from what a KMS returns, which knows neither the rule of low s nor the parity of y: s is made low, and
 * the parity is the one that leads back to the address.
 */
async function toSignature(
  der: Uint8Array,
  { hash, address, service }: { readonly hash: Hash; readonly address: Address; readonly service: string },
) {
  const { r, s } = parseSignature(der, service)
  const lowS = s > order / 2n ? order - s : s
  const half = { r: toHex32(r), s: toHex32(lowS) }
  for (const yParity of [0, 1]) {
    const signature = { ...half, yParity }
    const found = await recoverAddress({ hash, signature }).catch(() => undefined)
    if (found && isAddressEqual(found, address)) return signature
  }
  throw new KmsError(`What ${service} returned is no signature of ${address}.`, {
    metaMessages: ['Nothing was signed. Look whether something stands between this process and the service.'],
  })
}

/** The parser is strict: one encoding a signature, nothing before or behind it. */
function parseSignature(der: Uint8Array, service: string): { readonly r: bigint; readonly s: bigint } {
  try {
    return Signature.fromDerBytes(der)
  } catch {
    throw new KmsError(`What ${service} returned is not the DER of an ECDSA signature.`, {
      metaMessages: ['Nothing was signed. Look whether something stands between this process and the service.'],
    })
  }
}

function toHex32(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}
