import { expect } from 'chai'
import fc from 'fast-check'
import { type Address, decodeEventLog, encodeFunctionData, type Hex, maxUint256, numberToHex, zeroHash } from 'viem'
import { toModel } from '../../scripts/deployment/plan.ts'
import { marginOracleAbi } from '../../src/attest/abi.ts'
import type { MarginRecord } from '../../src/attest/record.ts'
import {
  anHour,
  borrower,
  type Chain,
  createChain,
  errorOf,
  paramsHash,
  portfolioRoot,
  revertName,
  sign,
  signRootOf,
  tryPost,
} from '../support/attestations.ts'

const statuses = ['unknown', 'fresh', 'stale', 'expired', 'invalidated', 'retired', 'suspended', 'superseded'] as const
const rootMode = 0x20
const riskIncrease = 1
const posting = 2
const hour = 3_600n
const otherRoot = `0x${'ab'.repeat(32)}` as const

/** An implementation of the oracle, and how to switch it. */
type Subject = {
  readonly address: Address
  readonly pause: (bits: number) => Promise<unknown>
  readonly unpause: (bits: number) => Promise<unknown>
  readonly invalidateBefore: (time: number) => Promise<unknown>
  readonly retire: (modelId: number) => Promise<unknown>
  /** Sets how fast the free equity of model 0 may rise. */
  readonly bound: (base: bigint, rate: bigint, cap: number) => Promise<unknown>
  /** Has a root observed at the time. */
  readonly supersede: (time: number) => Promise<unknown>
}

const chainOptions = {
  models: [0, 1].map((id) => ({ id, paramsHash, improvementBase: 2n ** 63n })),
  threshold: 1,
  members: 1,
}

/** Every implementation that consumers may meet. A new one is added here and nowhere else. */
const implementations: Readonly<Record<string, (chain: Chain) => Promise<Subject>>> = {
  MarginRegistry: async (chain) => {
    const { address, write } = chain.contract
    return {
      address,
      pause: (bits) => write.pause([bits]),
      unpause: (bits) => write.unpause([bits]),
      invalidateBefore: (time) => write.invalidateBefore([time]),
      retire: (modelId) => write.retireModel([modelId, 0]),
      bound: (improvementBase, improvementRate, improvementCap) =>
        write.setModel([toModel({ id: 0, paramsHash, improvementBase, improvementRate, improvementCap })]),
      supersede: async (observedAt) => {
        const { wire } = await signRootOf(chain, chain.signerSet, [{ account: address, observedAt }])
        await chain.walletClient.sendTransaction({ chain: null, to: address, data: wire })
      },
    }
  },
  MockMarginRegistry: async (chain) => {
    const { address, write } = await chain.viem.deployContract('MockMarginRegistry')
    return {
      address,
      pause: (bits) => write.pause([bits]),
      unpause: (bits) => write.unpause([bits]),
      invalidateBefore: (time) => write.invalidateBefore([time]),
      retire: (modelId) => write.retireModel([modelId]),
      bound: (base, rate, cap) => write.setImprovementBound([0, base, rate, cap]),
      supersede: (time) => write.setNewestRoot([time]),
    }
  },
}

function reader(chain: Chain, { address }: Subject) {
  const contract = { address, abi: marginOracleAbi } as const
  const read = chain.publicClient.readContract
  return {
    marginOf: (maxAge = hour) => read({ ...contract, functionName: 'marginOf', args: [borrower, maxAge] }),
    tryMarginOf: async (maxAge = hour) => {
      const [status, margin] = await read({ ...contract, functionName: 'tryMarginOf', args: [borrower, maxAge] })
      return { status: statuses[status], margin }
    },
    freeEquity: (maxAge = hour) => read({ ...contract, functionName: 'freeEquity', args: [borrower, maxAge] }),
    isSolvent: (maxAge = hour) => read({ ...contract, functionName: 'isSolvent', args: [borrower, maxAge] }),
    requireMargin: (needed: bigint, maxAge = hour) =>
      read({ ...contract, functionName: 'requireMargin', args: [borrower, needed, maxAge] }),
  }
}

/** What every read answers, errors by name. */
async function readAll(chain: Chain, subject: Subject, maxAge: bigint, needed: bigint) {
  const oracle = reader(chain, subject)
  const { status, margin } = await oracle.tryMarginOf(maxAge)
  return {
    status,
    margin,
    marginOf: await oracle.marginOf(maxAge).catch(revertName),
    freeEquity: await oracle.freeEquity(maxAge).catch(revertName),
    isSolvent: await oracle.isSolvent(maxAge).catch(revertName),
    requireMargin: await errorOf(oracle.requireMargin(needed, maxAge)),
  }
}

for (const [name, create] of Object.entries(implementations)) {
  describe(`conformance: ${name}`, () => {
    async function setUp() {
      const chain = await createChain(chainOptions)
      const subject = await create(chain)
      const { address } = subject
      const probe = await chain.viem.deployContract('OracleProbe', [address, hour, 0n, 1n])
      await chain.networkHelpers.mine()
      const wire = async (record: Partial<MarginRecord> = {}, root?: Hex) =>
        (await sign(chain, chain.signerSet, { record, ...(root === undefined ? {} : { portfolioRoot: root }) })).wire
      const now = async () => Number((await chain.publicClient.getBlock()).timestamp)
      const send = async (data: Hex) => {
        const answer = await tryPost(chain, data, address)
        if (answer === 'stored' || answer === 'skipped') {
          const hash = await chain.walletClient.sendTransaction({ chain: null, to: address, data })
          const { logs } = await chain.publicClient.waitForTransactionReceipt({ hash })
          expect(logs.length).to.equal(answer === 'stored' ? 1 : 0)
        }
        return answer
      }
      return {
        chain,
        subject,
        wire,
        now,
        send,
        ...reader(chain, subject),
        post: async (record: Partial<MarginRecord> = {}) => send(await wire(record)),
        verify: async (data: Hex) => tryPost(chain, verifyCall(data), address),
        /** Runs calls and then reads, all in one transaction. */
        within: async (calls: readonly Hex[]) => {
          const { result } = await chain.publicClient.simulateContract({
            address: probe.address,
            abi: probe.abi,
            functionName: 'runThenRead',
            args: [calls, borrower, hour],
            blockTag: 'pending',
          })
          return { status: statuses[result[0]], equity: result[1].equity, root: result[2] }
        },
        /** As `within`, but with a read that reverts. */
        readAfter: (calls: readonly Hex[]) =>
          chain.publicClient.simulateContract({
            address: probe.address,
            abi: probe.abi,
            functionName: 'runThenRead',
            args: [
              [
                ...calls,
                encodeFunctionData({ abi: marginOracleAbi, functionName: 'marginOf', args: [borrower, hour] }),
              ],
              borrower,
              hour,
            ],
            blockTag: 'pending',
          }),
        ageTo: (time: number) => chain.networkHelpers.time.increaseTo(time),
      }
    }

    const verifyCall = (data: Hex) => encodeFunctionData({ abi: marginOracleAbi, functionName: 'verify', args: [data] })

    it('knows nobody before the first record', async () => {
      const oracle = await setUp()
      expect((await oracle.tryMarginOf(maxUint256)).status).to.equal('unknown')
      const reads = [oracle.marginOf(), oracle.freeEquity(), oracle.isSolvent(), oracle.requireMargin(0n)]
      for (const read of reads) expect(await errorOf(read)).to.equal('UnknownAccount')
    })

    it('serves a record as it was posted, with its event', async () => {
      const { chain, subject, wire, ...oracle } = await setUp()
      const data = await wire({ equity: -7n, flags: 0x50 | anHour })
      const hash = await chain.walletClient.sendTransaction({ chain: null, to: subject.address, data })
      const { logs } = await chain.publicClient.waitForTransactionReceipt({ hash })
      const event = decodeEventLog({ abi: marginOracleAbi, ...(logs[0] ?? expect.fail('no event')) })
      expect(event.args).to.deep.include({ account: borrower, portfolioRoot })
      const margin = await oracle.marginOf()
      expect(margin).to.deep.include({ initialMargin: 500_000_000n, maintenanceMargin: 400_000_000n, equity: -7n })
      expect(margin).to.deep.include({ lienSeq: 0, modelId: 0, flags: 0x50 | anHour })
      expect((await oracle.tryMarginOf()).margin).to.deep.equal(margin)
      expect(await oracle.freeEquity()).to.equal(-500_000_007n)
    })

    it('demands free equity to the unit, and never of a negative one', async () => {
      const oracle = await setUp()
      await oracle.post({ equity: 500_000_010n })
      expect(await errorOf(oracle.requireMargin(10n))).to.equal(undefined)
      expect(await errorOf(oracle.requireMargin(11n))).to.equal('InsufficientMargin')
      expect(await errorOf(oracle.requireMargin(maxUint256))).to.equal('InsufficientMargin')
      await oracle.post({ equity: 500_000_000n })
      expect(await errorOf(oracle.requireMargin(0n))).to.equal(undefined)
      expect(await errorOf(oracle.requireMargin(1n))).to.equal('InsufficientMargin')
      await oracle.post({ equity: 499_999_999n })
      expect(await errorOf(oracle.requireMargin(0n))).to.equal('InsufficientMargin')
    })

    it('calls an account solvent down to its maintenance margin', async () => {
      const oracle = await setUp()
      await oracle.post({ equity: 400_000_000n })
      expect(await oracle.isSolvent()).to.equal(true)
      await oracle.post({ equity: 399_999_999n })
      expect(await oracle.isSolvent()).to.equal(false)
    })

    it('serves up to the maximum age and to the end of validity, not a second longer', async () => {
      const oracle = await setUp()
      const observedAt = await oracle.now()
      await oracle.post({ observedAt, flags: 2 })
      await oracle.ageTo(observedAt + 50)
      expect(await errorOf(oracle.marginOf(50n))).to.equal(undefined)
      await oracle.ageTo(observedAt + 51)
      const reads = [oracle.marginOf(50n), oracle.freeEquity(50n), oracle.isSolvent(50n), oracle.requireMargin(0n, 50n)]
      for (const read of reads) expect(await errorOf(read)).to.equal('StaleMargin')
      expect((await oracle.tryMarginOf(50n)).status).to.equal('stale')
      await oracle.ageTo(observedAt + 60)
      expect(await errorOf(oracle.marginOf(maxUint256))).to.equal(undefined)
      await oracle.ageTo(observedAt + 61)
      expect(await errorOf(oracle.marginOf(maxUint256))).to.equal('ExpiredMargin')
      expect((await oracle.tryMarginOf(50n)).status).to.equal('expired')
      expect(await oracle.post({ observedAt: observedAt + 1, flags: 1 })).to.equal('ExpiredMargin')
    })

    it('lets the newer record win, at equal times the one with less free equity, and skips the others', async () => {
      const oracle = await setUp()
      const observedAt = await oracle.now()
      expect(await oracle.post({ observedAt, equity: 5n })).to.equal('stored')
      expect(await oracle.post({ observedAt, equity: 5n })).to.equal('skipped')
      expect(await oracle.post({ observedAt, equity: 6n })).to.equal('skipped')
      expect(await oracle.post({ observedAt, equity: 4n })).to.equal('stored')
      expect(await oracle.post({ observedAt: observedAt - 1, equity: 0n })).to.equal('skipped')
      expect((await oracle.marginOf()).equity).to.equal(4n)
      expect(await oracle.post({ observedAt: observedAt + 1, equity: 9n })).to.equal('stored')
    })

    it('keeps an account to the model of its first record', async () => {
      const oracle = await setUp()
      const observedAt = await oracle.now()
      await oracle.post({ observedAt })
      expect(await oracle.post({ observedAt: observedAt + 1, modelId: 1 })).to.equal('skipped')
      expect((await oracle.within([verifyCall(await oracle.wire({ modelId: 1, equity: 1n }))])).equity).to.equal(
        2_000_000_000n,
      )
    })

    it('refuses what is no record', async () => {
      const { chain, wire, send, verify } = await setUp()
      const good = await wire()
      const patched = (start: number, bytes: string) =>
        `${good.slice(0, 2 + 2 * start)}${bytes}${good.slice(2 + 2 * start + bytes.length)}` as Hex
      const { timestamp } = await chain.publicClient.getBlock()
      for (const [data, error] of [
        [patched(0, 'deadbeef'), 'WrongTag'],
        [patched(4, '00'.repeat(20)), 'ZeroAccount'],
        [patched(61, '00'.repeat(32)), 'ZeroPortfolioRoot'],
        [patched(55, '88'), 'NotMarginAccount'],
        [patched(52, '0001'), 'UnsupportedLienSequence'],
        [patched(32, 'ff'), 'MaintenanceAboveInitial'],
        [patched(48, numberToHex(timestamp + 100n, { size: 4 }).slice(2)), 'FutureObservation'],
        [patched(54, '18'), 'UndefinedModel'],
        [good.slice(0, 2 + 2 * 94) as Hex, 'WrongLength'],
      ] as const) {
        expect(await verify(data)).to.equal(error)
        // Without its tag nobody knows that it was meant as a post.
        if (error !== 'WrongTag') expect(await send(data)).to.equal(error)
      }
    })

    it('keeps answering what liquidations need while opening risk is paused', async () => {
      const { subject, ...oracle } = await setUp()
      await oracle.post()
      await subject.pause(riskIncrease)
      expect(await errorOf(oracle.freeEquity())).to.equal('RiskIncreasePaused')
      expect(await errorOf(oracle.requireMargin(0n))).to.equal('RiskIncreasePaused')
      expect([await oracle.isSolvent(), (await oracle.tryMarginOf()).status]).to.deep.equal([true, 'fresh'])
      expect(await errorOf(oracle.marginOf())).to.equal(undefined)
      expect(await oracle.post({ equity: 9n })).to.equal('stored')
      await subject.unpause(riskIncrease)
      expect(await oracle.freeEquity()).to.equal(-499_999_991n)
    })

    it('takes no record while posting is paused, and does not blame the account for the silence', async () => {
      const { subject, wire, ...oracle } = await setUp()
      await oracle.post()
      await subject.pause(posting)
      const data = await wire()
      expect([await oracle.send(data), await oracle.verify(data)]).to.deep.equal(['PostingPaused', 'PostingPaused'])
      expect((await oracle.tryMarginOf()).status).to.equal('fresh')
      expect((await oracle.tryMarginOf(0n)).status).to.equal('suspended')
      expect(await errorOf(oracle.marginOf(0n))).to.equal('StaleMargin')
      await oracle.ageTo((await oracle.now()) + 15 * 2 ** anHour)
      expect((await oracle.tryMarginOf(maxUint256)).status).to.equal('suspended')
      await subject.unpause(posting)
      expect((await oracle.tryMarginOf(maxUint256)).status).to.equal('expired')
    })

    it('kills records observed before a time, which only moves forward and not into the future', async () => {
      const { chain, subject, wire, ...oracle } = await setUp()
      const observedAt = await oracle.now()
      await oracle.post({ observedAt })
      await subject.invalidateBefore(observedAt)
      expect((await oracle.tryMarginOf()).status).to.equal('fresh')
      expect((await oracle.tryMarginOf(0n)).status).to.equal('stale')
      await subject.invalidateBefore(observedAt + 1)
      expect((await oracle.tryMarginOf()).status).to.equal('invalidated')
      expect(await errorOf(oracle.marginOf())).to.equal('InvalidatedMargin')
      expect(await oracle.post({ observedAt, equity: 0n })).to.equal('InvalidatedMargin')
      expect(await oracle.verify(await wire({ observedAt }))).to.equal('InvalidatedMargin')
      expect(await errorOf(subject.invalidateBefore(observedAt + 1))).to.equal('InvalidationOutOfRange')
      const next = Number((await chain.publicClient.getBlock()).timestamp) + 10
      await chain.networkHelpers.time.setNextBlockTimestamp(next)
      expect(await errorOf(subject.invalidateBefore(next + 2))).to.equal('InvalidationOutOfRange')
      expect(await errorOf(subject.invalidateBefore(next + 1))).to.equal(undefined)
    })

    it('fails the records of a retired model', async () => {
      const { subject, ...oracle } = await setUp()
      await oracle.post()
      await subject.retire(1)
      expect((await oracle.tryMarginOf()).status).to.equal('fresh')
      await subject.retire(0)
      expect((await oracle.tryMarginOf()).status).to.equal('retired')
      expect(await errorOf(oracle.isSolvent())).to.equal('RetiredModel')
      expect(await oracle.post({ equity: 0n })).to.equal('RetiredModel')
    })

    it('fails what is older than the newest root, if it lives under the roots', async () => {
      const { subject, ...oracle } = await setUp()
      const observedAt = await oracle.now()
      await oracle.post({ observedAt, flags: rootMode | anHour })
      await subject.supersede(observedAt)
      expect((await oracle.tryMarginOf()).status).to.equal('fresh')
      expect((await oracle.tryMarginOf(0n)).status).to.equal('stale')
      await subject.supersede(observedAt + 1)
      expect((await oracle.tryMarginOf()).status).to.equal('superseded')
      expect(await errorOf(oracle.marginOf())).to.equal('SupersededMargin')
      expect(await oracle.post({ observedAt, flags: rootMode | anHour, equity: 0n })).to.equal('SupersededMargin')
      expect(await oracle.post({ observedAt, equity: 0n })).to.equal('stored')
      await subject.pause(posting)
      expect((await oracle.tryMarginOf()).status).to.equal('fresh')
    })

    it('bounds how fast free equity may rise, posted or pulled, and never how fast it falls', async () => {
      const { subject, within, wire, ...oracle } = await setUp()
      const observedAt = (await oracle.now()) - 20
      const at = (after: number, free: bigint) => ({ observedAt: observedAt + after, equity: 500_000_000n + free })
      await subject.bound(10n, 2n, 5)
      expect(await oracle.post(at(0, 11n))).to.equal('ImprovementTooLarge')
      expect(await oracle.post(at(0, 10n))).to.equal('stored')
      expect(await oracle.post(at(3, 27n))).to.equal('ImprovementTooLarge')
      expect((await within([verifyCall(await wire(at(3, 26n)))])).equity).to.equal(500_000_026n)
      const excessive = verifyCall(await wire(at(3, 27n)))
      expect((await within([excessive])).equity).to.equal(500_000_010n)
      expect(await errorOf(oracle.readAfter([excessive]))).to.equal('ImprovementTooLarge')
      const overtaken = [verifyCall(await wire(at(3, 26n))), await wire(at(4, -9n))]
      expect(await errorOf(oracle.readAfter(overtaken))).to.equal(undefined)
      expect(await oracle.post(at(3, 26n))).to.equal('stored')
      expect(await oracle.post(at(4, -9n))).to.equal('stored')
      expect(await oracle.post(at(15, 21n))).to.equal('ImprovementTooLarge')
      expect(await oracle.post(at(15, 20n))).to.equal('stored')
    })

    it('serves a pulled record for one transaction, with what it commits to', async () => {
      const { wire, within, chain, subject, ...oracle } = await setUp()
      const data = await wire()
      expect(await within([verifyCall(data)])).to.deep.equal({
        status: 'fresh',
        equity: 2_000_000_000n,
        root: portfolioRoot,
      })
      await chain.walletClient.sendTransaction({ chain: null, to: subject.address, data: verifyCall(data) })
      expect((await oracle.tryMarginOf()).status).to.equal('unknown')
      const another = await wire({ account: subject.address })
      expect((await within([verifyCall(another)])).status).to.equal('unknown')
      expect((await within([data])).root).to.equal(zeroHash)
      await oracle.send(data)
      expect((await within([])).root).to.equal(zeroHash)
      expect((await within([verifyCall(data)])).root).to.equal(portfolioRoot)
    })

    it('lets reads see the newer of stored and pulled in any order, and never uncovers an older one', async () => {
      const { wire, within, ...oracle } = await setUp()
      const observedAt = await oracle.now()
      const [oldest, newest] = [await wire({ observedAt: observedAt - 1, equity: 9n }), await wire({ equity: 5n })]
      const worse = await wire({ equity: 4n }, otherRoot)
      const pulls = [oldest, newest, worse].map(verifyCall)
      for (const calls of [pulls, pulls.toReversed(), [worse, ...pulls], [verifyCall(worse), newest]]) {
        expect(await within(calls)).to.deep.equal({ status: 'fresh', equity: 4n, root: otherRoot })
      }
      await oracle.send(newest)
      expect(await within([verifyCall(oldest)])).to.deep.equal({ status: 'fresh', equity: 5n, root: zeroHash })
      expect((await within([verifyCall(await wire({ observedAt: observedAt + 2, equity: 7n }))])).equity).to.equal(7n)
      await oracle.post({ observedAt: observedAt + 1, flags: 0 })
      await oracle.ageTo(observedAt + 17)
      expect((await oracle.tryMarginOf()).status).to.equal('expired')
      expect((await within([verifyCall(newest)])).status).to.equal('expired')
    })
  })
}

describe('conformance', () => {
  it('holds between the implementations over any sequence of what can happen', async () => {
    const chain = await createChain(chainOptions)
    const subjects = await Promise.all(Object.values(implementations).map((create) => create(chain)))
    await chain.networkHelpers.mine(16)
    // In one block, so that nothing expires in between.
    const node = await chain.viem.getTestClient()
    const sendTogether = async (targets: readonly Address[], data: Hex) => {
      await node.setAutomine(false)
      for (const to of targets) await chain.walletClient.sendTransaction({ chain: null, to, data, gas: 1_000_000n })
      await node.mine({ blocks: 1 })
      await node.setAutomine(true)
    }
    const small = fc.bigInt(-3n, 3n)
    const happening = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('post' as const),
          back: fc.integer({ min: -3, max: 40 }),
          equity: small,
          initialMargin: fc.bigInt(0n, 2n),
          flags: fc.constantFrom(0, 1, 8, 0x20, 0x28, 0x50),
          modelId: fc.constantFrom(0, 0, 0, 0, 1),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('age' as const), by: fc.integer({ min: 1, max: 30 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constantFrom('pause', 'unpause'), bits: fc.integer({ min: 1, max: 3 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constantFrom('invalidate', 'supersede', 'supersede'),
          back: fc.integer({ min: 0, max: 25 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('bound' as const),
          base: fc.bigInt(0n, 3n),
          rate: fc.bigInt(0n, 1n),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('retire' as const), modelId: fc.constantFrom(1, 1, 1, 0) }),
      },
    )
    const seen = new Set<string | undefined>()
    const property = fc.asyncProperty(fc.array(happening, { minLength: 6, maxLength: 14 }), async (happenings) => {
      const snapshot = await chain.networkHelpers.takeSnapshot()
      try {
        for (const it of happenings) {
          const now = Number((await chain.publicClient.getBlock()).timestamp)
          const outcomes: unknown[] = []
          if (it.kind === 'age') await chain.networkHelpers.time.increase(it.by)
          else if (it.kind === 'post') {
            const { equity, initialMargin, flags, modelId } = it
            const record = { equity, initialMargin, maintenanceMargin: 0n, flags, modelId, observedAt: now - it.back }
            const { wire } = await sign(chain, chain.signerSet, { record })
            for (const { address } of subjects) outcomes.push(await tryPost(chain, wire, address))
            const isStored = (_: unknown, i: number) => outcomes[i] === 'stored'
            await sendTogether(
              subjects.filter(isStored).map(({ address }) => address),
              wire,
            )
          } else {
            for (const subject of subjects) {
              const change = () => {
                switch (it.kind) {
                  case 'pause':
                  case 'unpause':
                    return subject[it.kind](it.bits)
                  case 'invalidate':
                    return subject.invalidateBefore(now - it.back)
                  case 'supersede':
                    return subject.supersede(now - it.back)
                  case 'bound':
                    return subject.bound(it.base, it.rate, 2)
                  case 'retire':
                    return subject.retire(it.modelId)
                }
              }
              // The mock has no signed roots and no retirement in order; what the registry refuses does not happen to it.
              if ((await errorOf(change())) !== undefined) break
            }
          }
          for (const outcome of outcomes) expect(outcome).to.equal(outcomes[0])
          for (const maxAge of [0n, 20n, maxUint256]) {
            const [first, ...others] = await Promise.all(subjects.map((subject) => readAll(chain, subject, maxAge, 2n)))
            for (const other of others) expect(other).to.deep.equal(first)
            seen.add(first?.status)
          }
        }
      } finally {
        await snapshot.restore()
      }
    })
    await fc.assert(property, { numRuns: 50, seed: 11 })
    expect([...seen].sort()).to.deep.equal([...statuses].sort())
  }).timeout(180_000)
})
