import type { Address } from 'viem'
import { z } from 'zod'
import { address } from '../../core/schema.ts'

/** Where a key is. Files hold secrets; none is ever in the configuration itself. */
export type KeySource =
  | { readonly keystore: string; readonly passwordFile: string }
  /** File with the raw key, as orchestrators mount secrets. */
  | { readonly keyFile: string }
  /** Environment variable with the raw key, for development. */
  | { readonly env: string }
  | { readonly awsKms: AwsKmsKey }
  | { readonly gcpKms: GcpKmsKey }

/** A key of AWS KMS, of the spec ECC_SECG_P256K1 for SIGN_VERIFY. Credentials come from the environment of the SDK. */
export type AwsKmsKey = {
  readonly keyId: string
  readonly region?: string | undefined
  /** Address that the key must have. */
  readonly expect: Address
  /** URL of a private endpoint of the service. */
  readonly endpoint?: string | undefined
}

/** A key version of Google Cloud KMS, of the algorithm EC_SIGN_SECP256K1_SHA256. */
export type GcpKmsKey = {
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…` */
  readonly keyVersion: string
  /** Address that the key must have. */
  readonly expect: Address
}

const text = z.string().min(1, 'must not be empty')

/** The JSON form of {@link KeySource}. */
export const keySchema = z.union([
  z.strictObject({ keystore: text, passwordFile: text }),
  z.strictObject({ keyFile: text }),
  z.strictObject({ env: z.string().regex(/^[A-Za-z_]\w*$/, 'expected the name of a variable, never a key') }),
  z.strictObject({
    awsKms: z.strictObject({
      keyId: text,
      region: text.optional(),
      expect: address,
      endpoint: z.url().optional(),
    }),
  }),
  z.strictObject({
    gcpKms: z.strictObject({
      keyVersion: z
        .string()
        .regex(
          /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/\d+$/,
          'expected the full name of a key version',
        ),
      expect: address,
    }),
  }),
])

/** The address that a source promises; only those that live elsewhere have to. */
export function expectedAddress(source: KeySource): Address | undefined {
  if ('awsKms' in source) return source.awsKms.expect
  return 'gcpKms' in source ? source.gcpKms.expect : undefined
}
