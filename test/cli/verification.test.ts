import { expect } from 'chai'
import type { Address } from 'viem'
import { type VerificationOptions, verifyMessage } from '../../scripts/cli/verification.ts'
import { buildBatch, encodeBatch } from '../../src/attest/batch.ts'
import { decodeFlags } from '../../src/attest/record.ts'
import { buildRoot, encodeLeaf, encodeRoot } from '../../src/attest/root.ts'
import { assembleBatch, assembleRoot, signBatch, signRoot } from '../../src/attest/sign.ts'
import type { UnsignedAttestation } from '../../src/attest/typedData.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { draftAttestation, readSnapshot } from '../../src/engine.ts'
import { postBatch, postLeaf, postRoot, readPost } from '../../src/registry.ts'
import { decodeMessage } from '../../src/report/decodeMessage.ts'
import { devnetPayer, devnetSigner, type PlimsollFixture, plimsollFixture } from '../support/plimsoll.ts'
import { rejection } from '../support/rejection.ts'

const set = { setId: 1n, threshold: 1, signers: [devnetSigner.address] }

/** Unsigned records of all sample accounts at one block. */
async function draftAll({ client, ours, deployment }: PlimsollFixture, rootMode: boolean) {
  const { parameters } = ours
  const { number: blockNumber } = await client.getBlock()
  const drafts: UnsignedAttestation[] = []
  for (const account of Object.values(deployment.accounts) as Address[]) {
    const { snapshot } = await readSnapshot(client, { account, parameters, blockNumber })
    const choices = { validityCode: 6, confirmed: false, rootMode }
    drafts.push(draftAttestation(snapshot, { parameters, setId: 1n, ...choices }).unsigned)
  }
  return drafts
}

function bindingOf([first]: readonly UnsignedAttestation[]) {
  if (!first) throw new Error('no draft')
  const { blockHash, paramsHash, setId } = first
  return { blockHash, paramsHash, setId }
}

async function verifyPost(fixture: PlimsollFixture, hash: `0x${string}`, leaves: VerificationOptions['leaves'] = []) {
  const { client, ours } = fixture
  const { input, minedAt } = await readPost(client, { registry: ours.registry, hash })
  const deployment = { ...ours, rpcUrl: '', accounts: {} }
  return verifyMessage(client, decodeMessage(input), { deployment, sources: undefined, minedAt, leaves })
}

describe('verifyMessage', function () {
  this.timeout(120_000)

  it('recomputes every record of a posted batch, and what its roots root commits to', async () => {
    const fixture = await plimsollFixture()
    const { client, ours } = fixture
    const { registry, chainId } = ours
    const all = await draftAll(fixture, false)
    const critical = ({ record }: UnsignedAttestation) => decodeFlags(record.flags).venueCritical
    const drafts = all.filter((draft) => critical(draft) === (all[0] && critical(all[0])))
    expect(drafts.length).to.be.greaterThan(1)
    const domain = { chainId, registry }

    const good = { batch: buildBatch(drafts).batch, ...bindingOf(drafts) }
    const batch = await assembleBatch(good, domain, set, [await signBatch(devnetSigner, good, domain)])
    const { hash } = await postBatch(client, { registry, payer: devnetPayer, batch })
    const found = await verifyPost(fixture, hash)
    expect(found).to.deep.include({ kind: 'batch', differences: [] })
    expect(found.verification).to.deep.equal({ valid: true, signers: [devnetSigner.address] })
    expect(found.records).to.deep.equal(drafts.map(({ record }) => record))

    // Signed all the same: one number is wrong, and one account commits to other inputs.
    const [first, second, ...rest] = drafts
    if (!first || !second) throw new Error('too few drafts')
    const wrong = [
      { ...first, portfolioRoot: `0x${'77'.repeat(32)}` as const },
      { ...second, record: { ...second.record, equity: second.record.equity - 1n } },
      ...rest,
    ]
    const bad = { batch: buildBatch(wrong).batch, ...bindingOf(drafts) }
    const lying = await assembleBatch(bad, domain, set, [await signBatch(devnetSigner, bad, domain)])
    const { differences, verification } = await verifyMessage(client, decodeMessage(encodeBatch(lying)), {
      ...{ deployment: { ...ours, rpcUrl: '', accounts: {} }, sources: undefined, minedAt: undefined, leaves: [] },
    })
    expect(verification.valid).to.equal(true)
    expect(differences.map(({ account, field }) => [account, field])).to.deep.equal([
      [second.record.account, 'equity'],
      [first.record.account, 'rootsRoot'],
    ])
    const forged = { ...lying, items: batch.items }
    const unsigned = await verifyMessage(client, decodeMessage(encodeBatch(forged)), {
      ...{ deployment: { ...ours, rpcUrl: '', accounts: {} }, sources: undefined, minedAt: undefined, leaves: [] },
    })
    expect(unsigned.verification).to.have.nested.property('failure.reason', 'wrongSigner')
  })

  it('verifies a root by itself, with leaves, and from the post of a leaf', async () => {
    const fixture = await plimsollFixture()
    const { client, ours } = fixture
    const { registry, chainId } = ours
    const drafts = await draftAll(fixture, true)
    const domain = { chainId, registry }
    const { root, leaves } = buildRoot(drafts)
    const unsigned = { root, ...bindingOf(drafts) }
    const signed = await assembleRoot(unsigned, domain, set, [await signRoot(devnetSigner, unsigned, domain)])
    const { hash } = await postRoot(client, { registry, payer: devnetPayer, root: signed })

    const alone = await verifyPost(fixture, hash)
    expect(alone).to.deep.include({ kind: 'root', differences: [], records: [] })
    expect(alone.verification.valid).to.equal(true)
    const whole = await verifyPost(fixture, hash, leaves)
    expect(whole.verification.valid).to.equal(true)
    expect(whole).to.deep.include({ differences: [], digest: alone.digest })
    expect(whole.records).to.deep.equal(drafts.map(({ record }) => record))

    const [leaf] = leaves
    if (!leaf) throw new Error('no leaf')
    const stray = { ...leaf, record: { ...leaf.record, equity: leaf.record.equity - 1n } }
    const outside = await verifyPost(fixture, hash, [stray])
    expect(outside.verification).to.have.nested.property('failure.reason', 'notUnderRoot')
    expect(outside.differences.map(({ field }) => field)).to.deep.equal(['equity'])

    const posted = await postLeaf(client, { registry, payer: devnetPayer, leaf })
    const found = await verifyPost(fixture, posted.hash)
    expect(found).to.deep.include({ kind: 'leaf', differences: [], digest: alone.digest, records: [leaf.record] })
    expect(found.verification.valid).to.equal(true)
    const options = {
      deployment: { ...ours, rpcUrl: '', accounts: {} },
      sources: undefined,
      minedAt: undefined,
      leaves: [],
    }
    await rejection(verifyMessage(client, decodeMessage(encodeLeaf(stray)), options), InvalidInputError)
    await rejection(verifyMessage(client, decodeMessage('0x46'), options), InvalidInputError)
    expect(decodeMessage(encodeRoot(signed)).kind).to.equal('root')
  })
})
