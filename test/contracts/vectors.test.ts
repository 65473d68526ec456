import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { TypedDataEncoder } from 'ethers'
import { network } from 'hardhat'
import { type Address, type Hex, keccak256, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { toModel } from '../../scripts/deployment/plan.ts'
import { attestationDigest } from '../../src/attest/digest.ts'
import { decodeAttestation, encodeAttestation, type MarginRecord } from '../../src/attest/record.ts'
import { assembleAttestation, signAttestation } from '../../src/attest/sign.ts'
import { attestationTypedData, attestationTypes } from '../../src/attest/typedData.ts'

type Vector = {
  readonly name: string
  readonly record: Omit<MarginRecord, 'initialMargin' | 'maintenanceMargin' | 'equity'> &
    Record<'initialMargin' | 'maintenanceMargin' | 'equity', string>
  readonly blockNumber: number
  readonly blockHash: Hex
  readonly portfolioRoot: Hex
  readonly signers: readonly number[]
  readonly digest: Hex
  readonly signerBitmap: number
  readonly signatures: readonly Hex[]
  readonly wire: Hex
}

type VectorFile = {
  readonly domain: { readonly chainId: number; readonly registry: Address }
  readonly paramsHash: Hex
  readonly setId: number
  readonly threshold: number
  /** keccak256 of each label is the private key; in the order of their addresses. */
  readonly signerLabels: readonly string[]
  readonly signers: readonly Address[]
  readonly attestations: readonly Vector[]
}

const file: VectorFile = JSON.parse(readFileSync(new URL('../vectors/attestation.json', import.meta.url), 'utf8'))
const keys = file.signerLabels.map((label) => privateKeyToAccount(keccak256(stringToHex(label))))
const signerSet = { setId: BigInt(file.setId), threshold: file.threshold, signers: file.signers }

function toUnsigned({ record, blockNumber, blockHash, portfolioRoot }: Vector) {
  const { initialMargin, maintenanceMargin, equity } = record
  return {
    record: {
      ...record,
      initialMargin: BigInt(initialMargin),
      maintenanceMargin: BigInt(maintenanceMargin),
      equity: BigInt(equity),
    },
    blockNumber: BigInt(blockNumber),
    portfolioRoot,
    blockHash,
    paramsHash: file.paramsHash,
    setId: signerSet.setId,
  }
}

describe('vectors of the attestation', () => {
  it('names the signers of the labels', () => {
    expect(keys.map(({ address }) => address)).to.deep.equal(file.signers)
  })

  for (const vector of file.attestations) {
    it(`${vector.name}: digest, signatures and wire are ours and ethers'`, async () => {
      const unsigned = toUnsigned(vector)
      const { domain, message } = attestationTypedData(unsigned, file.domain)
      const types = { MarginAttestation: [...attestationTypes.MarginAttestation] }
      expect(attestationDigest(unsigned, file.domain)).to.equal(vector.digest)
      expect(TypedDataEncoder.hash(domain, types, message)).to.equal(vector.digest)
      const signers = vector.signers.map((i) => keys[i] ?? expect.fail('no such signer'))
      const signatures = await Promise.all(signers.map((key) => signAttestation(key, unsigned, file.domain)))
      const attestation = await assembleAttestation(unsigned, file.domain, signerSet, signatures)
      expect(attestation.signatures).to.deep.equal(vector.signatures)
      expect(attestation.signerBitmap).to.equal(vector.signerBitmap)
      expect(encodeAttestation(attestation)).to.equal(vector.wire)
      expect(decodeAttestation(vector.wire)).to.deep.equal(attestation)
    })
  }

  it('threats 21, 22: are stored and read back by the contract to the last unit', async () => {
    const last = Math.max(...file.attestations.map(({ record }) => record.observedAt))
    const override = { chainId: file.domain.chainId, initialDate: new Date((last - 3600) * 1000) }
    const { viem, networkHelpers } = await network.create({ network: 'default', override })
    const publicClient = await viem.getPublicClient()
    const [wallet] = await viem.getWalletClients()
    if (!wallet) throw new Error('no wallet')
    const manager = await viem.deployContract('AccessManager', [wallet.account.address])
    // The vectors go to the ends of every range, so their models bound nothing.
    const unbounded = { improvementBase: 2n ** 64n - 1n, improvementRate: 0n, improvementCap: 0 }
    const models = [...new Set(file.attestations.map(({ record }) => record.modelId))].map((id) =>
      toModel({ id, paramsHash: file.paramsHash, ...unbounded }),
    )
    // The domain of the vectors names the address that this deployment always has.
    const registry = await viem.deployContract('RegistryHarness', [
      manager.address,
      file.signers,
      file.threshold,
      models,
    ])
    expect(registry.address.toLowerCase()).to.equal(file.domain.registry.toLowerCase())
    await networkHelpers.mine(100)
    await networkHelpers.time.increaseTo(last)
    for (const vector of file.attestations) {
      await registry.write.setHash([BigInt(vector.blockNumber), vector.blockHash])
      const hash = await wallet.sendTransaction({ to: registry.address, data: vector.wire })
      const { status } = await publicClient.waitForTransactionReceipt({ hash })
      expect(status, vector.name).to.equal('success')
      const { account, ...values } = toUnsigned(vector).record
      expect(await registry.read.marginOf([account, 7200n]), vector.name).to.deep.equal(values)
    }
  })
})
