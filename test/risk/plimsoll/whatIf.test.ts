import { expect } from 'chai'
import fc from 'fast-check'
import { zeroAddress } from 'viem'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { claimKey, type Position } from '../../../src/core/position.ts'
import { parseWith } from '../../../src/core/schema.ts'
import { UnknownPathError } from '../../../src/core/setPath.ts'
import { formatSnapshot, parseSnapshot, type Snapshot } from '../../../src/core/snapshot.ts'
import { wad } from '../../../src/core/units.ts'
import { calculateMargin } from '../../../src/risk/plimsoll/calculateMargin.ts'
import { calculateLadder } from '../../../src/risk/plimsoll/ladder.ts'
import { UnfollowedChangeError } from '../../../src/risk/plimsoll/resizeClaim.ts'
import {
  applyChanges,
  type Change,
  changesSchema,
  UnknownClaimError,
  type WhatIf,
} from '../../../src/risk/plimsoll/whatIf.ts'
import {
  assets,
  balance,
  debt,
  option,
  perpetual,
  portfolioOf,
  testMarket,
  testParameters,
} from '../../support/books.ts'
import { thrown } from '../../support/rejection.ts'
import { ethMarket, lendingPool, optionCollateral, perpetualAccount, short } from '../venues/support/rules.ts'

const usdc = (amount: bigint) => amount * 10n ** 6n

const collateral = balance(assets.weth, 10n * wad, { venue: 'lending', id: 'collateral' })
const loan = debt(assets.usdc, usdc(12_000n), { venue: 'lending', id: 'loan' })
const hedge = perpetual(-10n * wad, 2_000n * wad, { venue: 'perp', id: 'hedge' })
const cash = balance(assets.usdc, usdc(20_000n), { venue: 'perp', id: 'cash' })
const call = option('call', 2000, -wad, { venue: 'options', id: 'call' })
const callCollateral = balance(assets.usdc, usdc(900n), { venue: 'options', id: 'call', contract: zeroAddress })

const lendingRule = lendingPool({
  venueAccount: collateral.venueAccount,
  collaterals: [
    {
      asset: assets.weth,
      amount: 10n * wad,
      decimals: 18,
      quote: 2_000n * 10n ** 8n,
      liquidationThreshold: 8_250,
      bonus: 500,
    },
  ],
  debts: [{ asset: assets.usdc, amount: usdc(12_000n), decimals: 6, quote: 10n ** 8n }],
})
const perpRule = perpetualAccount({
  venueAccount: hedge.venueAccount,
  quoteAsset: assets.usdc,
  cash: 20_000n * wad,
  markets: [ethMarket(-10n * wad, 2_000n * wad)],
})
const optionRule = optionCollateral(
  [short('call', 'quote', { id: 'call', collateral: usdc(900n), expiry: call.expiry })],
  {
    venueAccount: call.venueAccount,
    quoteAsset: assets.usdc,
  },
)

const portfolio = {
  ...portfolioOf(collateral, loan, hedge, cash, call, callCollateral),
  rules: [lendingRule, perpRule, optionRule],
  requirements: [{ venueAccount: loan.venueAccount, initial: wad, maintenance: wad }],
}
const snapshot: Snapshot = {
  schema: 'plimsoll-snapshot/1',
  portfolio,
  market: testMarket(),
  witnesses: [{ venue: 'lending', calls: `0x${'00'.repeat(32)}`, results: `0x${'00'.repeat(32)}` }],
}
const start: WhatIf = { snapshot, parameters: testParameters() }
const key = (position: Position) => claimKey(position.claim)
const marginOf = ({ snapshot: { portfolio, market }, parameters }: WhatIf) =>
  calculateMargin({ portfolio, market, parameters })
const ruleOf = ({ snapshot: { portfolio } }: WhatIf, venue: string) =>
  portfolio.rules.find(({ venueAccount }) => venueAccount.venue === venue)

describe('applyChanges', function () {
  this.timeout(30_000)

  it('leaves what is given alone, and takes the witnesses off what is changed', () => {
    const before = formatSnapshot(snapshot)
    const after = applyChanges(start, [{ kind: 'remove', claim: key(hedge) }])
    expect(formatSnapshot(snapshot)).to.equal(before)
    expect(applyChanges(start, [])).to.deep.equal(start)
    expect(after.snapshot.witnesses).to.deep.equal([])
    expect(parseSnapshot(formatSnapshot(after.snapshot))).to.deep.equal(after.snapshot)
  })

  it('halves a debt with its rule, rounded up', () => {
    const after = applyChanges(start, [{ kind: 'resize', claim: key(loan), factor: wad / 2n }])
    expect(ruleOf(after, 'lending')).to.deep.equal({
      ...lendingRule,
      debts: [{ ...lendingRule.debts[0], amount: usdc(6_000n) }],
    })
    expect(marginOf(after).equity - marginOf(start).equity).to.equal(usdc(6_000n))
    expect(after.snapshot.portfolio.requirements).to.deep.equal([])
    const odd = applyChanges(start, [{ kind: 'resize', claim: key(loan), factor: wad / 7n }])
    // 12,000,000,000 / 7 = 1,714,285,714.28… less what 1/7 in WAD lacks
    expect(odd.snapshot.portfolio.positions.find(({ claim }) => claim.id === 'loan')).to.include({
      amount: 1_714_285_715n,
    })
  })

  it('moves cash, size and collateral of a perpetual account and of a short option with their rules', () => {
    const after = applyChanges(start, [
      { kind: 'resize', claim: key(hedge), factor: wad / 2n },
      { kind: 'resize', claim: key(cash), factor: 2n * wad },
      { kind: 'resize', claim: key(callCollateral), factor: 2n * wad },
      { kind: 'resize', claim: key(call), factor: 3n * wad },
    ])
    const perp = ruleOf(after, 'perp')
    expect(perp).to.deep.include({ cash: 40_000n * wad })
    expect(perp?.kind === 'perpetualAccount' && perp.markets).to.deep.equal([ethMarket(-5n * wad, 2_000n * wad)])
    const options = ruleOf(after, 'options')
    const [changed] = options?.kind === 'optionCollateral' ? options.shorts : []
    expect([changed?.amount, changed?.collateral]).to.deep.equal([3n * wad, usdc(1_800n)])
    const none = applyChanges(start, [{ kind: 'remove', claim: key(call) }])
    expect(ruleOf(none, 'options')).to.deep.equal({ ...optionRule, shorts: [] })
  })

  it('says anew at which venues the account holds anything', () => {
    const venues = ['lending', 'options', 'perp'].map((venue) => ({ venue, status: 'present' as const }))
    const told = { ...start, snapshot: { ...snapshot, portfolio: { ...portfolio, venues } } }
    const statusAfter = (...removed: readonly Position[]) =>
      applyChanges(
        told,
        removed.map((position) => ({ kind: 'remove' as const, claim: key(position) })),
      ).snapshot.portfolio.venues.map(({ status }) => status)
    expect(statusAfter(call)).to.deep.equal(['present', 'present', 'present'])
    expect(statusAfter(call, callCollateral)).to.deep.equal(['present', 'none', 'present'])
  })

  it('removes a claim as if it had never been read', () => {
    const after = applyChanges(start, [
      { kind: 'remove', claim: key(call) },
      { kind: 'remove', claim: key(callCollateral) },
    ])
    const never = { ...portfolio, positions: [collateral, loan, hedge, cash], rules: [lendingRule, perpRule] }
    const { initialMargin, equity } = calculateMargin({ ...start, portfolio: never, market: snapshot.market })
    expect([marginOf(after).initialMargin, marginOf(after).equity]).to.deep.equal([initialMargin, equity])
  })

  it('adds a position, in a rule that knows its asset or with a rule of its own', async () => {
    const more = debt(assets.usdc, usdc(1_000n), { venue: 'lending', id: 'more' })
    const after = applyChanges(start, [{ kind: 'add', position: more }])
    const rule = ruleOf(after, 'lending')
    expect(rule?.kind === 'lendingPool' && rule.debts[0]?.amount).to.equal(usdc(13_000n))
    const unknown = debt(assets.susd, wad, { venue: 'lending', id: 'unknown' })
    await thrown(() => applyChanges(start, [{ kind: 'add', position: unknown }]), UnfollowedChangeError)
    const debts = [...lendingRule.debts, { asset: assets.susd, amount: wad, decimals: 18, quote: 10n ** 8n }]
    const told = applyChanges(start, [{ kind: 'add', position: unknown, rule: { ...lendingRule, debts } }])
    expect(marginOf(told).positions).to.have.length(7)
    expect(ruleOf(told, 'lending')).to.deep.include({ debts })
  })

  it('moves venue quotes with a price, but not with a price set by path', () => {
    const price = 1_600n * wad
    const moved = applyChanges(start, [{ kind: 'price', underlying: 'ETH', price }])
    const set = applyChanges(start, [
      { kind: 'set', in: 'market', path: ['prices', 'ETH', 'price'], value: `${price}` },
    ])
    const quote = (whatIf: WhatIf) => {
      const rule = ruleOf(whatIf, 'lending')
      return rule?.kind === 'lendingPool' && rule.collaterals[0]?.quote
    }
    expect([quote(moved), quote(set)]).to.deep.equal([1_600n * 10n ** 8n, 2_000n * 10n ** 8n])
    expect([moved, set].map(({ snapshot: { market } }) => market.prices.ETH?.price)).to.deep.equal([price, price])
    // 10 ETH of collateral and 10 short at the perpetual cancel but for the paper haircut: 10 % of a profit of 4,000.
    const [without, withoutMoved] = [start, moved].map((whatIf) =>
      marginOf(applyChanges(whatIf, [{ kind: 'remove', claim: key(call) }])),
    )
    expect((without?.equity ?? 0n) - (withoutMoved?.equity ?? 0n)).to.equal(usdc(400n))
  })

  it('lowers a liquidation threshold as a vote would: 12,000 / 7.8 = 1,538.46…', () => {
    const path = ['lending', 'collaterals', assets.weth, 'liquidationThreshold']
    const after = applyChanges(start, [{ kind: 'set', in: 'rules', path, value: '7800' }])
    const ladder = calculateLadder({
      ...after.snapshot,
      parameters: after.parameters,
      underlyings: ['ETH'],
      marginGrid: wad / 4n,
    })
    const rung = ladder.underlyings[0]?.rungs.find(
      ({ subject, direction }) => subject.kind === 'venue' && subject.venue === 'lending' && direction === 'down',
    )
    expect((rung?.crossings[0]?.good ?? 0n) / 10n ** 16n).to.equal(153_847n)
  })

  it('changes confidence, volatility and parameters', () => {
    const confident = applyChanges(start, [{ kind: 'confidence', underlying: 'ETH', confidence: wad / 4n }])
    const line = (whatIf: WhatIf) => marginOf(whatIf).lines.find(({ id }) => id === 'oracleConfidence')?.initial ?? 0n
    expect(line(confident) > line(start)).to.equal(true)
    const wild = applyChanges(start, [{ kind: 'volatility', surface: 'test', factor: 2n * wad }])
    expect(marginOf(wild).equity < marginOf(start).equity).to.equal(true)
    const wide = applyChanges(start, [
      { kind: 'set', in: 'parameters', path: ['underlyings', 'ETH', 'range'], value: `${(wad * 19n) / 100n}` },
    ])
    expect(wide.parameters.underlyings.ETH?.range).to.equal((wad * 19n) / 100n)
    expect(marginOf(wide).parametersHash).not.to.equal(marginOf(start).parametersHash)
  })

  it('error: UnknownClaimError, UnknownPathError and InvalidInputError say what there is', async () => {
    const claim = await thrown(() => applyChanges(start, [{ kind: 'remove', claim: 'nothing' }]), UnknownClaimError)
    expect(claim.message).to.include(key(loan))
    const paths: readonly Change[] = [
      { kind: 'set', in: 'parameters', path: ['lines', 'scann', 'initial'], value: '1' },
      { kind: 'set', in: 'parameters', path: ['lines', 'scan'], value: '1' },
      { kind: 'set', in: 'parameters', path: ['lines', 'scan', 'initial', 'deeper'], value: '1' },
      { kind: 'set', in: 'parameters', path: ['constructor'], value: '1' },
      { kind: 'set', in: 'rules', path: ['nowhere', 'closeFactor'], value: '1' },
      { kind: 'volatility', surface: 'other', factor: wad },
    ]
    for (const change of paths) await thrown(() => applyChanges(start, [change]), UnknownPathError)
    const [mistyped] = paths as [Change]
    expect((await thrown(() => applyChanges(start, [mistyped]), UnknownPathError)).message).to.include('scan, ')
    const values: readonly Change[] = [
      { kind: 'set', in: 'parameters', path: ['lines', 'scan', 'initial'], value: '0' },
      { kind: 'set', in: 'rules', path: ['lending', 'collaterals', '0', 'liquidationThreshold'], value: 'high' },
      { kind: 'set', in: 'market', path: ['prices', 'ETH', 'price'], value: '-1' },
    ]
    for (const change of values) await thrown(() => applyChanges(start, [change]), InvalidInputError)
    await thrown(() => parseWith(changesSchema, [{ kind: 'price', underlying: 'ETH' }], 'changes'), InvalidInputError)
    await thrown(() => parseWith(changesSchema, [{ kind: 'sell' }], 'changes'), InvalidInputError)
  })

  it('property: a factor of one changes nothing that a margin sees, and a debt owed less never lowers equity', () => {
    const claims = [collateral, loan, hedge, cash, call, callCollateral].map(key)
    const base = marginOf(start)
    for (const claim of claims) {
      const same = marginOf(applyChanges(start, [{ kind: 'resize', claim, factor: wad }]))
      expect([same.equity, same.initialMargin, same.maintenanceMargin], claim).to.deep.equal([
        base.equity,
        base.initialMargin,
        base.maintenanceMargin,
      ])
    }
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: wad }), (factor) => {
        const after = marginOf(applyChanges(start, [{ kind: 'resize', claim: key(loan), factor }]))
        return after.equity >= base.equity
      }),
      { numRuns: 20 },
    )
  })
})
