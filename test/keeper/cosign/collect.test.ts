import { expect } from 'chai'
import { keccak256, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { assembleAttestation } from '../../../src/attest/sign.ts'
import type { Cosigner } from '../../../src/keeper/cosign/ask.ts'
import { type CollectOptions, collectSignatures, QuorumMissingError } from '../../../src/keeper/cosign/collect.ts'
import { type Proposal, signProposal } from '../../../src/keeper/cosign/proposal.ts'
import { startCosignServer } from '../../../src/keeper/cosign/server.ts'
import { openSignedRecords } from '../../../src/keeper/cosign/signedRecords.ts'
import type { CosignEvent } from '../../../src/keeper/events.ts'
import { rejection } from '../../support/rejection.ts'
import { type Byzantine, byzantineWays, startByzantine } from '../support/byzantine.ts'
import { signers } from '../support/quorum.ts'

type Signer = (typeof signers)[0]
const [own, honest, traitor] = signers as [Signer, Signer, Signer]
const hash = keccak256(stringToHex('block'))
const domain = { chainId: 31337, registry: privateKeyToAccount(hash).address }
const proposal: Extract<Proposal, { form: 'single' }> = {
  form: 'single',
  domain,
  signerSet: { setId: 3n, threshold: 2, signers: signers.map(({ address }) => address) },
  unsigned: {
    record: {
      account: own.address,
      initialMargin: 10n,
      maintenanceMargin: 5n,
      equity: 100n,
      observedAt: 1_800_000_000,
      lienSeq: 0,
      modelId: 1,
      flags: 6,
    },
    ...{ blockNumber: 7n, blockHash: hash, portfolioRoot: hash, paramsHash: hash, setId: 3n },
  },
}
const later: typeof proposal = { ...proposal, unsigned: { ...proposal.unsigned, blockNumber: 8n } }

describe('collecting signatures', function () {
  this.timeout(30_000)
  const open: { close(): unknown }[] = []
  const started = <Server extends { close(): unknown }>(server: Server): Server => {
    open.push(server)
    return server
  }
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close()
  })

  /** A co-signer that signs what it is asked for without looking. */
  const startWilling = async (signer: Signer, name: string): Promise<Cosigner> => {
    const server = started(
      await startCosignServer({
        domain,
        cosigner: signer.address,
        proposers: new Map([[own.address, 'own']]),
        judge: async ({ blockNumber }) => {
          const signature = await signProposal(signer, blockNumber === 7n ? proposal : later)
          return { code: 'signed', signature }
        },
        observer: () => undefined,
      }),
    )
    return { name, address: signer.address, url: `http://127.0.0.1:${server.port}/` }
  }
  const collecting = (cosigners: readonly Cosigner[], changes: Partial<CollectOptions> = {}) => {
    const events: CosignEvent[] = []
    const observer = (event: CosignEvent) => events.push(event)
    return { events, collect: collectSignatures({ own: [own], cosigners, timeout: 2_000, observer, ...changes }) }
  }
  const codes = (events: readonly CosignEvent[]) => events.map(({ peer, code }) => `${peer}: ${code}`)

  it('asks nobody while the own keys are enough', async () => {
    const { collect, events } = collecting([{ name: 'nobody', address: honest.address, url: 'http://127.0.0.1:1' }], {
      own: [own, honest],
    })
    expect(await collect(proposal)).to.have.length(2)
    expect(events).to.deep.equal([])
  })

  it('returns what makes an attestation as soon as there are enough', async () => {
    const way: { current: Byzantine } = { current: 'silence' }
    const silent = started(await startByzantine(traitor, way))
    const { collect, events } = collecting([
      { name: 'silent', address: traitor.address, url: silent.url },
      await startWilling(honest, 'berta'),
    ])
    const start = Date.now()
    const signatures = await collect(proposal)
    expect(Date.now() - start).to.be.below(1_500)
    expect(
      (await assembleAttestation(proposal.unsigned, domain, proposal.signerSet, signatures)).signerBitmap,
    ).to.be.above(0)
    expect(codes(events)).to.deep.equal(['berta: signed'])
  })

  it('takes no wrong signature from a traitor, whatever it answers, and tells what it did', async () => {
    const expected: Record<Exclude<Byzantine, 'silence'>, CosignEvent['code']> = {
      'other-body': 'forged',
      replay: 'forged',
      'random-signature': 'forged',
      garbage: 'unreachable',
      endless: 'unreachable',
      'lying-difference': 'forged',
      'plausible-difference': 'differs',
      redirect: 'unreachable',
    }
    const willing = await startWilling(honest, 'berta')
    for (const current of byzantineWays) {
      const way: { current: Byzantine } = { current }
      const server = started(await startByzantine(traitor, way))
      const cosigner = { name: 'carla', address: traitor.address, url: server.url }
      if (current === 'replay') await collecting([cosigner]).collect(proposal)
      const { collect, events } = collecting([cosigner])
      const { answers, message } = await rejection(collect(later), QuorumMissingError)
      expect(codes(events), current).to.deep.equal([`carla: ${expected[current as keyof typeof expected]}`])
      expect(answers).to.deep.equal(events)
      expect(message).to.contain('1 of the 2 signatures').and.to.contain(`carla: ${events[0]?.code}`)
      expect(message).not.to.contain('127.0.0.1')

      const both = collecting([cosigner, willing])
      const signatures = await both.collect(later)
      await assembleAttestation(later.unsigned, domain, later.signerSet, signatures)
      expect(codes(both.events)).to.include('berta: signed')
    }
  })

  it('hears a difference that comes after there are enough signatures', async () => {
    const way: { current: Byzantine } = { current: 'plausible-difference' }
    const server = started(await startByzantine(traitor, way))
    let told: (event: CosignEvent) => void = () => undefined
    const alarm = new Promise<CosignEvent>((resolve) => {
      told = (event) => {
        if (event.code === 'differs') resolve(event)
      }
    })
    const { collect } = collecting(
      [await startWilling(honest, 'berta'), { name: 'carla', address: traitor.address, url: server.url }],
      { observer: (event) => told(event) },
    )
    await collect(proposal)
    expect(await alarm).to.deep.equal({
      ...{ event: 'cosign', peer: 'carla', blockNumber: 7n, code: 'differs', field: 'equity' },
      reason: `${own.address}: 100 was proposed, it computed 99`,
    })
  })

  it('names what every co-signer answered when there are too few, and no URL of theirs', async () => {
    const way: { current: Byzantine } = { current: 'silence' }
    const silent = started(await startByzantine(traitor, way))
    const stranger = privateKeyToAccount(keccak256(stringToHex('no signer')))
    const strict = started(
      await startCosignServer({
        domain,
        cosigner: honest.address,
        proposers: new Map([[stranger.address, 'somebody else']]),
        judge: async () => ({ code: 'refused', reason: 'paused' }),
        observer: () => undefined,
      }),
    )
    const { collect } = collecting(
      [
        { name: 'berta', address: honest.address, url: `http://127.0.0.1:${strict.port}` },
        { name: 'carla', address: traitor.address, url: `${silent.url}/f00dfacef00dface?key=deadbeefdeadbeef` },
        { name: 'doris', address: stranger.address, url: 'http://127.0.0.1:1/f00dfacef00dface' },
        { name: 'emma', address: honest.address, url: 'http://127.0.0.1:1/f00dfacef00dface' },
      ],
      { timeout: 300 },
    )
    const { message, answers } = await rejection(collect(proposal), QuorumMissingError)
    expect(answers.map(({ peer, code, reason }) => `${peer}: ${code}, ${reason}`).sort()).to.deep.equal([
      'berta: refused, unauthenticated',
      'carla: unreachable, no answer in time',
      'doris: refused, not-a-signer',
      'emma: unreachable, no HTTP answer',
    ])
    expect(message).not.to.match(/127|f00d|deadbeef/)
  })

  it('counts one signer once, under whatever names it is asked', async () => {
    const willing = await startWilling(honest, 'berta')
    const { collect } = collecting([willing, { ...willing, name: 'again' }])
    const set = { ...proposal.signerSet, threshold: 3 }
    const { message } = await rejection(collect({ ...proposal, signerSet: set }), QuorumMissingError)
    expect(message).to.contain('2 of the 3')
  })

  it('signs no second record of a block with an own key', async () => {
    const signed = started(openSignedRecords(':memory:'))
    const { collect } = collecting([await startWilling(honest, 'berta')], { signed })
    await collect(proposal)
    await collect(proposal)
    const better = { ...proposal.unsigned, record: { ...proposal.unsigned.record, equity: 101n } }
    const { message } = await rejection(collect({ ...proposal, unsigned: better }), QuorumMissingError)
    expect(message).to.contain(`own key: refused, already-signed ${own.address}`)
  })

  it('stops waiting when it is told to', async () => {
    const way: { current: Byzantine } = { current: 'silence' }
    const silent = started(await startByzantine(traitor, way))
    const stop = new AbortController()
    const cosigner = { name: 'carla', address: traitor.address, url: silent.url }
    const { collect } = collecting([cosigner], { timeout: 20_000, signal: stop.signal })
    const start = Date.now()
    const ended = rejection(collect(proposal), QuorumMissingError)
    setTimeout(() => stop.abort(), 100)
    await ended
    expect(Date.now() - start).to.be.below(5_000)
  })
})
