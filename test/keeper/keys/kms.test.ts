import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Signature, Transaction, verifyTypedData } from 'ethers'
import fc from 'fast-check'
import * as OxSignature from 'ox/Signature'
import { type Address, bytesToHex, type Hex, hexToBytes, keccak256, type LocalAccount, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { SignerKeyError } from '../../../src/attest/keystore.ts'
import { awsKmsAccount } from '../../../src/keeper/keys/awsKms.ts'
import { gcpKmsAccount } from '../../../src/keeper/keys/gcpKms.ts'
import { KmsError, kmsAccount } from '../../../src/keeper/keys/kmsAccount.ts'
import { rejection, thrown } from '../../support/rejection.ts'
import { fakeKey, startFakeAwsKms, startFakeGcpKms } from '../support/fakeKms.ts'

const privateKey = keccak256(stringToHex('kms'))
const local = privateKeyToAccount(privateKey)
const key = fakeKey(privateKey)
const other = privateKeyToAccount(keccak256(stringToHex('other')))
const keyVersion = 'projects/p/locations/global/keyRings/r/cryptoKeys/attestor/cryptoKeyVersions/1'
const credentials = {
  AWS_ACCESS_KEY_ID: 'AKIAFAKE',
  AWS_SECRET_ACCESS_KEY: 'f00dfacef00dface',
  AWS_REGION: 'eu-west-1',
}

const typedData = {
  domain: { name: 'Plimsoll', version: '1', chainId: 1, verifyingContract: local.address },
  types: { Note: [{ name: 'text', type: 'string' }] },
  primaryType: 'Note',
  message: { text: 'hello' },
} as const
const transaction = {
  type: 'eip1559',
  chainId: 1,
  nonce: 7,
  gas: 60_000n,
  to: other.address,
  value: 0n,
  maxFeePerGas: 2_000_000_000n,
  maxPriorityFeePerGas: 1n,
  data: '0x1234',
} as const

/** What a local account over the same key does: ethers, the second client, must take all of it. */
async function expectToSign(account: LocalAccount): Promise<void> {
  expect([account.address, account.publicKey]).to.deep.equal([local.address, local.publicKey])
  const { domain, types, message } = typedData
  const mutable = { Note: [...types.Note] }
  for (let repeat = 0; repeat < 2; repeat++) {
    const signed = await account.signTypedData(typedData)
    expect(verifyTypedData(domain, mutable, message, signed)).to.equal(local.address)
    expect(signed).to.equal(await local.signTypedData(typedData))
    const raw = await account.signTransaction(transaction)
    expect(raw).to.equal(await local.signTransaction(transaction))
    expect(Transaction.from(raw).from).to.equal(local.address)
  }
}

describe('keys in a KMS', () => {
  it('attestation.md 17: signs through the AWS SDK as a local key does, whatever s and parity the service returns', async () => {
    const kms = await startFakeAwsKms({ attestor: key })
    const before = { ...process.env }
    Object.assign(process.env, credentials)
    try {
      const at = { endpoint: kms.endpoint, expect: local.address }
      await expectToSign(await awsKmsAccount({ keyId: 'attestor', region: 'eu-west-1', ...at }))
      // The region of the environment.
      await expectToSign(await awsKmsAccount({ keyId: 'attestor', ...at }))
      const unknown = await rejection(awsKmsAccount({ keyId: 'nobody', ...at }), KmsError)
      expect(unknown.message).to.contain('did not give the public key: NotFoundException')
      expect(`${unknown.message}${JSON.stringify(unknown)}`).not.to.match(/0123456789|f00d|127\.0\.0\.1/)
      expect(unknown.retryable).to.equal(true)
      const foreign = await rejection(
        awsKmsAccount({ keyId: 'attestor', ...at, expect: other.address }),
        SignerKeyError,
      )
      expect(foreign.message).to.contain(`${local.address}, not ${other.address}`)
    } finally {
      process.env = before
      await kms.stop()
    }
  }).timeout(20_000)

  it('attestation.md 17: signs through the client of Google as a local key does', async () => {
    const kms = await startFakeGcpKms({ [keyVersion]: key })
    try {
      await expectToSign(await gcpKmsAccount({ keyVersion, expect: local.address }, kms.client))
      const name = keyVersion.replace('attestor', 'nobody')
      const unknown = await rejection(gcpKmsAccount({ keyVersion: name, expect: local.address }, kms.client), KmsError)
      expect(unknown.message).to.match(/^Google Cloud KMS did not give the public key: code \d+\./)
      expect(unknown.message).not.to.contain('127.0.0.1')
      await rejection(gcpKmsAccount({ keyVersion, expect: other.address }, kms.client), SignerKeyError)
    } finally {
      await kms.stop()
    }
  }).timeout(20_000)

  it('says which package to install when the optional one is not there', () => {
    const program = `
      import { registerHooks } from 'node:module'
      registerHooks({ resolve(specifier, context, next) {
        if (!/client-kms|google-cloud/.test(specifier)) return next(specifier, context)
        throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      } })
      const { openKey } = await import('./src/keeper/keys/openKeys.ts')
      const expect = '${local.address}'
      for (const source of [{ awsKms: { keyId: 'a', expect } }, { gcpKms: { keyVersion: '${keyVersion}', expect } }]) {
        await openKey(source, { env: {}, warn() {} }).catch((error) => console.log(error.name + ': ' + error.message))
      }`
    const cwd = fileURLToPath(new URL('../../../', import.meta.url))
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd, encoding: 'utf8' })
    expect(stdout.match(/MissingPackageError: .*\n.*/g)).to.deep.equal([
      'MissingPackageError: A key in AWS KMS needs the package @aws-sdk/client-kms, which is not installed.\nInstall it beside plimsoll: npm install @aws-sdk/client-kms',
      'MissingPackageError: A key in Google Cloud KMS needs the package @google-cloud/kms, which is not installed.\nInstall it beside plimsoll: npm install @google-cloud/kms',
    ])
  }).timeout(20_000)
})

describe('kmsAccount', () => {
  const open = (
    change: { publicKey?: Uint8Array; sign?: (digest: Uint8Array) => Uint8Array; expect?: Address } = {},
  ) => {
    const { publicKey = key.publicKey, sign = key.sign, expect: address = local.address } = change
    return kmsAccount({ service: 'a KMS', publicKey, expect: address, sign: async (digest) => sign(digest) })
  }
  const signWith = (sign: (digest: Uint8Array) => Uint8Array, hash: Hex = keccak256('0x01')) =>
    open({ sign }).sign?.({ hash }) ?? expect.fail('cannot sign')

  it('gives low s and the right parity for high and low s and both parities', async () => {
    const seen = new Map<string, number>()
    for (let index = 0; index < 64; index++) {
      const hash = keccak256(stringToHex(`${index}`))
      let wasHigh = false
      const signature = Signature.from(
        await signWith((digest) => {
          const der = key.sign(digest)
          const { s } = OxSignature.fromDerBytes(der)
          wasHigh = s >= 2n ** 255n
          return der
        }, hash),
      )
      expect(signature.serialized).to.equal(await local.sign({ hash }))
      const kind = `${wasHigh ? 'high' : 'low'} ${signature.yParity}`
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
    }
    expect([...seen.keys()].sort()).to.deep.equal(['high 0', 'high 1', 'low 0', 'low 1'])
  })

  it('refuses a key of another address, of another curve, or in another form', async () => {
    expect((await thrown(() => open({ expect: other.address }), SignerKeyError)).message).to.contain('not')
    const der = bytesToHex(key.publicKey)
    const forms = {
      'P-256': der.replace('06052b8104000a', '06082a8648ce3d030107'),
      compressed: der.replace('034200 04'.replace(' ', ''), '03420002'),
      short: der.slice(0, -2),
      long: `${der}00`,
      'wrapped in another sequence': der.replace('0x3056', '0x3057'),
      none: '0x',
    }
    for (const [name, form] of Object.entries(forms)) {
      const error = await thrown(() => open({ publicKey: hexToBytes(form as Hex) }), SignerKeyError)
      expect(error.message, name).to.contain('no public key on secp256k1')
    }
  })

  it('refuses a signature of another key, of another digest, and what is none', async () => {
    const foreign = fakeKey(keccak256(stringToHex('other')))
    const error = await rejection(signWith(foreign.sign), KmsError)
    expect(error.message).to.contain(`no signature of ${local.address}`)
    await rejection(
      signWith(() => key.sign(hexToBytes(keccak256('0x02')))),
      KmsError,
    )
    await rejection(
      signWith(() => new Uint8Array()),
      KmsError,
    )
  })

  it('law: a signature with a byte changed, added or taken away never comes through', async () => {
    const hash = keccak256('0x01')
    await fc.assert(
      fc.asyncProperty(
        fc.nat(71),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('change', 'add', 'cut'),
        async (place, by, how) => {
          const der = key.sign(hexToBytes(hash))
          const at = place % der.length
          const broken =
            how === 'change'
              ? der.map((byte, index) => (index === at ? byte ^ by : byte))
              : how === 'add'
                ? Uint8Array.from([...der.slice(0, at), by, ...der.slice(at)])
                : Uint8Array.from([...der.slice(0, at), ...der.slice(at + 1)])
          await rejection(
            signWith(() => broken, hash),
            KmsError,
          )
        },
      ),
      { numRuns: 200 },
    )
  }).timeout(20_000)
})
