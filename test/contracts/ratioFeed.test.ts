import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { expect } from 'chai'
import { artifacts } from 'hardhat'
import type { MarginRecord } from '../../src/attest/record.ts'
import { borrower, createChain, errorOf, paramsHash, post, sign } from '../support/attestations.ts'

const one = 10n ** 18n

/** A feed on a registry that holds a record with these values. */
async function createFeed(record: Partial<MarginRecord> = {}, acceptedModels = 1n) {
  const chain = await createChain({ models: [{ id: 0, paramsHash, improvementBase: 2n ** 63n }] })
  const feed = await chain.viem.deployContract('MarginRatioFeed', [chain.registry, 600n, acceptedModels, borrower])
  await chain.networkHelpers.mine()
  const signed = await sign(chain, chain.signerSet, { record })
  await post(chain, signed.wire)
  return { chain, feed, record: signed.record, latest: () => feed.read.latestRoundData() }
}

describe('MarginRatioFeed', () => {
  it("has the functions of Chainlink's AggregatorV3Interface", async () => {
    const path = '@chainlink/contracts/abi/v0.8/AggregatorV3Interface.json'
    const file = createRequire(import.meta.url).resolve(path)
    const selectors = (abi: readonly { name?: string; inputs?: readonly { type: string }[]; outputs?: unknown }[]) =>
      abi
        .map(({ name, inputs = [], outputs }) => `${name}(${inputs.map(({ type }) => type)}) ${types(outputs)}`)
        .toSorted()
    const types = (outputs: unknown) => (outputs as readonly { type: string }[]).map(({ type }) => type)
    const { abi } = await artifacts.readArtifact('IAggregatorV3')
    expect(selectors(abi)).to.deep.equal(selectors(JSON.parse(await readFile(file, 'utf8'))))
  })

  it('answers equity / initial margin at the time of the observation', async () => {
    const { feed, record, latest } = await createFeed()
    const at = BigInt(record.observedAt)
    expect(await latest()).to.deep.equal([at, 4n * one, at, at, at])
    expect(await feed.read.getRoundData([at])).to.deep.equal([at, 4n * one, at, at, at])
    expect(await feed.read.decimals()).to.equal(18)
    expect(await feed.read.description()).to.equal('equity / initial margin')
    expect(await feed.read.version()).to.equal(1n)
  })

  for (const [equity, expected] of [
    [1n, one / 3n],
    [-1n, -one / 3n - 1n],
    [-3n, -one],
    [0n, 0n],
    [2n ** 63n - 1n, ((2n ** 63n - 1n) * one) / 3n],
    [-(2n ** 63n), (-(2n ** 63n) * one) / 3n - 1n],
  ] as const) {
    it(`rounds ${equity} / 3 down`, async () => {
      const { latest } = await createFeed({ equity, initialMargin: 3n, maintenanceMargin: 3n })
      expect((await latest())[1]).to.equal(expected)
    })
  }

  it('has no answer, rather than a zero, for an account that it does not know', async () => {
    const { chain } = await createFeed()
    const feed = await chain.viem.deployContract('MarginRatioFeed', [
      chain.registry,
      600n,
      1n,
      '0x2222222222222222222222222222222222222222',
    ])
    expect(await errorOf(feed.read.latestRoundData())).to.equal('UnknownAccount')
    expect(await errorOf(feed.read.getRoundData([0n]))).to.equal('UnknownAccount')
  })

  it('has no answer from a stale, an expired, an invalidated or a retired record', async () => {
    const stale = await createFeed()
    await stale.chain.networkHelpers.time.increaseTo(stale.record.observedAt + 600)
    expect(await errorOf(stale.latest())).to.equal(undefined)
    await stale.chain.networkHelpers.mine()
    expect(await errorOf(stale.latest())).to.equal('StaleMargin')

    const expired = await createFeed({ flags: 0 })
    await expired.chain.networkHelpers.time.increaseTo(expired.record.observedAt + 16)
    expect(await errorOf(expired.latest())).to.equal('ExpiredMargin')

    const invalidated = await createFeed()
    await invalidated.chain.contract.write.invalidateBefore([invalidated.record.observedAt + 1])
    expect(await errorOf(invalidated.latest())).to.equal('InvalidatedMargin')
  })

  it('has no answer while opening risk is paused', async () => {
    const { chain, latest } = await createFeed()
    await chain.contract.write.pause([1])
    expect(await errorOf(latest())).to.equal('RiskIncreasePaused')
  })

  it('has no answer from another model, without initial margin, and for a round that is gone', async () => {
    expect(await errorOf((await createFeed({}, 2n)).latest())).to.equal('ModelNotAccepted')
    const none = await createFeed({ initialMargin: 0n, maintenanceMargin: 0n })
    expect(await errorOf(none.latest())).to.equal('NoInitialMargin')
    const { feed, record } = await createFeed()
    expect(await errorOf(feed.read.getRoundData([BigInt(record.observedAt) - 1n]))).to.equal('RoundNotKept')
  })
})
