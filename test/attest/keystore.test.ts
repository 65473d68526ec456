import { expect } from 'chai'
import { encryptKeystoreJson } from 'ethers'
import { keccak256, stringToHex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { SignerKeyError, signerFromKey, signerFromKeystore } from '../../src/attest/keystore.ts'

const privateKey = keccak256(stringToHex('keystore'))
const address = privateKeyToAddress(privateKey)
const password = 'correct horse battery staple'

function failure(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  return expect.fail('did not fail')
}

describe('keystore', () => {
  let text: string

  before(async () => {
    text = await encryptKeystoreJson({ address, privateKey }, password, { scrypt: { N: 1024, r: 8, p: 1 } })
  })

  it('opens what ethers encrypted', () => {
    expect(signerFromKeystore(text, password).address).to.equal(address)
  })

  it('opens the same with the lower-case spelling of the definition', () => {
    const { Crypto: crypto, ...rest } = JSON.parse(text)
    expect(crypto).to.be.an('object')
    expect(signerFromKeystore(JSON.stringify({ ...rest, crypto }), password).address).to.equal(address)
  })

  it('error: SignerKeyError that repeats no secret', () => {
    const wrong = failure(() => signerFromKeystore(text, 'incorrect horse'))
    const torn = failure(() => signerFromKeystore(text.slice(1), password))
    const old = failure(() => signerFromKeystore(JSON.stringify({ ...JSON.parse(text), version: 1 }), password))
    const renamed = JSON.stringify({ ...JSON.parse(text), address: '11'.repeat(20) })
    const foreign = failure(() => signerFromKeystore(renamed, password))
    const { Crypto: crypto, ...rest } = JSON.parse(text)
    const bomb = { ...rest, crypto: { ...crypto, kdfparams: { ...crypto.kdfparams, n: 2 ** 40 } } }
    const huge = failure(() => signerFromKeystore(JSON.stringify(bomb), password))
    for (const error of [wrong, torn, old, foreign, huge]) {
      expect(error).to.be.instanceOf(SignerKeyError)
      const all = `${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`
      for (const secret of [password, 'incorrect horse', privateKey.slice(2), crypto.ciphertext]) {
        expect(all).to.not.contain(secret)
      }
    }
    expect(foreign.message).to.contain(address)
  })

  it('makes a signer of a raw key and never repeats a bad one', () => {
    expect(signerFromKey(privateKey).address).to.equal(address)
    for (const bad of ['0x1234', `0x${'ff'.repeat(32)}`, `0x${'00'.repeat(32)}`] as const) {
      expect(() => signerFromKey(bad))
        .to.throw(SignerKeyError)
        .with.property('message')
        .that.does.not.contain(bad.slice(2))
    }
  })
})
