import { expect } from 'chai'
import type { Address, Hex } from 'viem'
import { advanceTime, type Sender, sendAs } from '../../../scripts/devnet/chain.ts'
import { UnsupportedPositionError } from '../../../src/adapters/errors.ts'
import { CallFailedError, ReorgedError } from '../../../src/chain/errors.ts'
import { readLoggedWords, tellOf } from '../../../src/chain/tellingLogs.ts'
import { toJson } from '../../../src/core/canonical.ts'
import { orderDistinctClaims } from '../../../src/core/distinctClaims.ts'
import { BaseError } from '../../../src/core/errors.ts'
import { claimKey, type Position, venueAccountKey } from '../../../src/core/position.ts'
import type { PlannedCall } from '../../../src/core/readPlan.ts'
import { type Wad, wad } from '../../../src/core/units.ts'
import { type VenueShift, venueState } from '../../../src/risk/venues/venueState.ts'
import { rejection } from '../../support/rejection.ts'
import { parametersOf } from './devnetVenue.ts'
import { amountsOf, deepFreeze, shuffleLists } from './pureInput.ts'
import type { AnySubject, PureCase, World } from './subject.ts'
import {
  type Divert,
  letPass,
  movePrices,
  pinNow,
  readAs,
  replay,
  stranger,
  type TracedReading,
  worldOf,
} from './world.ts'

/** Seconds after which accrual is looked at: one, some minutes, a day. */
const waits = [1, 600, 86_400]

/** What every adapter must hold, on a devnet and by itself (docs/adding-a-protocol.md). */
export function describeConformance(subject: AnySubject): void {
  describe(`conformance of ${subject.title ?? subject.venue}`, function () {
    this.timeout(600_000)
    describePinning(subject)
    describeCompleteness(subject)
    describeAmounts(subject)
    describeClaims(subject)
    describeWitness(subject)
    describeRule(subject)
    describeTranslation(subject)
  })
}

function describePinning(subject: AnySubject): void {
  it('reads the pinned block whatever happens after it', async () => {
    const world = await worldOf(subject)
    const block = await pinNow(world)
    const { witness, positions, requirements, rules } = await readAs(subject, world, { block })
    for (const act of Object.values(subject.actions).slice(0, 1)) await act(senderOf(world), world)
    await movePrices(subject, world)
    await letPass(subject, world, 600)
    const again = await readAs(subject, world, { block })
    expect(pick(again)).to.deep.equal({ witness, positions, requirements, rules })
    expect(pick(await readAs(subject, world))).not.to.deep.equal({ witness, positions, requirements, rules })
  })

  it('refuses a block that has left the chain', async () => {
    const world = await worldOf(subject)
    await world.client.mine({ blocks: 1 })
    const block = await pinNow(world)
    await readAs(subject, world, { block })
    await worldOf(subject)
    await rejection(readAs(subject, world, { block }), ReorgedError)
    await advanceTime(world.chain, 7)
    await rejection(readAs(subject, world, { block }), ReorgedError)
  })
}

/** Contracts that fail in place of the venue's: without code, reverting, and answering the same bytes to everything. */
const impostors = {
  'is not there': { address: '0x0000000000000000000000000000000000bad000', code: '0x' },
  reverts: { address: '0x0000000000000000000000000000000000bad001', code: '0x5f5ffd' },
  'answers nothing': { address: '0x0000000000000000000000000000000000bad002', code: '0x00' },
  'answers what is no word': { address: '0x0000000000000000000000000000000000bad003', code: answers('010203') },
} as const
const largestWords = {
  address: '0x0000000000000000000000000000000000bad004',
  code: answers('ff'.repeat(2_048)),
} as const

/** Code of a contract that answers these bytes: it copies what lies behind its first eleven and returns it. */
function answers(bytes: string): Hex {
  const size = (bytes.length / 2).toString(16).padStart(4, '0')
  return `0x61${size}600b5f3961${size}5ff3${bytes}`
}

function describeCompleteness(subject: AnySubject): void {
  for (const [name, impostor] of Object.entries(impostors)) {
    it(`ends in an error that names the call where the contract of any one call ${name}`, async () => {
      const { world, block, calls } = await withImpostor(subject, impostor)
      for (const call of calls) {
        const divert = divertTo(impostor.address, call)
        const error = await rejection(readAs(subject, world, { block, divert }), CallFailedError)
        expect(error.message).to.contain(`${subject.venue}: ${call.functionName}(`)
      }
    })
  }

  it('never lists fewer claims where any one call answers the largest words', async () => {
    const { world, block, calls } = await withImpostor(subject, largestWords)
    const claims = claimsOf(await readAs(subject, world, { block }))
    for (const call of calls) {
      const divert = divertTo(largestWords.address, call)
      const outcome = await readAs(subject, world, { block, divert }).catch((error: unknown) => error)
      const what = `${call.functionName} of ${call.address}`
      if (outcome instanceof Error) expect(outcome, what).to.be.instanceOf(BaseError)
      else expect(claimsOf(outcome as TracedReading), what).to.include.members(claims)
    }
  })
}

/** The world with an impostor in it, a block, and every distinct call that reading the account takes. */
async function withImpostor(subject: AnySubject, { address, code }: { readonly address: Address; readonly code: Hex }) {
  const world = await worldOf(subject)
  await world.client.setCode({ address, bytecode: code })
  await world.client.mine({ blocks: 1 })
  const block = await pinNow(world)
  const calls = new Map<string, PlannedCall>()
  const divert: Divert = (call) => {
    calls.set(keyOf(call), call)
    return call
  }
  await readAs(subject, world, { block, divert })
  expect(calls.size).to.be.greaterThan(0)
  return { world, block, calls: [...calls.values()] }
}

function divertTo(address: Address, wanted: PlannedCall): Divert {
  const key = keyOf(wanted)
  return (call) => (keyOf(call) === key ? { ...call, address } : call)
}

function keyOf({ address, functionName, args }: PlannedCall): string {
  return JSON.stringify([address, functionName, toJson(args ?? [])])
}

function describeAmounts(subject: AnySubject): void {
  it('agrees with the venue, also as time passes and prices move without any user', async () => {
    const world = await worldOf(subject)
    const check = async () => subject.requireAsVenue(await readAs(subject, world), world, world.account)
    await check()
    for (const seconds of waits) {
      await letPass(subject, world, seconds)
      await check()
    }
    await movePrices(subject, world)
    await check()
  })

  for (const [name, act] of Object.entries(subject.actions)) {
    it(`agrees with the venue after: ${name}`, async () => {
      const world = await worldOf(subject)
      await act(senderOf(world), world)
      await subject.requireAsVenue(await readAs(subject, world), world, world.account)
    })
  }

  for (const [name, act] of Object.entries(subject.refusedActions ?? {})) {
    it(`refuses what comes of: ${name}`, async () => {
      const world = await worldOf(subject)
      await act(senderOf(world), world)
      await rejection(readAs(subject, world), UnsupportedPositionError)
    })
  }

  it('finds nothing where there is nothing, and commits to that', async () => {
    const world = await worldOf(subject)
    for (const account of [stranger, world.newcomer]) {
      const { positions, requirements, rules, witness, witnessCalls } = await readAs(subject, world, { account })
      expect([positions, requirements, rules]).to.deep.equal([[], [], []])
      expect(witnessCalls.length).to.be.greaterThan(0)
      expect(witness.venue).to.equal(subject.venue)
    }
  })

  it('sees the smallest position', async () => {
    const world = await worldOf(subject)
    await subject.openDust(sendAs(world.chain, world.newcomer), world)
    const reading = await readAs(subject, world, { account: world.newcomer })
    expect(reading.positions).not.to.deep.equal([])
    await subject.requireAsVenue(reading, world, world.newcomer)
  })
}

function describeClaims(subject: AnySubject): void {
  it('lists distinct claims of one holder at one venue, in an order that neither reads nor lists decide', async () => {
    const world = await worldOf(subject)
    const block = await pinNow(world)
    const reading = await readAs(subject, world, { block })
    const { positions, requirements, rules, raw, context } = reading
    expect(positions).not.to.deep.equal([])
    const ordered = orderDistinctClaims<Position>(positions)
    const again = await readAs(subject, world, { block })
    expect(orderDistinctClaims<Position>(again.positions)).to.deep.equal(ordered)
    for (let seed = 1; seed <= 5; seed++) {
      const shuffled = subject.adapter.toPositions(shuffleLists(raw, seed), context)
      expect(orderDistinctClaims<Position>(shuffled.positions)).to.deep.equal(ordered)
    }
    for (const { claim, venueAccount, control } of positions) {
      expect(control).to.equal(subject.control)
      expect([claim.chainId, claim.holder]).to.deep.equal([block.chainId, world.account])
      const { chainId, venue, holder } = venueAccount
      expect([chainId, venue, holder]).to.deep.equal([block.chainId, subject.venue, world.account])
    }
    const accounts = positions.map(({ venueAccount }) => venueAccountKey(venueAccount))
    for (const { venueAccount, initial, maintenance } of requirements) {
      expect(accounts).to.include(venueAccountKey(venueAccount))
      expect([initial >= 0n, maintenance >= 0n], `initial ${initial}, maintenance ${maintenance}`).to.deep.equal([
        true,
        true,
      ])
    }
    for (const { venueAccount } of rules) expect(accounts).to.include(venueAccountKey(venueAccount))
    for (const list of [requirements, rules]) {
      const keys = list.map(({ venueAccount }) => venueAccountKey(venueAccount))
      expect(new Set(keys).size).to.equal(keys.length)
    }
  })
}

function describeWitness(subject: AnySubject): void {
  it('keeps the witness while time passes, prices move and others act', async () => {
    const world = await worldOf(subject)
    const readings = [await readAs(subject, world), await readAs(subject, world, { account: stranger })]
    const requireSame = async (what: string, of = readings) => {
      for (const { context, witness } of of) {
        const now = await readAs(subject, world, { account: context.account })
        expect(now.witness, what).to.deep.equal(witness)
      }
    }
    await world.client.mine({ blocks: 3, interval: 12 })
    await requireSame('blocks')
    await letPass(subject, world, 86_400)
    await requireSame('time')
    await movePrices(subject, world)
    await requireSame('prices')
    // Whoever acts in a market makes it accrue.
    const unchanged = readings.filter(({ positions }) => !followsAccruals(subject, positions))
    const other = sendAs(world.chain, world.bystander)
    await subject.open(sendAs(world.chain, world.newcomer), world)
    for (const [name, act] of Object.entries(everyAction(subject))) {
      const snapshot = await world.client.snapshot()
      await act(other, world)
      await requireSame(`another's ${name}`, unchanged)
      await world.client.revert({ id: snapshot })
    }
  })

  for (const [name, act] of Object.entries(everyAction(subject))) {
    it(`changes an answer of the witness by: ${name}`, async () => {
      const world = await worldOf(subject)
      const before = await readAs(subject, world)
      expect(await replay(world, before)).to.equal(before.witness.results)
      await act(senderOf(world), world)
      expect(await replay(world, before)).not.to.equal(before.witness.results)
      await requireTold(subject, world, before)
    })
  }

  for (const [name, open] of [
    ['a first position', subject.open],
    ['a smallest first position', subject.openDust],
  ] as const) {
    it(`changes an answer of the witness of nothing by ${name}`, async () => {
      const world = await worldOf(subject)
      const before = await readAs(subject, world, { account: world.newcomer })
      await open(sendAs(world.chain, world.newcomer), world)
      expect(await replay(world, before)).not.to.equal(before.witness.results)
      await requireTold(subject, world, before)
    })
  }
}

/** Where the adapter says which logs tell of a change: there is one since the reading. */
async function requireTold({ adapter }: AnySubject, world: World<unknown>, { raw, context }: TracedReading) {
  const until = adapter.toldBy?.(raw, context)
  if (until === undefined) return
  const contracts = until.map(({ contract }) => contract)
  const range = { after: context.block, upTo: await pinNow(world) }
  const logged = await readLoggedWords(world.client, contracts, range)
  if (logged === undefined) return expect.fail('the logs cannot be walked back to the reading')
  expect(
    until.some((logs) => tellOf(logged, logs)),
    'a log that tells of the change',
  ).to.equal(true)
}

function describeRule({ rule, ...subject }: AnySubject): void {
  if (rule === undefined) {
    it('has no rule', async () => {
      const world = await worldOf(subject)
      expect((await readAs(subject, world)).rules).to.deep.equal([])
    })
    return
  }

  it('tells from one snapshot the verdict of the venue after every real move, and its slack at each', async () => {
    const { underlying, opening, prices } = rule
    const verdicts = new Set<boolean>()
    for (const price of prices) {
      const world = await worldOf(subject)
      const [read] = (await readAs(subject, world)).rules
      if (read === undefined) return expect.fail('a rule was expected')
      await rule.setPrice(world, price)
      const verdict = await rule.isLiquidatable(world, world.account)
      const { value, below, above = 0n } = await rule.slack(world, world.account)
      const block = await pinNow(world)
      const [reread] = (await readAs(subject, world, { block })).rules
      if (reread === undefined) return expect.fail('a rule was expected')

      const { timestamp } = block
      const stateAt = (state: typeof read, ratio: { from: bigint; to: bigint }) =>
        venueState(state, shiftBy(world, { underlying, timestamp, ...ratio }))
      const moved = stateAt(read, { from: opening, to: price })
      expect(moved.isLiquidatable, `${underlying} at ${price}`).to.equal(verdict)
      const still = stateAt(reread, { from: price, to: price })
      expect(still.isLiquidatable, `read at ${price}`).to.equal(verdict)
      const isSlack = value - below <= still.slack && still.slack <= value + above
      expect(isSlack, `slack ${still.slack} for ${value} at ${price}`).to.equal(true)
      verdicts.add(verdict)
    }
    expect([...verdicts].sort(), 'the prices must lie on both sides of the flip').to.deep.equal([false, true])
  })
}

function describeTranslation(subject: AnySubject): void {
  it('translates without changing its input, and the same each time', async () => {
    const world = await worldOf(subject)
    const { raw, context } = await readAs(subject, world)
    const [rawBefore, contextBefore] = [structuredClone(raw), structuredClone(context)]
    const translate = () => [
      subject.adapter.toPositions(deepFreeze(raw), deepFreeze(context)),
      subject.adapter.witness(raw, context),
    ]
    const first = structuredClone(translate())
    expect(translate()).to.deep.equal(first)
    expect([raw, context]).to.deep.equal([rawBefore, contextBefore])
  })

  const requireCase = ({ raw, context, amounts, venueValues }: PureCase<unknown, unknown>, what: string) => {
    const { positions } = subject.adapter.toPositions(deepFreeze(raw), deepFreeze(context))
    expect(positions.flatMap(amountsOf), what).to.deep.equal(amounts)
    if (venueValues) expect(positions.map(({ venueValue }) => venueValue)).to.deep.equal(venueValues)
  }

  it('carries the largest amounts whole', () => requireCase(subject.largest, 'largest'))

  const { decimals } = subject
  if (typeof decimals === 'string') it(`takes tokens of 0 to 36 decimals; does not apply: ${decimals}`)
  else {
    it('takes tokens of 0 to 36 decimals', () => {
      for (let count = 0; count <= 36; count++) requireCase(decimals(count), `${count} decimals`)
    })
  }
}

function followsAccruals({ adapter }: AnySubject, positions: readonly Position[]): boolean {
  return adapter.witnessAlsoChangesOn === 'accrualOfDebts' && positions.some(({ kind }) => kind === 'debt')
}

function senderOf({ chain, account }: World<unknown>): Sender {
  return sendAs(chain, account)
}

function everyAction({ actions, refusedActions }: AnySubject) {
  return { ...actions, ...refusedActions }
}

function pick({ witness, positions, requirements, rules }: TracedReading) {
  return { witness, positions, requirements, rules }
}

function claimsOf({ positions }: Pick<TracedReading, 'positions'>): readonly string[] {
  return positions.map(({ claim }) => claimKey(claim))
}

/** One underlying moved from one price to another; what is worth a dollar stays where it was. */
function shiftBy(
  world: World<unknown>,
  { underlying, timestamp, from, to }: { underlying: string; timestamp: number; from: Wad; to: Wad },
): VenueShift {
  const { assets } = parametersOf(world)
  return {
    price: (name) => (name === underlying ? to : wad),
    base: (name) => (name === underlying ? from : wad),
    underlyingOf: (asset) => assets[asset]?.underlying,
    rate: () => wad,
    timestamp,
  }
}
