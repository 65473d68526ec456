import { expect } from 'chai'
import { AbiCoder, keccak256 as ethersKeccak } from 'ethers'
import fc from 'fast-check'
import { network } from 'hardhat'
import { keccak256, stringToHex } from 'viem'
import { witnessLeaf, witnessProof, witnessRoot } from '../../src/attest/witness.ts'
import { InvalidInputError } from '../../src/core/errors.ts'

const witnesses = ['uniswap-v3', 'aave-v3', 'lyra', 'balances', 'Ärger', 'perp-v2', 'morpho'].map((venue) => ({
  venue,
  calls: keccak256(stringToHex(`calls ${venue}`)),
  results: keccak256(stringToHex(`results ${venue}`)),
}))

describe('witness', () => {
  it('hashes a leaf twice over its ABI encoding, as ethers does', () => {
    for (const witness of witnesses) {
      const { venue, calls, results } = witness
      const encoded = AbiCoder.defaultAbiCoder().encode(['string', 'bytes32', 'bytes32'], [venue, calls, results])
      expect(witnessLeaf(witness)).to.equal(ethersKeccak(ethersKeccak(encoded)))
    }
  })

  it('does not depend on the order given, and on everything else', () => {
    const root = witnessRoot(witnesses)
    fc.assert(
      fc.property(fc.shuffledSubarray(witnesses, { minLength: witnesses.length }), (shuffled) => {
        expect(witnessRoot(shuffled)).to.equal(root)
      }),
    )
    for (const [i, witness] of witnesses.entries()) {
      for (const changed of [{ venue: 'else' }, { calls: root }, { results: root }]) {
        expect(witnessRoot(witnesses.with(i, { ...witness, ...changed }))).to.not.equal(root)
      }
      expect(witnessRoot(witnesses.toSpliced(i, 1))).to.not.equal(root)
    }
  })

  it('has proofs that OpenZeppelin accepts, for every number of venues', async () => {
    const { viem } = await network.create()
    const token = await viem.deployContract('TestToken', ['T', 18])
    const probe = await viem.deployContract('OracleProbe', [token.address, 1n, 0n, 1n])
    for (let count = 1; count <= witnesses.length; count++) {
      const some = witnesses.slice(0, count)
      for (const witness of some) {
        const proof = witnessProof(some, witness.venue)
        const root = witnessRoot(some)
        expect(await probe.read.provesLeaf([proof, root, witnessLeaf(witness)])).to.equal(true)
        const forged = { ...witness, results: root }
        expect(await probe.read.provesLeaf([proof, root, witnessLeaf(forged)])).to.equal(false)
      }
    }
  })

  it('error: InvalidInputError for none, doubles and unknown venues', () => {
    expect(() => witnessRoot([])).to.throw(InvalidInputError)
    expect(() => witnessRoot([...witnesses, ...witnesses.slice(0, 1)])).to.throw(InvalidInputError, 'uniswap-v3')
    expect(() => witnessProof(witnesses, 'nowhere')).to.throw(InvalidInputError, 'nowhere')
  })
})
