import type { LocalAccount } from 'viem'
import { KmsError, kmsAccount } from './kmsAccount.ts'
import { loadPackage } from './loadPackage.ts'
import type { GcpKmsKey } from './source.ts'

type CallOptions = { readonly timeout: number }

/** What is asked of Google's client. */
export interface GcpKmsClient {
  getPublicKey(
    request: { readonly name: string },
    options: CallOptions,
  ): Promise<readonly [{ readonly pem?: string | null }, ...unknown[]]>
  asymmetricSign(
    request: { readonly name: string; readonly digest: { readonly sha256: Uint8Array } },
    options: CallOptions,
  ): Promise<readonly [{ readonly signature?: Uint8Array | string | null }, ...unknown[]]>
}

/** Milliseconds that a request may take, with what the client tries again. */
const options = { timeout: 5000 }
const service = 'Google Cloud KMS'

/**
 * An account whose key is in Google Cloud KMS. Credentials come from where Google's client finds them: workload identity, or the
 * file that GOOGLE_APPLICATION_CREDENTIALS names.
 *
 * The checksums that the service adds to its answers are not looked at: what does not recover the address is refused anyway.
 *
 * @param client - Google's own client by default.
 * @throws {MissingPackageError} without `@google-cloud/kms`.
 * @throws {SignerKeyError} when the key is another than expected.
 * @throws {KmsError} when the service refuses.
 */
export async function gcpKmsAccount({ keyVersion, expect }: GcpKmsKey, client?: GcpKmsClient): Promise<LocalAccount> {
  const kms = client ?? (await openClient())
  const [{ pem }] = await ask('give the public key', () => kms.getPublicKey({ name: keyVersion }, options))
  return kmsAccount({
    service,
    publicKey: parsePem(pem ?? ''),
    expect,
    async sign(digest) {
      // The service takes any 32 bytes under this name.
      const request = { name: keyVersion, digest: { sha256: digest } }
      const [{ signature }] = await ask('sign', () => kms.asymmetricSign(request, options))
      return typeof signature === 'string' ? Buffer.from(signature, 'base64') : (signature ?? new Uint8Array())
    },
  })
}

async function openClient(): Promise<GcpKmsClient> {
  const { KeyManagementServiceClient } = await loadPackage(
    '@google-cloud/kms',
    'A key in Google Cloud KMS',
    () => import('@google-cloud/kms'),
  )
  return new KeyManagementServiceClient()
}

function parsePem(pem: string): Uint8Array {
  const [, body] =
    /^-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n-----END PUBLIC KEY-----\s*$/.exec(pem) ?? []
  return Buffer.from(body ?? '', 'base64')
}

async function ask<Answer>(what: string, run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run()
  } catch (cause) {
    const code = (cause as { readonly code?: unknown } | null)?.code
    throw new KmsError(`${service} did not ${what}: code ${typeof code === 'number' ? code : 'unknown'}.`, {
      metaMessages: [
        'Check the name of the key version and the credentials; they need roles/cloudkms.signerVerifier and the public key.',
      ],
      retryable: true,
    })
  }
}
