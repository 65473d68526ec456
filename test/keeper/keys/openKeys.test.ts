import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { encryptKeystoreJson } from 'ethers'
import { keccak256, stringToHex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { SignerKeyError } from '../../../src/attest/keystore.ts'
import { openKeys } from '../../../src/keeper/keys/openKeys.ts'
import { createKeeperLog } from '../../../src/keeper/observe/log.ts'
import { rejection } from '../../support/rejection.ts'

const attestorKey = keccak256(stringToHex('attestor'))
const payerKey = keccak256(stringToHex('payer'))
const password = 'correct horse'

describe('openKeys', () => {
  let directory: string
  const file = (name: string) => join(directory, name)
  const warnings: string[] = []
  const options = {
    env: { PAYER_KEY: payerKey, TORN: payerKey.slice(0, 40) },
    warn: (text: string) => warnings.push(text),
  }
  const open = (signers: Parameters<typeof openKeys>[0]['signers'], payer?: (typeof signers)[number]) =>
    openKeys(payer === undefined ? { signers } : { signers, payer }, options)

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plimsoll-keys-'))
    const address = privateKeyToAddress(attestorKey)
    const scrypt = { N: 1024, r: 8, p: 1 }
    await writeFile(
      file('attestor.json'),
      await encryptKeystoreJson({ address, privateKey: attestorKey }, password, { scrypt }),
    )
    await writeFile(file('password'), `${password}\n`)
    await writeFile(file('raw'), `${payerKey.slice(2)}\n`)
  })
  after(() => rm(directory, { recursive: true }))
  beforeEach(() => warnings.splice(0))

  const keystore = () => ({ keystore: file('attestor.json'), passwordFile: file('password') })

  it('opens a keystore and a key file in silence, and warns of a key in the environment', async () => {
    const { signers, payer } = await open([keystore()], { keyFile: file('raw') })
    expect(signers.map(({ address }) => address)).to.deep.equal([privateKeyToAddress(attestorKey)])
    expect(payer?.address).to.equal(privateKeyToAddress(payerKey))
    expect(warnings).to.deep.equal([])
    expect((await open([{ env: 'PAYER_KEY' }])).payer).to.equal(undefined)
    expect(warnings.join()).to.match(/^Warning: using a raw key from PAYER_KEY/)
  })

  it('refuses a payer that signs, and one signer twice, however they are named', async () => {
    const payer = { keyFile: file('raw') }
    expect((await rejection(open([{ env: 'PAYER_KEY' }], payer), SignerKeyError)).message).to.contain(
      'is a signer, too',
    )
    expect((await rejection(open([{ env: 'PAYER_KEY' }, payer]), SignerKeyError)).message).to.contain('Two signers')
  })

  it('tells what a log must hide: raw keys, which look like hashes there, and passwords', async () => {
    const { secrets } = await open([keystore()], { keyFile: file('raw') })
    expect(secrets).to.deep.equal([password, payerKey.slice(2)])
    expect((await open([{ env: 'PAYER_KEY' }])).secrets).to.deep.equal([payerKey.slice(2)])
    const lines: string[] = []
    const log = createKeeperLog({ secrets, destination: { write: (line) => void lines.push(line) } })
    log.say('error', { event: 'failure', message: `no ${payerKey} nor ${payerKey.slice(2)} nor ${password}` })
    expect(lines.join()).to.contain('failure')
    for (const secret of [payerKey.slice(2), password]) expect(lines.join()).not.to.contain(secret)
  })

  it('repeats nothing secret in an error', async () => {
    await writeFile(file('wrong'), 'hushhush')
    const errors = [
      await rejection(open([{ ...keystore(), passwordFile: file('wrong') }]), SignerKeyError),
      await rejection(open([{ env: 'TORN' }]), SignerKeyError),
      await rejection(open([{ keyFile: file('wrong') }]), SignerKeyError),
      await rejection(open([{ env: 'NOWHERE' }]), SignerKeyError),
      await rejection(open([{ keyFile: file('nowhere') }]), SignerKeyError),
    ]
    for (const error of errors) {
      const all = `${error.message} ${error.stack} ${JSON.stringify(error)}`
      for (const secret of ['hushhush', password, payerKey.slice(2, 40)]) expect(all).not.to.contain(secret)
    }
  })
})
