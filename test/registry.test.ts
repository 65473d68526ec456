import { expect } from 'chai'
import { type Address, HttpRequestError } from 'viem'
import { sendTransaction } from 'viem/actions'
import { advanceTime, sendAs } from '../scripts/devnet/chain.ts'
import { marginRegistryAbi } from '../src/attest/abi.ts'
import { encodeAttestation } from '../src/attest/record.ts'
import { verifyAttestation } from '../src/attest/verify.ts'
import { RpcError } from '../src/chain/errors.ts'
import { InvalidInputError } from '../src/core/errors.ts'
import { recompute } from '../src/engine.ts'
import {
  ParametersMismatchError,
  PostRefusedError,
  postAttestation,
  readPostedAttestation,
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
