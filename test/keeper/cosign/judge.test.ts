import { expect } from 'chai'
import { type Address, type Client, createClient, custom, keccak256, stringToHex, zeroAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { advanceTime, sendAs } from '../../../scripts/devnet/chain.ts'
import { marginRegistryAbi } from '../../../src/attest/abi.ts'
import { encodeAttestation, encodeWord, type MarginRecord } from '../../../src/attest/record.ts'
import { assembleAttestation, assembleBatch, assembleRoot, recoverSigner } from '../../../src/attest/sign.ts'
import { createJudge, defaultCosignPolicy, type JudgeOptions } from '../../../src/keeper/cosign/judge.ts'
import { type Proposal, proposalDigest, signProposal, toProposal } from '../../../src/keeper/cosign/proposal.ts'
import { type CosignAnswer, formatRequest, parseRequest, toRequest } from '../../../src/keeper/cosign/protocol.ts'
import { openSignedRecords } from '../../../src/keeper/cosign/signedRecords.ts'
import { temporaryDirectory } from '../../support/commandLine.ts'
import { plimsollFixture } from '../../support/plimsoll.ts'
import { deployQuorumRegistry, draftProposal, signers } from '../support/quorum.ts'

const [proposer, cosigner] = signers as [(typeof signers)[0], (typeof signers)[0], (typeof signers)[0]]
type Signer = (typeof signers)[0]
type Single = Extract<Proposal, { form: 'single' }>

async function setting() {
  const { chain, client, deployment, ours } = await plimsollFixture()
  const registry = await deployQuorumRegistry(client, deployment.operators.deployer, ours.parameters)
  const quorum = { ...ours, registry }
  const { hedged, levered, empty } = deployment.accounts
  const accounts = [hedged, levered, empty]
  const judge = (changes: Partial<JudgeOptions> = {}) =>
    createJudge({
      client,
      domain: { chainId: ours.chainId, registry },
      parameters: ours.parameters,
      signer: cosigner,
      signed: openSignedRecords(':memory:'),
      policy: { ...defaultCosignPolicy, accounts, patience: 200 },
      ...changes,
    })
  const send = (functionName: string, args: readonly unknown[], from = deployment.operators.deployer) =>
    sendAs(chain, from).send({ name: 'MarginRegistry', address: registry, abi: marginRegistryAbi }, functionName, args)
  return {
    ...{ chain, client, registry, accounts, hedged, levered, judge, quorum, send },
    draft: async (options: Partial<Parameters<typeof draftProposal>[2]> = {}) =>
      draftProposal(client, quorum, {
        accounts: [hedged],
        blockNumber: await client.getBlockNumber(),
        ...options,
      }),
    /** Signs with two keys and posts. */
    post: async (proposal: Single) => {
      const signatures = await Promise.all(signers.slice(0, 2).map((signer) => signProposal(signer, proposal)))
      const { unsigned, domain, signerSet } = proposal
      const data = encodeAttestation(await assembleAttestation(unsigned, domain, signerSet, signatures))
      const [account] = await client.getAddresses()
      await client.sendTransaction({ account: account as Address, to: registry, data, chain: null })
    },
  }
}

/** Sends a request over the wire and back, as a proposer would. */
async function ask(judge: ReturnType<typeof createJudge>, proposal: Proposal, by: Signer = proposer) {
  const request = parseRequest(formatRequest(toRequest(proposal)))
  if (request === undefined) throw new Error('the request is malformed')
  return judge(request, by.address)
}

const outcome = (answer: CosignAnswer) =>
  answer.code === 'refused' ? answer.reason : answer.code === 'differs' ? `differs: ${answer.field}` : 'signed'

const withRecord = (proposal: Single, changes: Partial<MarginRecord>): Single => ({
  ...proposal,
  unsigned: { ...proposal.unsigned, record: { ...proposal.unsigned.record, ...changes } },
})

describe('a co-signer', function () {
  this.timeout(120_000)

  it('signs the digest that it computes itself, of a record, a batch and a root', async () => {
    const { accounts, draft, judge } = await setting()
    for (const form of ['single', 'batch', 'root'] as const) {
      const proposal = await draft({ form, accounts: form === 'single' ? accounts.slice(0, 1) : accounts })
      const answer = await ask(judge(), proposal)
      expect(outcome(answer)).to.equal('signed')
      const signature = 'signature' in answer ? answer.signature : '0x'
      expect(await recoverSigner(proposalDigest(proposal), signature)).to.equal(cosigner.address)
      const own = await signProposal(proposer, proposal)
      const { domain, signerSet } = proposal
      const assemble = { single: assembleAttestation, batch: assembleBatch, root: assembleRoot }[form]
      const signed = await assemble(proposal.unsigned as never, domain, signerSet, [signature, own])
      expect(signed.signatures).to.have.length(2)
    }
  })

  it('names the field in which a proposer lies, whatever it is, alone and within a batch', async () => {
    const { accounts, draft, judge } = await setting()
    const honest = (await draft()) as Single
    const { record } = honest.unsigned
    const lies: Partial<Record<keyof MarginRecord, MarginRecord[keyof MarginRecord]>> = {
      initialMargin: record.initialMargin - 1n,
      maintenanceMargin: record.maintenanceMargin - 1n,
      equity: record.equity + 1n,
      observedAt: record.observedAt + 1,
      lienSeq: 1,
      flags: record.flags ^ 0x40,
    }
    for (const [field, value] of Object.entries(lies)) {
      const answer = await ask(judge(), withRecord(honest, { [field]: value }))
      expect(outcome(answer)).to.equal(`differs: ${field}`)
      expect(answer).to.deep.include({
        account: record.account,
        proposed: `${value}`,
        recomputed: `${record[field as keyof MarginRecord]}`,
      })
    }
    const portfolioRoot = keccak256(stringToHex('another portfolio'))
    const elsewhere = { ...honest, unsigned: { ...honest.unsigned, portfolioRoot } }
    expect(outcome(await ask(judge(), elsewhere))).to.equal('differs: portfolioRoot')

    const batch = await draft({ form: 'batch', accounts })
    const drafts = (batch as Extract<Proposal, { form: 'batch' }>).drafts as Single['unsigned'][]
    const bent = drafts.map((one, i) => (i === 2 ? { ...one, record: { ...one.record, equity: 2n ** 40n } } : one))
    expect(outcome(await ask(judge(), toProposal('batch', bent, batch)))).to.equal('differs: equity')
    // Records that are right under a digest of something else.
    const request = { ...toRequest(batch), digest: keccak256('0x') }
    expect(outcome(await judge()(request, proposer.address))).to.equal('differs: digest')
  })

  it('signs nothing for another chain, registry, signer set, model or parameter set', async () => {
    const { draft, judge, quorum, registry, send } = await setting()
    const proposal = (await draft()) as Single
    const request = toRequest(proposal)
    const judged = async (changes: object, own = judge()) =>
      outcome(await own({ ...request, ...changes }, proposer.address))
    expect(await judged({ chainId: 1 })).to.equal('other-chain')
    expect(await judged({ registry: zeroAddress })).to.equal('other-registry')
    expect(await judged({ setId: 2n })).to.equal('other-set')
    expect(await judged({ paramsHash: keccak256('0x') })).to.equal('other-parameters')
    const other = encodeWord({ ...proposal.unsigned.record, modelId: 2 })
    expect(await judged({ records: [{ ...request.records[0], word: other }] })).to.equal('other-parameters')
    const parameters = { ...quorum.parameters, paperHaircut: 0n }
    expect(await judged({}, judge({ parameters }))).to.equal('other-parameters')

    const stranger = privateKeyToAccount(keccak256(stringToHex('a stranger')))
    expect(await judged({}, judge({ signer: stranger }))).to.equal('not-a-signer')
    expect(outcome(await ask(judge(), proposal, stranger))).to.equal('proposer-not-a-signer')
    expect(await judged({})).to.equal('signed')
    // What was drafted for the set of before.
    await send('rotateSigners', [[...signers.map(({ address }) => address), stranger.address].sort(), 2])
    expect(await judged({ registry })).to.equal('other-set')
  })

  it('signs no choice beyond its policy', async () => {
    const { accounts, draft, hedged, judge, levered } = await setting()
    const policy = { ...defaultCosignPolicy, accounts: [levered], patience: 200 }
    const proposal = (await draft()) as Single
    expect(await ask(judge({ policy }), proposal)).to.deep.equal({
      code: 'refused',
      reason: 'unknown-account',
      account: hedged,
    })
    expect(outcome(await ask(judge({ policy: { ...policy, accounts: 'any' } }), proposal))).to.equal('signed')
    expect(outcome(await ask(judge(), await draft({ validityCode: 7 })))).to.equal('validity')
    const { flags } = proposal.unsigned.record
    expect(outcome(await ask(judge(), withRecord(proposal, { flags: flags | 0x80 })))).to.equal('unsupported')
    expect(outcome(await ask(judge(), withRecord(proposal, { flags: flags | 0x10 })))).to.equal('unconfirmed')
    const request = toRequest(proposal)
    const twice = { ...request, form: 'batch' as const, records: [...request.records, ...request.records] }
    expect(outcome(await judge()(twice, proposer.address))).to.equal('malformed')
    const several = { ...toRequest(await draft({ form: 'batch', accounts })), form: 'single' as const }
    expect(outcome(await judge()(several, proposer.address))).to.equal('malformed')
  })

  it('signs a record or a batch that lives under roots: a keeper that uses them stores some directly', async () => {
    const { accounts, draft, judge } = await setting()
    for (const form of ['single', 'batch'] as const) {
      const proposal = await draft({
        form,
        rootMode: true,
        accounts: form === 'single' ? accounts.slice(0, 1) : accounts,
      })
      expect(outcome(await ask(judge(), proposal)), form).to.equal('signed')
    }
    const root = toRequest(await draft({ form: 'root', accounts }))
    const outside = toRequest(await draft({ form: 'batch', accounts }))
    expect(outcome(await judge()({ ...root, records: outside.records }, proposer.address))).to.equal('unsupported')
  })

  it('signs for no block that its own nodes do not have, have otherwise, or have left behind', async () => {
    const { chain, client, draft, judge } = await setting()
    const proposal = (await draft()) as Single
    const request = toRequest(proposal)
    const judged = async (changes: object) => outcome(await judge()({ ...request, ...changes }, proposer.address))
    expect(await judged({ blockNumber: request.blockNumber + 10n })).to.equal('unknown-block')
    expect(await judged({ blockHash: keccak256('0x') })).to.equal('not-canonical')
    expect(await judged({ blockNumber: request.blockNumber - 1n })).to.equal('not-canonical')
    // A block that comes while it waits.
    const later = { ...request, blockNumber: request.blockNumber + 1n }
    const waiting = judge({ policy: { ...defaultCosignPolicy, accounts: 'any', patience: 5_000 } })(
      later,
      proposer.address,
    )
    await advanceTime(chain, 1)
    expect(outcome(await waiting)).to.equal('not-canonical')
    await advanceTime(chain, 119)
    expect(await judged({})).to.equal('signed')
    await advanceTime(chain, 1)
    expect(await judged({})).to.equal('too-old')
    expect(await client.getBlockNumber()).to.equal(request.blockNumber + 3n)
  })

  it('signs nothing that would change nothing, and a batch as long as one of its records is newer', async () => {
    const { accounts, draft, judge, post, send } = await setting()
    const before = (await draft()) as Single
    const batch = await draft({ form: 'batch', accounts })
    await post((await draft()) as Single)
    expect(outcome(await ask(judge(), before))).to.equal('not-newer')
    expect(outcome(await ask(judge(), batch))).to.equal('signed')
    const alone = await draft({ form: 'batch', blockNumber: before.unsigned.blockNumber })
    expect(outcome(await ask(judge(), alone))).to.equal('not-newer')
    await send('pause', [2])
    expect(outcome(await ask(judge(), await draft()))).to.equal('paused')
  })

  it('signs the numbers of an account and block again, also after a restart, in any company and under any flags', async () => {
    const { accounts, draft, judge } = await setting()
    const directory = await temporaryDirectory()
    const file = directory.file('signed.db')
    const blockNumber = (await draft()).unsigned as Single['unsigned']
    const at = { blockNumber: blockNumber.blockNumber }
    const signed = openSignedRecords(file)
    const first = await ask(judge({ signed }), await draft(at))
    expect(outcome(first)).to.equal('signed')
    expect(await ask(judge({ signed }), await draft(at))).to.deep.equal(first)
    signed.close()

    const reopened = openSignedRecords(file)
    const again = judge({ signed: reopened })
    // A proposer that asks for odd flags first keeps nobody from theirs.
    expect(outcome(await ask(again, await draft({ ...at, validityCode: 5 })))).to.equal('signed')
    expect(outcome(await ask(again, await draft({ ...at, form: 'root', accounts })))).to.equal('signed')
    expect(outcome(await ask(again, await draft({ ...at, form: 'batch', accounts })))).to.equal('signed')
    reopened.close()
    await directory.remove()
  })

  it('says of a failure of its nodes no more than its name', async () => {
    const { client, draft, judge } = await setting()
    const failing = createClient({
      transport: custom(
        {
          request: async ({ method, params }: { method: string; params?: unknown }) => {
            if (method === 'eth_call') throw new Error('https://node.example/v3/f00dfacef00dface is down')
            return client.request({ method, params } as never)
          },
        },
        { retryCount: 0 },
      ),
    }) as Client
    expect(await ask(judge({ client: failing }), await draft())).to.deep.equal({
      code: 'refused',
      reason: 'unreadable',
      error: 'RpcError',
    })
  })
})
