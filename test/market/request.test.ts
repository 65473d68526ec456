import { expect } from 'chai'
import type { Address } from 'viem'
import { toAssetKey } from '../../src/core/asset.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import type { Position } from '../../src/core/position.ts'
import { toMarketRequest } from '../../src/market/request.ts'

const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
const key = (index: number) => toAssetKey(1, token(index))
const entry = (underlying: string) => ({ underlying })
const parameters = {
  credit: { free: 0n, venue: 1n, enforceable: 1n },
  assets: { [key(1)]: entry('ETH'), [key(2)]: entry('USDC'), [key(3)]: entry('SUSD') },
} as unknown as MarginParameters

const held = {
  claim: { chainId: 1, contract: token(9), holder: token(8), id: '' },
  venueAccount: { chainId: 1, venue: 'v', instance: token(9), holder: token(8), subAccount: '' },
  control: 'venue',
} as const
const option = {
  ...held,
  kind: 'option',
  underlying: 'ETH',
  quoteAsset: key(3),
  right: 'call',
  strike: 5n,
  expiry: 100,
  size: 1n,
  surface: 's',
} as const
const request = (positions: readonly Position[], timestamp = 50) =>
  toMarketRequest(positions, { parameters, timestamp })

describe('toMarketRequest', () => {
  it('asks for every underlying and known asset once, in order', () => {
    const positions: Position[] = [
      { ...held, kind: 'debt', asset: key(2), amount: 1n },
      { ...held, kind: 'balance', asset: key(1), amount: 1n },
      { ...held, kind: 'balance', asset: key(1), amount: 2n },
      { ...held, kind: 'perpetual', underlying: 'BTC', quoteAsset: key(2), size: 1n, cost: 0n, funding: 0n },
      {
        ...held,
        kind: 'concentratedLiquidity',
        token0: key(3),
        token1: key(4),
        liquidity: 1n,
        tickLower: 0,
        tickUpper: 1,
        fees0: 0n,
        fees1: 0n,
      },
      { ...held, kind: 'consumerDebt', amount: 1n },
    ]
    expect(request(positions)).to.deep.equal({
      underlyings: ['BTC', 'ETH', 'SUSD', 'USDC'],
      // The settlement token of a perpetual goes either way.
      held: [key(1), key(2), key(3)],
      owed: [key(2)],
      options: [],
    })
  })

  it('asks for nothing on behalf of tokens that are not credited', () => {
    const dust: Position = { ...held, control: 'free', kind: 'balance', asset: key(3), amount: 1n }
    expect(request([dust])).to.deep.equal({ underlyings: [], held: [], owed: [], options: [] })
  })

  it('asks for each live contract once and for no volatility of an expired one', () => {
    const { options, underlyings } = request([option, { ...option, size: -2n }, { ...option, strike: 6n }])
    expect(options).to.deep.equal([
      { surface: 's', strike: 5n, expiry: 100, underlying: 'ETH' },
      { surface: 's', strike: 6n, expiry: 100, underlying: 'ETH' },
    ])
    expect(underlyings).to.deep.equal(['ETH', 'SUSD'])
    expect(request([option], 100).options).to.deep.equal([])
  })
})
