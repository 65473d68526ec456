import type { LocalAccount } from 'viem'
import { KmsError, kmsAccount } from './kmsAccount.ts'
import { loadPackage } from './loadPackage.ts'
import type { AwsKmsKey } from './source.ts'

/** Milliseconds that a request may take; a post that waits for a key is a post that is late. */
const timeout = 5000
const service = 'AWS KMS'

/**
 * An account whose key is in AWS KMS. Credentials, and the region unless it is given, come from where the AWS SDK finds them:
 * environment, profile, or the role of the machine.
 *
 * @throws {MissingPackageError} without `@aws-sdk/client-kms`.
 * @throws {SignerKeyError} when the key is another than expected.
 * @throws {KmsError} when the service refuses; the names in its answer are its own, its text is not repeated.
 */
export async function awsKmsAccount({ keyId, region, expect, endpoint }: AwsKmsKey): Promise<LocalAccount> {
  const { KMSClient, GetPublicKeyCommand, SignCommand } = await loadPackage(
    '@aws-sdk/client-kms',
    'A key in AWS KMS',
    () => import('@aws-sdk/client-kms'),
  )
  const client = new KMSClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    requestHandler: { requestTimeout: timeout, connectionTimeout: timeout, throwOnRequestTimeout: true },
  })
  const { PublicKey } = await ask('give the public key', () => client.send(new GetPublicKeyCommand({ KeyId: keyId })))
  return kmsAccount({
    service,
    publicKey: PublicKey ?? new Uint8Array(),
    expect,
    async sign(digest) {
      const command = new SignCommand({
        KeyId: keyId,
        Message: digest,
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      })
      const { Signature } = await ask('sign', () => client.send(command))
      return Signature ?? new Uint8Array()
    },
  })
}

async function ask<Answer>(what: string, run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run()
  } catch (cause) {
    const name = cause instanceof Error && /^[A-Za-z]{1,60}$/.test(cause.name) ? cause.name : 'unknown error'
    throw new KmsError(`${service} did not ${what}: ${name}.`, {
      metaMessages: ['Check key, region and credentials; the key needs kms:GetPublicKey and kms:Sign.'],
      retryable: true,
    })
  }
}
