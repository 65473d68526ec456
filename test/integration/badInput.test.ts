import { inspect } from 'node:util'
import { expect } from 'chai'
import { type Address, HttpRequestError, parseAbi } from 'viem'
import { attest } from '../../scripts/cli/attest.ts'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { signerFromKey } from '../../src/attest/keystore.ts'
import { decodeAttestation, encodeAttestation } from '../../src/attest/record.ts'
import { assembleAttestation, QuorumError, signAttestation } from '../../src/attest/sign.ts'
import { InvalidAttestationError } from '../../src/attest/wire.ts'
import { ChainMismatchError, ReorgedError, RpcError } from '../../src/chain/errors.ts'
import { DuplicateClaimError } from '../../src/core/distinctClaims.ts'
import {
  BaseError,
  InvalidInputError,
  MissingMarketDataError,
  OutOfRangeError,
  StaleMarketDataError,
  UnpricedLiabilityError,
} from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { formatSnapshot, parseSnapshot } from '../../src/core/snapshot.ts'
import { draftAttestation, readSnapshot } from '../../src/engine.ts'
import { type BeforeRequest, interceptedClient } from '../support/interceptedClient.ts'
import { attestDevnet, devnetSigner, type PlimsollFixture, plimsollFixture } from '../support/plimsoll.ts'
import { rejection, thrown } from '../support/rejection.ts'

const aggregatorAbi = parseAbi(['function updateAnswer(int256 answer)'])
const drafting = { setId: 1n, validityCode: 6, confirmed: false } as const

const readWith = ({ client, ours }: PlimsollFixture, account: Address, changes: Partial<MarginParameters> = {}) =>
  readSnapshot(client, { account, parameters: { ...ours.parameters, ...changes } })

async function answer({ chain, deployment }: PlimsollFixture, feed: Address, value: bigint): Promise<void> {
  const contract = { name: 'feed', address: feed, abi: aggregatorAbi }
  await sendAs(chain, deployment.operators.deployer).send(contract, 'updateAnswer', [value])
}

describe('bad input', function () {
  this.timeout(60_000)

  describe('market', () => {
    it('refuses a short leg without a price or volatility source', async () => {
      const fixture = await plimsollFixture()
      const { naked } = fixture.deployment.accounts
      const { parameters } = fixture.ours
      const unknown = { ...parameters.prices, ETH: { source: 'oracle' } }
      const priceless = await rejection(readWith(fixture, naked, { prices: unknown }), MissingMarketDataError)
      expect(priceless.message).to.match(/prices\.ETH names the source oracle/)
      const flat = await rejection(readWith(fixture, naked, { volatilities: {} }), MissingMarketDataError)
      expect(flat.message).to.include('lyra-eth')
    })

    it('refuses a snapshot without the price or volatility of a short leg', async () => {
      const fixture = await plimsollFixture()
      const { parameters } = fixture.ours
      const { snapshot } = await readWith(fixture, fixture.deployment.accounts.naked)
      const draft = (market: Partial<typeof snapshot.market>) => () =>
        draftAttestation({ ...snapshot, market: { ...snapshot.market, ...market } }, { parameters, ...drafting })
      const { ETH: _, ...prices } = snapshot.market.prices
      expect((await thrown(draft({ prices }), MissingMarketDataError)).message).to.include('ETH')
      await thrown(draft({ rates: {} }), MissingMarketDataError)
      await thrown(draft({ rangeMultipliers: {} }), MissingMarketDataError)
      const error = await thrown(draft({ volatilities: {} }), UnpricedLiabilityError)
      expect(error.message).to.include('lyra-eth')
    })

    it('refuses a feed that is stale, and one that answers zero or less', async () => {
      for (const [name, value] of [
        ['zero', 0n],
        ['negative', -1n],
      ] as const) {
        const fixture = await plimsollFixture()
        await answer(fixture, fixture.deployment.feeds.susdUsd, value)
        const error = await rejection(readWith(fixture, fixture.deployment.accounts.naked), MissingMarketDataError)
        expect(error.message, name).to.include('SUSD').and.include(`${value}`)
      }
      const fixture = await plimsollFixture()
      await answer(fixture, fixture.deployment.feeds.ethUsd, -1n)
      for (const name of ['hedged', 'naked', 'levered'] as const) {
        await rejection(readWith(fixture, fixture.deployment.accounts[name]), BaseError)
      }
      const later = await plimsollFixture()
      await advanceTime(later.chain, 90_001)
      const stale = await rejection(readWith(later, later.deployment.accounts.levered), StaleMarketDataError)
      expect(stale.retryable).to.equal(true)
      for (const name of ['hedged', 'naked'] as const) {
        await rejection(readWith(later, later.deployment.accounts[name]), BaseError)
      }
    })
  })

  describe('chain', () => {
    it('refuses another chain than the parameter set names', async () => {
      const fixture = await plimsollFixture()
      const error = await rejection(
        readWith(fixture, fixture.deployment.accounts.empty, { chainId: 1 }),
        ChainMismatchError,
      )
      expect(error.message).to.include('31337').and.include('1')
    })

    it('ends in one typed error whichever request fails, and never shows the URL or its key', async () => {
      const fixture = await plimsollFixture()
      const { hedged } = fixture.deployment.accounts
      const { ours } = fixture
      const key = 'f00dfacef00dface'
      const url = `https://node.example/v2/${key}`
      const failing = (at: { method: string; count: number }): BeforeRequest => {
        return (method, count) => {
          // A range of logs that is refused is asked for again in halves, so those requests fail from one on.
          const isReached = method === 'eth_getLogs' ? count >= at.count : count === at.count
          if (method !== at.method || !isReached) return
          throw new HttpRequestError({ url, status: 503, body: { key }, details: `no answer from ${url}` })
        }
      }
      const attestOver = (before: BeforeRequest) =>
        attest(interceptedClient(fixture, before), ours, { account: hedged, validityCode: 6, signers: [devnetSigner] })
      const sent = new Map<string, number>()
      await attestOver((method, count) => void sent.set(method, count))
      expect(sent.get('eth_call')).to.equal(9)
      for (const [method, total] of sent) {
        for (let count = 1; count <= total; count++) {
          const error = await rejection(attestOver(failing({ method, count })), RpcError)
          expect(error.retryable).to.equal(true)
          expect(error.message, `${method} ${count}`).to.include('HTTP status 503')
          for (const text of [error.message, error.stack, inspect(error, { depth: 20, showHidden: true })]) {
            expect(text).not.to.include(key).and.not.to.include('node.example')
          }
        }
      }
    })

    it('refuses a read during which its block is replaced, at whichever call', async () => {
      const fixture = await plimsollFixture()
      const { chain, client, ours, deployment } = fixture
      const { hedged } = deployment.accounts
      for (const method of ['eth_call', 'eth_getBlockByNumber']) {
        // The first block request pins; the others check. Seven calls read the account and its market.
        for (const at of method === 'eth_call' ? [1, 4, 5, 7] : [2, 3]) {
          const snapshot = await client.snapshot()
          await advanceTime(chain, 5)
          const replaced = interceptedClient(fixture, async (asked, count) => {
            if (asked !== method || count !== at) return
            await client.revert({ id: snapshot })
            await advanceTime(chain, 7)
          })
          const reading = readSnapshot(replaced, { account: hedged, parameters: ours.parameters })
          const error = await rejection(reading, ReorgedError)
          expect(error.retryable, `${method} ${at}`).to.equal(true)
        }
      }
    })
  })

  describe('snapshot', () => {
    it('refuses JSON that is cut off, or has a wrong type, an unknown field or the same claim twice', async () => {
      const fixture = await plimsollFixture()
      const { snapshot } = await readWith(fixture, fixture.deployment.accounts.hedged)
      const text = formatSnapshot(snapshot)
      const changed = (change: (value: ReturnType<typeof JSON.parse>) => void) => {
        const value = JSON.parse(text)
        change(value)
        return JSON.stringify(value)
      }
      for (const [bad, expected] of [
        [text.slice(0, -20), /not JSON/],
        ['', /not JSON/],
        ['[]', /\(top\)/],
        [changed((value) => (value.portfolio.positions[0].amount = 5)), /portfolio\.positions\.0.*got/],
        [changed((value) => (value.portfolio.block.number = '1.5')), /portfolio\.block\.number/],
        [changed((value) => (value.market.prices.ETH.price = '-1')), /market\.prices\.ETH\.price/],
        [changed((value) => (value.market.extra = {})), /extra/],
        [changed((value) => delete value.witnesses), /witnesses/],
      ] as const) {
        const error = await thrown(() => parseSnapshot(bad), InvalidInputError)
        expect(error.message).to.match(expected)
      }
      const twice = changed((value) => value.portfolio.positions.push(value.portfolio.positions[0]))
      await thrown(() => parseSnapshot(twice), DuplicateClaimError)
    })

    it('refuses a margin that does not fit the record instead of cutting it', async () => {
      const fixture = await plimsollFixture()
      const { parameters } = fixture.ours
      const { snapshot } = await readWith(fixture, fixture.deployment.accounts.levered)
      for (const kind of ['balance', 'debt'] as const) {
        const positions = snapshot.portfolio.positions.map((position) =>
          position.kind === kind ? { ...position, amount: 10n ** 36n } : position,
        )
        const large = { ...snapshot, portfolio: { ...snapshot.portfolio, positions } }
        await thrown(() => draftAttestation(large, { parameters, ...drafting }), OutOfRangeError)
      }
    })
  })

  describe('signatures', () => {
    it('assembles nothing of a stranger, of one signer twice or of too few', async () => {
      const fixture = await plimsollFixture()
      const { client, ours, deployment } = fixture
      const { chainId, registry, parameters } = ours
      const account = deployment.accounts.levered
      const stranger = signerFromKey(`0x${'77'.repeat(32)}`)
      const by = (...signers: (typeof stranger)[]) => attest(client, ours, { account, validityCode: 6, signers })
      expect((await rejection(by(stranger), QuorumError)).message).to.include(stranger.address)
      expect((await rejection(by(devnetSigner, devnetSigner), QuorumError)).message).to.include('twice')
      expect((await rejection(by(), QuorumError)).message).to.match(/0 signatures of the 1/)

      const { snapshot } = await readWith(fixture, account)
      const { unsigned } = draftAttestation(snapshot, { parameters, ...drafting })
      const other = { ...unsigned, record: { ...unsigned.record, equity: unsigned.record.equity + 1n } }
      const domain = { chainId, registry }
      const signature = await signAttestation(devnetSigner, other, domain)
      const set = { setId: 1n, threshold: 1, signers: [devnetSigner.address] }
      await rejection(assembleAttestation(unsigned, domain, set, [signature]), QuorumError)
    })

    it('decodes no bytes but the whole of an attestation', async () => {
      const { client, ours, deployment } = await plimsollFixture()
      const { attestation, wire } = await attestDevnet(client, ours, deployment.accounts.levered)
      expect(encodeAttestation(decodeAttestation(wire))).to.equal(wire)
      for (const bad of ['0x', wire.slice(0, -2), wire.slice(0, 100), `${wire}00`, `0xdeadbeef${wire.slice(10)}`]) {
        await thrown(() => decodeAttestation(bad as `0x${string}`), InvalidAttestationError)
      }
      await thrown(() => encodeAttestation({ ...attestation, signatures: [] }), InvalidAttestationError)
    })
  })
})
