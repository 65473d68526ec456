import { expect } from 'chai'
import { type Address, HttpRequestError } from 'viem'
import { getBlockNumber, sendTransaction } from 'viem/actions'
import { toModel } from '../scripts/deployment/plan.ts'
import { advanceTime, sendAs } from '../scripts/devnet/chain.ts'
import { marginRegistryAbi } from '../src/attest/abi.ts'
import { buildBatch } from '../src/attest/batch.ts'
import { encodeAttestation } from '../src/attest/record.ts'
import { buildRoot } from '../src/attest/root.ts'
import { assembleBatch, assembleRoot, signBatch, signRoot } from '../src/attest/sign.ts'
import type { UnsignedAttestation } from '../src/attest/typedData.ts'
import { verifyAttestation } from '../src/attest/verify.ts'
import { InvalidAttestationError } from '../src/attest/wire.ts'
import { RpcError } from '../src/chain/errors.ts'
import { InvalidInputError } from '../src/core/errors.ts'
import { parametersHash } from '../src/core/parameters.ts'
import { draftAttestation, readSnapshot, recompute } from '../src/engine.ts'
import {
  ParametersMismatchError,
  PostRefusedError,
  postAttestation,
  postBatch,
  postLeaf,
  postRoot,
  readImprovement,
  readPostedAttestation,
  readPostedBatch,
  readPostedRoot,
  readRegistry,
  requireRegistered,
} from '../src/registry.ts'
import { interceptedClient } from './support/interceptedClient.ts'
import { attestDevnet, devnetPayer, devnetSigner, type PlimsollFixture, plimsollFixture } from './support/plimsoll.ts'
import { rejection, thrown } from './support/rejection.ts'

const state = ({ client, ours }: PlimsollFixture, account: Address, blockNumber?: bigint) =>
  readRegistry(client, {
    registry: ours.registry,
    modelId: ours.parameters.modelId,
    account,
    ...(blockNumber === undefined ? {} : { blockNumber }),
  })
const configure = ({ chain, deployment, ours }: PlimsollFixture, functionName: string, args: readonly unknown[]) =>
  sendAs(chain, deployment.operators.deployer).send(
    { name: 'MarginRegistry', address: ours.registry, abi: marginRegistryAbi },
    functionName,
    args,
  )

describe('registry', function () {
  this.timeout(60_000)

  it('stores what the engine attests, for everyone to read back, verify and recompute', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const { registry, chainId, parameters } = ours
    for (const account of Object.values(deployment.accounts)) {
      const before = await state(fixture, account)
      expect(before.stored).to.equal(null)
      expect(before.signerSet).to.deep.equal({ setId: 1n, threshold: 1, signers: [devnetSigner.address] })
      requireRegistered(before, parameters)
      const { attestation, digest } = await attestDevnet(client, ours, account)
      const { hash, gasUsed } = await postAttestation(client, { registry, attestation, payer: devnetPayer })
      expect(gasUsed > 21_000n).to.equal(true)
      expect((await state(fixture, account)).stored).to.deep.equal({ ...attestation.record, isUsable: true })

      const posted = await readPostedAttestation(client, { registry, hash })
      expect(posted.attestation).to.deep.equal(attestation)
      const at = await state(fixture, account, posted.minedAt)
      const domain = { chainId, registry }
      const { setId } = at.signerSet
      const again = await recompute(client, { attestation, parameters, setId, domain })
      expect({ digest: again.digest, differences: again.differences }).to.deep.equal({ digest, differences: [] })
      const { block } = again.result
      const time = attestation.record.observedAt
      expect(await verifyAttestation(attestation, { domain, ...at, block, time })).to.deep.equal({
        valid: true,
        signers: [devnetSigner.address],
      })
    }
  })

  it('signs no more free equity than the registry takes, and everyone recomputes the same', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, ours, deployment } = fixture
    const { registry, parameters, chainId } = ours
    const { modelId } = parameters
    const account = deployment.accounts.levered
    const paramsHash = parametersHash(parameters)
    const bounds = { improvementBase: 3_000_000n, improvementRate: 1000n, improvementCap: 10 }
    await configure(fixture, 'setModel', [toModel({ id: modelId, paramsHash, ...bounds })])
    let free = 0n
    for (const allowed of [3_000_000n, 3_010_000n]) {
      await advanceTime(chain, 12)
      const { attestation, result } = await attestDevnet(client, ours, account)
      free += allowed
      expect(result.freeEquity > free).to.equal(true)
      expect(attestation.record.equity).to.equal(result.initialMargin + free)
      const at = { registry, modelId, account, blockNumber: attestation.blockNumber }
      const now = await state(fixture, account)
      await postAttestation(client, { registry, attestation, payer: devnetPayer })
      const domain = { chainId, registry }
      const { setId } = now.signerSet
      const improvement = await readImprovement(client, now, at)
      const again = await recompute(client, { attestation, parameters, setId, domain, improvement })
      expect(again.differences).to.deep.equal([])
    }
  })

  it('posts a batch and a root with its leaf, and reads them back', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const { registry, parameters, chainId } = ours
    const domain = { chainId, registry }
    const accounts = [deployment.accounts.levered, deployment.accounts.hedged]
    const { signerSet } = await state(fixture, deployment.accounts.levered)
    const payer = devnetPayer
    const draftAll = async (rootMode: boolean) => {
      const blockNumber = await getBlockNumber(client, { cacheTime: 0 })
      const drafts = await Promise.all(
        accounts.map(async (account) => {
          const { snapshot } = await readSnapshot(client, { account, parameters, blockNumber })
          const { setId } = signerSet
          return draftAttestation(snapshot, { parameters, setId, validityCode: 8, confirmed: false, rootMode }).unsigned
        }),
      )
      const [{ blockHash, paramsHash, setId }] = drafts as [UnsignedAttestation]
      return { drafts, binding: { blockHash, paramsHash, setId } }
    }
    const direct = await draftAll(false)
    const unsigned = { ...buildBatch(direct.drafts), ...direct.binding }
    const batch = await assembleBatch(unsigned, domain, signerSet, [await signBatch(devnetSigner, unsigned, domain)])
    const posted = await postBatch(client, { registry, payer, batch })
    expect(posted.stored).to.equal(2)
    expect((await readPostedBatch(client, { registry, hash: posted.hash })).batch).to.deep.equal(batch)
    await rejection(postBatch(client, { registry, payer, batch }), PostRefusedError)

    await advanceTime(fixture.chain, 12)
    const under = await draftAll(true)
    const { root: tree, leaves } = buildRoot(under.drafts)
    const rooted = { root: tree, ...under.binding }
    const root = await assembleRoot(rooted, domain, signerSet, [await signRoot(devnetSigner, rooted, domain)])
    const { hash } = await postRoot(client, { registry, payer, root })
    expect((await readPostedRoot(client, { registry, hash })).root).to.deep.equal(root)
    const [leaf] = leaves
    if (!leaf) throw new Error('no leaf')
    await postLeaf(client, { registry, payer, leaf })
    expect((await state(fixture, leaf.record.account)).stored).to.deep.equal({ ...leaf.record, isUsable: true })
    await rejection(readPostedRoot(client, { registry, hash: posted.hash }), InvalidAttestationError)
  })

  it('refuses to post twice, or an older record than the stored one', async () => {
    const { chain, client, ours, deployment } = await plimsollFixture()
    const { registry } = ours
    const first = await attestDevnet(client, ours, deployment.accounts.levered)
    await advanceTime(chain, 12)
    const second = await attestDevnet(client, ours, deployment.accounts.levered)
    const post = ({ attestation }: typeof first) =>
      postAttestation(client, { registry, attestation, payer: devnetPayer })
    await post(second)
    for (const late of [first, second]) {
      const error = await rejection(post(late), PostRefusedError)
      expect(error.message).to.match(/at least as new[\s\S]*newer block/)
    }
  })

  it('names the error of a registry that would revert', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, ours, deployment } = fixture
    const { registry } = ours
    const { attestation } = await attestDevnet(client, ours, deployment.accounts.levered)
    const { record } = attestation
    const refusal = async (changed: typeof attestation) =>
      (
        await rejection(
          postAttestation(client, { registry, attestation: changed, payer: devnetPayer }),
          PostRefusedError,
        )
      ).message
    const forged = { ...attestation, record: { ...record, equity: record.equity + 1n } }
    expect(await refusal(forged)).to.include('InvalidSignature(0)')
    expect(await refusal({ ...attestation, blockNumber: attestation.blockNumber + 50n })).to.include('FutureBlock')
    expect(await refusal({ ...attestation, signerBitmap: 2 })).to.include('UnknownSignerBit(2, 1)')
    expect(await refusal({ ...attestation, record: { ...record, lienSeq: 1 } })).to.include('UnsupportedLienSequence')
    await configure(fixture, 'pause', [2])
    expect((await state(fixture, record.account)).isPostingPaused).to.equal(true)
    expect(await refusal(attestation)).to.include('PostingPaused()')
    await configure(fixture, 'unpause', [2])
    await advanceTime(chain, 961)
    expect(await refusal(attestation)).to.include('ExpiredMargin')
  })

  it('tells a silent node and an address without registry from a refusal', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const { registry } = ours
    const account = deployment.accounts.levered
    const { attestation } = await attestDevnet(client, ours, account)
    const nowhere: Address = '0x00000000000000000000000000000000000000aa'
    await rejection(postAttestation(client, { registry: nowhere, attestation, payer: devnetPayer }), InvalidInputError)
    const error = await rejection(readRegistry(client, { registry: nowhere, modelId: 1, account }), InvalidInputError)
    expect(error.message).to.match(/no margin registry/)

    for (const method of ['eth_call', 'eth_sendRawTransaction', 'eth_getTransactionReceipt']) {
      const failing = interceptedClient(fixture, (asked) => {
        if (asked === method) throw new HttpRequestError({ url: 'https://node.example/secret', status: 429 })
      })
      const failure = await rejection(postAttestation(failing, { registry, attestation, payer: devnetPayer }), RpcError)
      expect(failure.message).to.include('429').and.not.to.include('secret')
      if (method === 'eth_getTransactionReceipt') expect(failure.message).to.match(/transaction 0x[0-9a-f]{64}/)
    }
  })

  it('does not take the post of somebody faster for its own', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const { registry } = ours
    const { attestation } = await attestDevnet(client, ours, deployment.accounts.levered)
    const data = encodeAttestation(attestation)
    const overtaken = interceptedClient(fixture, async (method, count) => {
      if (method !== 'eth_sendRawTransaction' || count !== 1) return
      await sendTransaction(client, {
        account: deployment.operators.maker,
        to: registry,
        data,
        chain: null,
        gas: 200_000n,
      })
    })
    const posting = postAttestation(overtaken, { registry, attestation, payer: devnetPayer })
    const error = await rejection(posting, PostRefusedError)
    expect(error.message).to.match(/Transaction 0x[0-9a-f]{64} changed nothing/)
  })

  it('refuses transactions that posted nothing', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const { registry } = ours
    const { maker } = deployment.operators
    const { attestation } = await attestDevnet(client, ours, deployment.accounts.levered)
    const forged = encodeAttestation({ ...attestation, blockNumber: attestation.blockNumber - 1n })
    const send = (to: Address, data: `0x${string}`) =>
      client.sendTransaction({ account: maker, to, data, chain: null, gas: 200_000n }).catch(async () => {
        const { transactions } = await client.getBlock()
        return transactions[0] as `0x${string}`
      })
    for (const [hash, expected] of [
      [await send(maker, '0x'), /did not call registry/],
      [await send(registry, forged), /reverted, so it posted nothing/],
    ] as const) {
      const error = await rejection(readPostedAttestation(client, { registry, hash }), InvalidInputError)
      expect(error.message).to.match(expected)
    }
    await rejection(readPostedAttestation(client, { registry, hash: `0x${'12'.repeat(32)}` }), RpcError)
  })

  it('refuses a parameter set that the registry does not name, and a retired model', async () => {
    const fixture = await plimsollFixture()
    const { ours, deployment } = fixture
    const account = deployment.accounts.empty
    const other = { ...ours.parameters, paperHaircut: 0n }
    const registered = await state(fixture, account)
    const error = await thrown(() => requireRegistered(registered, other), ParametersMismatchError)
    expect(error.message).to.include(registered.paramsHash)
    await configure(fixture, 'retireModel', [ours.parameters.modelId, 0])
    const retired = await state(fixture, account)
    await thrown(() => requireRegistered(retired, ours.parameters), ParametersMismatchError)
  })
})
