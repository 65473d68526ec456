import { expect } from 'chai'
import fc from 'fast-check'
import { DuplicateClaimError } from '../../src/core/distinctClaims.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { formatSnapshot, inputsHash, parseSnapshot, type Snapshot } from '../../src/core/snapshot.ts'
import { wad } from '../../src/core/units.ts'
import {
  assets,
  balance,
  consumerDebt,
  debt,
  liquidity,
  option,
  perpetual,
  portfolioOf,
  testMarket,
} from '../support/books.ts'

const snapshot: Snapshot = {
  schema: 'plimsoll-snapshot/1',
  portfolio: portfolioOf(
    balance(assets.weth, 10n ** 30n),
    debt(assets.usdc, 1n),
    perpetual(-wad),
    { ...perpetual(wad), quoteAsset: null },
    option('put', 2000, wad),
    liquidity(-10, 10, 5n),
    consumerDebt(7n),
  ),
  market: testMarket(),
  witnesses: [{ venue: 'venue-a', calls: `0x${'01'.repeat(32)}`, results: `0x${'02'.repeat(32)}` }],
}

/** The problem found in the snapshot's JSON after an edit. */
function problemOf(edit: (plain: ReturnType<typeof plainOf>) => unknown): string {
  const plain = plainOf()
  edit(plain)
  try {
    parseSnapshot(JSON.stringify(plain))
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message
    throw error
  }
  return ''
}
// biome-ignore lint/suspicious/noExplicitAny: the tests break the type on purpose.
const plainOf = (): any => JSON.parse(formatSnapshot(snapshot))

describe('snapshot', () => {
  it('survives a round trip through JSON to the last unit', () => {
    expect(parseSnapshot(formatSnapshot(snapshot))).to.deep.equal(snapshot)
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 256n), (amount) => {
        const one = { ...snapshot, portfolio: portfolioOf(balance(assets.weth, amount)) }
        expect(parseSnapshot(formatSnapshot(one))).to.deep.equal(one)
      }),
      { numRuns: 50, seed: 7 },
    )
  })

  it('hashes positions and market but not the witnesses', () => {
    expect(inputsHash({ ...snapshot, witnesses: [] })).to.equal(inputsHash(snapshot))
    const cheaper = { ...snapshot, market: testMarket({ eth: 1999n * wad }) }
    expect(inputsHash(cheaper)).not.to.equal(inputsHash(snapshot))
  })

  it('error: text that is not JSON', () => {
    expect(() => parseSnapshot('{"schema":')).to.throw(InvalidInputError, 'is not JSON')
  })
  it('error: names the path and the value', () => {
    expect(problemOf((plain) => Object.assign(plain.portfolio.positions[0], { amount: 12 }))).to.contain(
      'portfolio.positions.0.amount',
    )
    expect(problemOf((plain) => Object.assign(plain.portfolio.positions[0], { amount: '-5' }))).to.contain('got "-5"')
    expect(problemOf((plain) => Object.assign(plain.portfolio.positions[0], { amount: '1e18' }))).to.contain(
      'got "1e18"',
    )
    expect(problemOf((plain) => Object.assign(plain.portfolio, { account: '0x12' }))).to.contain(
      'portfolio.account: expected an address',
    )
    expect(problemOf((plain) => Object.assign(plain.market.prices.ETH, { price: '0' }))).to.contain(
      'market.prices.ETH.price',
    )
    expect(problemOf((plain) => Object.assign(plain.market.prices.ETH, { price: '-1' }))).to.contain(
      'market.prices.ETH.price',
    )
  })
  it('error: unknown fields and kinds', () => {
    expect(problemOf((plain) => Object.assign(plain, { extra: 1 }))).to.contain('extra')
    expect(problemOf((plain) => Object.assign(plain.portfolio.positions[0], { kind: 'nft' }))).to.contain(
      'positions.0.kind',
    )
  })
  it('error: ticks that do not enclose a range', () => {
    expect(problemOf((plain) => Object.assign(plain.portfolio.positions[4], { tickLower: 10 }))).to.contain('tickLower')
  })
  it('error: the same claim twice', () => {
    const plain = plainOf()
    plain.portfolio.positions.push(plain.portfolio.positions[0])
    expect(() => parseSnapshot(JSON.stringify(plain))).to.throw(DuplicateClaimError)
  })
  it('error: names that every object has', () => {
    for (const member of ['toString', 'constructor']) {
      expect(problemOf((plain) => Object.assign(plain.portfolio.positions[2], { underlying: member }))).to.contain(
        'Object.prototype',
      )
    }
  })
})
