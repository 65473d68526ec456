import { expect } from 'chai'
import { type Address, maxUint128, parseAbi } from 'viem'
import { advanceTime, sendAs } from '../scripts/devnet/chain.ts'
import { setPrices } from '../scripts/devnet/prices.ts'
import { wrapEther } from '../scripts/devnet/tokens.ts'
import { decodeFlags, decodeWord, encodeWord } from '../src/attest/record.ts'
import { toAssetKey } from '../src/core/asset.ts'
import { toJson } from '../src/core/canonical.ts'
import { DuplicateClaimError } from '../src/core/distinctClaims.ts'
import { InvalidInputError, MissingMarketDataError, UnpricedLiabilityError } from '../src/core/errors.ts'
import { type MarginParameters, parseParameters } from '../src/core/parameters.ts'
import type { ConcentratedLiquidity } from '../src/core/position.ts'
import { formatSnapshot, inputsHash, parseSnapshot, type Snapshot } from '../src/core/snapshot.ts'
import { wad, wadPerQuoteUnit } from '../src/core/units.ts'
import { draftAttestation, readSnapshot, recompute } from '../src/engine.ts'
import { fileMarket } from '../src/market/fileMarket.ts'
import { chainSources } from '../src/market/readMarket.ts'
import { calculateMargin } from '../src/risk/plimsoll/calculateMargin.ts'
import { readUniswapPositions } from './support/devnetViews.ts'
import { exactUsd } from './support/exactUsd.ts'
import { interceptedClient } from './support/interceptedClient.ts'
import { attestDevnet, type PlimsollFixture, plimsollFixture } from './support/plimsoll.ts'
import { rejection, thrown } from './support/rejection.ts'
import { sendScamPosition } from './support/scamPosition.ts'

const names = ['hedged', 'naked', 'levered', 'empty', 'provider'] as const
const read = async ({ client, ours }: PlimsollFixture, account: Address, blockNumber?: bigint) => {
  const at = blockNumber === undefined ? {} : { blockNumber }
  return (await readSnapshot(client, { account, parameters: ours.parameters, ...at })).snapshot
}
const marginOf = ({ portfolio, market }: Snapshot, parameters: MarginParameters) =>
  calculateMargin({ portfolio, market, parameters })

describe('engine', function () {
  this.timeout(60_000)

  it('reads and margins every sample account as the exact model does', async () => {
    const fixture = await plimsollFixture()
    const { parameters } = fixture.ours
    for (const name of names) {
      const snapshot = await read(fixture, fixture.deployment.accounts[name])
      const result = marginOf(snapshot, parameters)
      const reference = exactUsd({ portfolio: snapshot.portfolio, market: snapshot.market, parameters })
      const near = (actual: bigint, expected: number) =>
        expect(Math.abs(Number(actual) / 1e6 - expected) < 0.01, name).to.equal(true)
      near(result.equity, reference.equity)
      for (const { id, initial, maintenance } of result.lines) {
        near(initial, reference.initial[id])
        near(maintenance, reference.maintenance[id])
      }
      const sum = (side: 'initial' | 'maintenance') => result.lines.reduce((total, line) => total + line[side], 0n)
      expect([result.initialMargin, result.maintenanceMargin]).to.deep.equal([sum('initial'), sum('maintenance')])
      expect(snapshot.portfolio.venues.map(({ venue }) => venue)).to.deep.equal(parameters.venues.map(({ id }) => id))
      expect(snapshot.witnesses).to.have.lengthOf(parameters.venues.length)
    }
  })

  it('compares each venue alone with the whole: netting saves the hedged account, nothing is saved within one venue', async () => {
    const fixture = await plimsollFixture()
    const { accounts } = fixture.deployment
    for (const name of names) {
      const { standalone, initialMargin, maintenanceMargin } = marginOf(
        await read(fixture, accounts[name]),
        fixture.ours.parameters,
      )
      const sum = (of: 'model' | 'venueOwn', side: 'initial' | 'maintenance') =>
        standalone.venues.reduce((total, venue) => total + (venue[of]?.[side] ?? expect.fail('unknown')), 0n)
      for (const basis of ['model', 'venueOwn'] as const) {
        const saving = basis === 'model' ? standalone.savingAgainstModel : standalone.savingAgainstVenues
        expect(saving).to.deep.equal({
          initial: sum(basis, 'initial') - initialMargin,
          maintenance: sum(basis, 'maintenance') - maintenanceMargin,
        })
      }
      const saved = standalone.savingAgainstModel.initial
      expect(saved > 0n, name).to.equal(name === 'hedged')
      expect(saved >= 0n, name).to.equal(true)
    }
  })

  it('gives the same margin and hash after JSON, whatever the spelling of the account, over a plain client', async () => {
    const fixture = await plimsollFixture()
    const { ours } = fixture
    const client = interceptedClient(fixture, () => undefined)
    for (const name of names) {
      const account = fixture.deployment.accounts[name]
      const snapshot = await read(fixture, account)
      const replayed = parseSnapshot(formatSnapshot(snapshot))
      expect(replayed).to.deep.equal(snapshot)
      expect(inputsHash(replayed)).to.equal(inputsHash(snapshot))
      expect(marginOf(replayed, ours.parameters)).to.deep.equal(marginOf(snapshot, ours.parameters))
      const lower = account.toLowerCase() as Address
      const again = await readSnapshot(client, { account: lower, parameters: ours.parameters })
      expect(again.snapshot).to.deep.equal(snapshot)
    }
    await rejection(readSnapshot(client, { account: '0x12', parameters: ours.parameters }), InvalidInputError)
  })

  it('reads an older block as it was read then, and recomputes an attestation of it to the last unit', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, deployment, ours } = fixture
    const { hedged } = deployment.accounts
    const then = await read(fixture, hedged)
    const { attestation, digest } = await attestDevnet(client, ours, hedged)
    await advanceTime(chain, 60)
    await setPrices(chain, deployment, { ETH: 1_800n * wad })
    expect(await read(fixture, hedged, then.portfolio.block.number)).to.deep.equal(then)
    expect(inputsHash(await read(fixture, hedged))).not.to.equal(inputsHash(then))

    const { registry, chainId, parameters } = ours
    const options = { parameters, setId: 1n, domain: { chainId, registry } }
    const same = await recompute(client, { ...options, attestation })
    expect(same.differences).to.deep.equal([])
    expect(same.digest).to.equal(digest)
    const { record } = attestation
    const changed = { ...attestation, record: { ...record, equity: record.equity + 1n, observedAt: 1 } }
    const other = await recompute(client, { ...options, attestation: changed })
    expect(other.differences).to.deep.equal([
      { field: 'equity', attested: `${record.equity + 1n}`, recomputed: `${record.equity}` },
      { field: 'observedAt', attested: '1', recomputed: `${record.observedAt}` },
    ])
  })

  it('reads a MarginAccount in scope enforceable: its wallet counts, and a refusal that it causes is signed', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const { parameters } = ours
    const account = deployment.accounts.hedged
    const { snapshot } = await readSnapshot(client, { account, parameters, scope: 'enforceable' })
    const controls = new Set(snapshot.portfolio.positions.map(({ control }) => control))
    expect([snapshot.portfolio.scope, ...controls]).to.deep.equal(['enforceable', 'enforceable'])
    const flags = { parameters, setId: 1n, validityCode: 6, confirmed: false }
    const { unsigned } = draftAttestation(snapshot, flags)
    expect(decodeFlags(unsigned.record.flags).enforceable).to.equal(true)
    const again = await recompute(client, {
      attestation: unsigned,
      parameters,
      setId: 1n,
      domain: { chainId: ours.chainId, registry: ours.registry },
    })
    expect(again.differences).to.deep.equal([])

    const unknown = toAssetKey(ours.chainId, account)
    const positions = snapshot.portfolio.positions.map((position) =>
      position.kind === 'debt' ? { ...position, asset: unknown } : position,
    )
    const bad = { ...snapshot, portfolio: { ...snapshot.portfolio, positions } }
    const refused = draftAttestation(bad, flags)
    expect(refused.result.refusal).to.include({ error: 'UnpricedLiabilityError' })
    expect(refused.result.refusal?.reason).to.contain(unknown)
    expect(decodeWord(encodeWord(refused.unsigned.record))).to.deep.include({
      initialMargin: 0n,
      maintenanceMargin: 0n,
      equity: -(2n ** 63n),
      observedAt: snapshot.portfolio.block.timestamp,
    })
    const observed = positions.map((position) => ({ ...position, control: 'venue' as const }))
    const silent = { ...bad, portfolio: { ...bad.portfolio, scope: 'observed' as const, positions: observed } }
    expect(() => draftAttestation(silent, flags)).to.throw(UnpricedLiabilityError)
  })

  it('refuses a token that two venues claim', async () => {
    const fixture = await plimsollFixture()
    const { client, deployment, ours } = fixture
    const { levered } = deployment.accounts
    const { portfolio } = await read(fixture, levered)
    const aToken = portfolio.positions.find(({ kind }) => kind === 'balance')?.claim.contract as Address
    const wallet = { id: 'second-wallet', adapter: 'erc20', configuration: { tokens: [aToken] } }
    const parameters = { ...ours.parameters, venues: [...ours.parameters.venues, wallet] }
    const error = await rejection(readSnapshot(client, { account: levered, parameters }), DuplicateClaimError)
    expect(error.message)
      .to.include(aToken.toLowerCase())
      .and.match(/aave-v3 and second-wallet/)
  })

  it('refuses a debt in an asset that the parameter set does not know, and names it', async () => {
    const fixture = await plimsollFixture()
    const { client, deployment, ours } = fixture
    const usdc = toAssetKey(ours.chainId, deployment.tokens.usdc)
    const { [usdc]: _, ...assets } = ours.parameters.assets
    const parameters = { ...ours.parameters, assets }
    const { snapshot } = await readSnapshot(client, { account: deployment.accounts.levered, parameters })
    const draft = () => draftAttestation(snapshot, { parameters, setId: 1n, validityCode: 6, confirmed: false })
    const error = await thrown(draft, UnpricedLiabilityError)
    expect(error.message).to.include(usdc)
  })

  it('is not blocked by liquidity of unknown tokens that a stranger sent, credits it nothing and names it', async () => {
    const fixture = await plimsollFixture()
    const { deployment, ours } = fixture
    const { hedged } = deployment.accounts
    const before = marginOf(await read(fixture, hedged), ours.parameters)
    const tokens = await sendScamPosition(fixture, hedged)
    const after = marginOf(await read(fixture, hedged), ours.parameters)
    expect(before.unpriced).to.deep.equal([])
    expect(after.unpriced).to.have.lengthOf(1)
    expect(after.unpriced[0]?.venue).to.equal('uniswap-v3')
    for (const token of tokens) expect(after.unpriced[0]?.asset).to.include(toAssetKey(ours.chainId, token))
    expect(after.positions).to.have.lengthOf(before.positions.length)
    // A dozen blocks later, interest and the time value of the options have moved by less than a cent.
    expect(Number(after.equity - before.equity)).to.be.within(-10_000, 10_000)
  })

  it('refuses a venue whose adapter is not there or whose configuration is not what the adapter expects', async () => {
    const { client, deployment, ours } = await plimsollFixture()
    const account = deployment.accounts.empty
    for (const [venue, expected] of [
      [{ id: 'comet', adapter: 'not-there', configuration: {} }, /comet[\s\S]*not-there/],
      [{ id: 'wallet', adapter: 'erc20', configuration: { tokens: ['0x12'] } }, /wallet[\s\S]*tokens\.0/],
    ] as const) {
      const parameters = { ...ours.parameters, venues: [venue] }
      const error = await rejection(readSnapshot(client, { account, parameters }), InvalidInputError)
      expect(error.message).to.match(expected)
    }
  })

  it('counts fees of liquidity once: what collect pays, before and after a touch moved them to the owed', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment, ours } = fixture
    const { hedged } = deployment.accounts
    const claimed = async () => {
      const { positions } = marginOf(await read(fixture, hedged), ours.parameters)
      const found = positions.find(({ position }) => position.kind === 'concentratedLiquidity')
      if (!found) throw new Error('no liquidity')
      return { ...(found.position as ConcentratedLiquidity), value: found.value }
    }
    const before = await claimed()
    const [own] = await readUniswapPositions(fixture, hedged)
    expect([before.fees0, before.fees1]).to.deep.equal([own?.fees0, own?.fees1])
    expect(before.fees0 > 1n && before.fees1 > 1n).to.equal(true)

    const collectAbi = parseAbi([
      'function collect((uint256 tokenId, address recipient, uint128 amount0Max, uint128 amount1Max) params) payable returns (uint256 amount0, uint256 amount1)',
    ])
    const manager = { name: 'manager', address: deployment.uniswapV3.positionManager, abi: collectAbi }
    const collect = (amount: bigint) =>
      sendAs(chain, hedged).send(manager, 'collect', [
        { tokenId: own?.tokenId, recipient: hedged, amount0Max: amount, amount1Max: amount },
      ])
    await collect(1n)
    const touched = await claimed()
    expect([touched.fees0, touched.fees1]).to.deep.equal([before.fees0 - 1n, before.fees1 - 1n])
    await collect(maxUint128)
    const emptied = await claimed()
    expect([emptied.fees0, emptied.fees1]).to.deep.equal([0n, 0n])
    // The value falls by the fees at the marks and by nothing else: 2,000 USD per WETH, 1 USD per USDC.
    const [weth, usdc] =
      before.token0 === toAssetKey(ours.chainId, deployment.tokens.weth)
        ? [before.fees0, before.fees1]
        : [before.fees1, before.fees0]
    const fees = weth * 2_000n + usdc * wadPerQuoteUnit
    expect(before.value - emptied.value).to.equal(fees)
  })

  it('follows the account: what is wrapped into the wallet is read, and credited nothing by default', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment, ours } = fixture
    const { empty } = deployment.accounts
    await wrapEther(sendAs(chain, empty), deployment.tokens.weth, wad)
    const snapshot = await read(fixture, empty)
    const result = marginOf(snapshot, ours.parameters)
    expect(snapshot.portfolio.venues.filter(({ status }) => status === 'present')).to.deep.equal([
      { venue: 'wallet', status: 'present' },
    ])
    expect(result.unpriced.map(({ venue, reason }) => ({ venue, reason }))).to.deep.equal([
      { venue: 'wallet', reason: 'control free is not credited' },
    ])
    expect([result.equity, result.initialMargin]).to.deep.equal([0n, 0n])
  })

  it('names an option that a stranger sent whose strike no surface has, and refuses one that the account is short', async () => {
    const fixture = await plimsollFixture()
    const { client, chain, deployment, ours } = fixture
    const { hedged, levered, naked } = deployment.accounts
    const { portfolio } = await read(fixture, hedged)
    const [long = expect.fail('a long option')] = portfolio.positions.flatMap((held) =>
      held.kind === 'option' && held.size > 0n ? [held] : [],
    )
    const plain = toJson(ours.parameters) as Record<string, unknown>
    const parameters = parseParameters({ ...plain, volatilities: { 'lyra-eth': { source: 'file', maxAge: 600 } } })
    const elsewhere = { expiry: portfolio.block.timestamp + 86_400, strike: '1', low: '1', high: '1' }
    const { volatility } = fileMarket({
      schema: 'plimsoll-market/1',
      name: 'test',
      prices: {},
      volatilities: { 'lyra-eth': { updatedAt: portfolio.block.timestamp, points: [elsewhere] } },
    })
    const sources = { ...chainSources, volatilities: [...chainSources.volatilities, volatility] }
    const readWith = async (account: Address) => (await readSnapshot(client, { account, parameters, sources })).snapshot
    const before = marginOf(await readWith(levered), parameters)

    const { contract, id } = long.claim
    const abi = parseAbi(['function transferFrom(address from, address to, uint256 id)'])
    const token = { name: 'OptionToken', address: contract, abi }
    await sendAs(chain, hedged).send(token, 'transferFrom', [hedged, levered, BigInt(id)])
    const sent = await readWith(levered)
    const after = marginOf(sent, parameters)
    expect(sent.market.volatilities).to.deep.equal({})
    expect(after.unpriced.map(({ reason }) => reason)).to.deep.equal([
      ...before.unpriced.map(({ reason }) => reason),
      `surface lyra-eth has no volatility for strike ${long.strike} at ${long.expiry}`,
    ])
    const short = await readWith(naked)
    await thrown(() => marginOf(short, parameters), UnpricedLiabilityError)
  })

  it('takes volatilities from a file when the parameter set names one, and recomputes with it', async () => {
    const fixture = await plimsollFixture()
    const { client, deployment, ours } = fixture
    const account = deployment.accounts.naked
    const fromBoard = await read(fixture, account)
    const plain = toJson(ours.parameters) as Record<string, unknown>
    const parameters = parseParameters({ ...plain, volatilities: { 'lyra-eth': { source: 'file', maxAge: 60 } } })
    const points = fromBoard.portfolio.positions.flatMap((position) =>
      position.kind === 'option'
        ? [{ expiry: position.expiry, strike: `${position.strike}`, low: `${wad}`, high: `${2n * wad}` }]
        : [],
    )
    const unique = [...new Map(points.map((point) => [`${point.expiry}:${point.strike}`, point])).values()]
    const { price, volatility } = fileMarket({
      schema: 'plimsoll-market/1',
      name: 'test',
      prices: {},
      volatilities: { 'lyra-eth': { updatedAt: fromBoard.portfolio.block.timestamp, points: unique } },
    })
    const sources = {
      ...chainSources,
      prices: [...chainSources.prices, price],
      volatilities: [...chainSources.volatilities, volatility],
    }
    const { snapshot } = await readSnapshot(client, { account, parameters, sources })
    for (const { high, source } of Object.values(snapshot.market.volatilities)) {
      expect([high, source]).to.deep.equal([2n * wad, 'file:test'])
    }
    expect(marginOf(snapshot, parameters).equity < marginOf(fromBoard, ours.parameters).equity).to.equal(true)
    const options = { parameters, setId: 1n, validityCode: 6, confirmed: false }
    const { unsigned } = draftAttestation(snapshot, options)
    const domain = { chainId: ours.chainId, registry: ours.registry }
    const { differences } = await recompute(client, { attestation: unsigned, parameters, setId: 1n, domain, sources })
    expect(differences).to.deep.equal([])
    await rejection(readSnapshot(client, { account, parameters }), MissingMarketDataError)
  })
})
