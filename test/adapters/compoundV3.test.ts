import { expect } from 'chai'
import { type Address, getAddress } from 'viem'
import { compoundV3 } from '../../src/adapters/compoundV3.ts'
import { InconsistentReadError, InvalidInputError } from '../../src/core/errors.ts'
import { parseWith } from '../../src/core/schema.ts'
import type { VenueShift } from '../../src/risk/venues/shift.ts'
import { venueState } from '../../src/risk/venues/venueState.ts'
import { thrown } from '../support/rejection.ts'
import { contextOf, holder as lower } from './support/context.ts'
import { type HandEncodedAnswers, runHandEncoded } from './support/handEncoded.ts'

const holder = getAddress(lower)
const at = (digit: string): Address => getAddress(`0x${digit.repeat(40)}`)
const [comet, usdc, weth, wbtc] = [at('c'), at('1'), at('2'), at('3')]
const [usdcFeed, wethFeed, wbtcFeed] = [at('4'), at('5'), at('6')]
const wad = 10n ** 18n

/** From Compound's own interface (CometMainInterface, CometExtInterface), written out for the second client. */
const signatures = [
  'function baseToken() view returns (address)',
  'function decimals() view returns (uint8)',
  'function baseTokenPriceFeed() view returns (address)',
  'function numAssets() view returns (uint8)',
  'function getAssetInfo(uint8) view returns (tuple(uint8, address, address, uint64, uint64, uint64, uint64, uint128))',
  'function getPrice(address) view returns (uint256)',
  'function userBasic(address) view returns (int104, uint64, uint64, uint16, uint8)',
  'function userCollateral(address, address) view returns (uint128, uint128)',
  'function balanceOf(address) view returns (uint256)',
  'function borrowBalanceOf(address) view returns (uint256)',
  'function isLiquidatable(address) view returns (bool)',
  'function totalsBasic() view returns (tuple(uint64, uint64, uint64, uint64, uint104, uint104, uint40, uint8))',
  'function description() view returns (string)',
]

type Account = {
  readonly principal?: bigint
  readonly supplied?: bigint
  readonly owed?: bigint
  readonly isLiquidatable?: boolean
  readonly weth?: bigint
  readonly wbtc?: bigint
  readonly wethPrice?: bigint
  readonly scale?: bigint
  readonly description?: string
}

/** A market of USDC at $0.9999 with WETH at 82.5/89.5/95 % and WBTC at 70/77/93 %, and an index of 1.25 for debts. */
function answersOf(account: Account): HandEncodedAnswers {
  const info = (index: number, asset: Address, feed: Address, scale: bigint, factors: readonly bigint[]) => [
    [index, asset, feed, scale, ...factors.map((percent) => (percent * wad) / 1000n), 10n ** 24n],
  ]
  return {
    signatures,
    answers: {
      [comet]: {
        'baseToken()': [usdc],
        'decimals()': [6],
        'baseTokenPriceFeed()': [usdcFeed],
        'numAssets()': [2],
        'getAssetInfo(0)': info(0, weth, wethFeed, account.scale ?? wad, [825n, 895n, 950n]),
        'getAssetInfo(1)': info(1, wbtc, wbtcFeed, 10n ** 8n, [700n, 770n, 930n]),
        [`getPrice(${usdcFeed})`]: [99_990_000n],
        [`getPrice(${wethFeed})`]: [account.wethPrice ?? 2_000_00000000n],
        [`getPrice(${wbtcFeed})`]: [60_000_12345678n],
        [`userBasic(${holder})`]: [account.principal ?? 0n, 7n, 8n, 3, 0],
        [`userCollateral(${holder}, ${weth})`]: [account.weth ?? 0n, 0n],
        [`userCollateral(${holder}, ${wbtc})`]: [account.wbtc ?? 0n, 0n],
        [`balanceOf(${holder})`]: [account.supplied ?? 0n],
        [`borrowBalanceOf(${holder})`]: [account.owed ?? 0n],
        [`isLiquidatable(${holder})`]: [account.isLiquidatable ?? false],
        'totalsBasic()': [[1_100_000_000_000_000n, 1_250_000_000_000_000n, 0n, 0n, 0n, 0n, 1_000n, 0]],
      },
      [usdcFeed]: { 'description()': [account.description ?? 'USDC / USD'] },
    },
  }
}

const context = {
  ...contextOf({ comets: [comet] }, { [usdc]: 6, [weth]: 18, [wbtc]: 8 }),
  account: holder,
}
const read = (account: Account) => runHandEncoded(compoundV3.read(context), answersOf(account))
const positionsOf = (account: Account) => compoundV3.toPositions(read(account), context)

/** 4,000 USDC of principal at an index of 1.25: 5,000 stored, and 5,000.000001 with the interest since. */
const borrower: Account = { principal: -4_000_000000n, owed: 5_000_000001n, weth: 2n * wad, wbtc: 1_000_0001n }

/** A market that does not move. */
const still: VenueShift = { underlyingOf: () => 'X', base: () => 1n, price: () => 1n, rate: () => wad, timestamp: 0 }

describe('compoundV3 against hand-encoded answers', () => {
  it('lists what is supplied, every collateral and the accrued debt, at the prices of the market', () => {
    const { positions } = positionsOf(borrower)
    const rows = positions.map((position) => [
      position.kind,
      position.claim.id,
      'amount' in position && position.amount,
      position.venueValue,
    ])
    expect(rows).to.deep.equal([
      // 5,000.000001 · 0.9999 = 4,999.5000009999 rounded up to 1e-18.
      ['debt', 'debt', 5_000_000001n, -4_999_500000_999900_000000n],
      ['balance', weth, 2n * wad, 4_000n * wad],
      // 0.10000001 · 60,000.12345678 = 6,000.0129456792345678
      ['balance', wbtc, 1_000_0001n, 6_000_012945_679234_567800n],
    ])
    for (const { claim, venueAccount, control } of positions) {
      expect([claim.contract, claim.holder, control]).to.deep.equal([comet, holder, 'venue'])
      expect(venueAccount).to.include({ venue: 'venue', instance: comet, holder, subAccount: '' })
    }
    const supplier = positionsOf({ principal: 100n, supplied: 110n, wbtc: 5n })
    expect(supplier.positions.map((position) => 'amount' in position && position.amount)).to.deep.equal([110n, 5n])
    expect([supplier.rules, supplier.requirements]).to.deep.equal([[], []])
    expect(positionsOf({}).positions).to.deep.equal([])
  })

  it('demands of a debt what the factors leave out of the collateral, to borrow and to stay', () => {
    const [requirement] = positionsOf(borrower).requirements
    // Values in 1e-8 USD: WETH 400,000,000,000, WBTC 600,001,294,567 (truncated).
    const carried = (w: bigint, b: bigint) => (400_000_000_000n * w) / 1000n + (600_001_294_567n * b) / 1000n
    expect(requirement?.initial).to.equal((1_000_001_294_567n - carried(825n, 700n)) * 10n ** 10n)
    expect(requirement?.maintenance).to.equal((1_000_001_294_567n - carried(895n, 770n)) * 10n ** 10n)
  })

  it('gives a rule whose verdict and slack are those of isLiquidatable at the accrued debt, on both sides of the flip', () => {
    const [rule] = positionsOf(borrower).rules
    const state = venueState(rule ?? expect.fail(), still)
    // Capacity 358,000,000,000 + 462,000,996,816 = 820,000,996,816; owed 499,950,000,099.99 rounded up, in 1e-8 USD.
    expect(state.slack).to.equal((820_000_996_816n - 499_950_000_100n) * 10n ** 10n)
    expect(state.isLiquidatable).to.equal(false)

    // Without WBTC, 2 WETH at p carry 1.79 p, floored: at 2,793.01675977 $ 499,949,999,998, at 2,793.01675978 $ 500,000,...
    const alone = { principal: -4_000_000000n, owed: 5_000_000000n, weth: 2n * wad }
    for (const [wethPrice, isLiquidatable] of [
      [2_793_01675977n, true],
      [2_793_01675978n, false],
    ] as const) {
      const capacity = (2n * wethPrice * 895n) / 1000n
      expect(capacity < 499_950_000_000n, `${wethPrice}`).to.equal(isLiquidatable)
      const [moved] = positionsOf({ ...alone, wethPrice, isLiquidatable }).rules
      expect(venueState(moved ?? expect.fail(), still).isLiquidatable).to.equal(isLiquidatable)
    }
  })

  it('refuses a market whose own verdict its collateral does not bear out', async () => {
    for (const account of [
      { ...borrower, isLiquidatable: true },
      { ...borrower, weth: 0n, wbtc: 0n },
    ]) {
      expect((await thrown(() => positionsOf(account), InconsistentReadError)).message).to.include(comet)
    }
  })

  it('refuses balances that contradict the principal, other decimals, odd scales and markets that count in another unit', async () => {
    for (const [account, says] of [
      [{ principal: -1n }, /principal of -1/],
      [{ principal: 1n, supplied: 1n, owed: 1n }, /debt of 1/],
      [{ supplied: 5n }, /balance of 5/],
      [{ weth: 1n, scale: 3n }, /scale of 3/],
      [{ weth: 1n, scale: 10n ** 17n }, /17 decimals/],
      [{ description: 'Constant price feed' }, /does not count in US dollars/],
      [{ description: 'wstETH / ETH' }, /"wstETH \/ ETH"/],
    ] as const) {
      expect((await thrown(() => positionsOf(account), InconsistentReadError)).message).to.match(says)
    }
    for (const configuration of [{ comets: [] }, { comets: [comet, comet] }, {}]) {
      await thrown(() => parseWith(compoundV3.configuration, configuration, 'venue'), InvalidInputError)
    }
  })

  it('witnesses principal and every collateral of every market, held or not', () => {
    const calls = compoundV3.witness(read({}), context)
    expect(calls.map(({ address, functionName, args }) => [address, functionName, args])).to.deep.equal([
      [comet, 'userBasic', [holder]],
      [comet, 'userCollateral', [holder, weth]],
      [comet, 'userCollateral', [holder, wbtc]],
    ])
  })

  it('reads a mainnet market as the market itself sees the account', async function () {
    const url = process.env.PLIMSOLL_MAINNET_RPC
    if (url === undefined || url === '') {
      process.stderr.write(
        '      skipped: no package deploys Compound III; name a node of Ethereum in PLIMSOLL_MAINNET_RPC (and an account in PLIMSOLL_MAINNET_ACCOUNT) to run it\n',
      )
      this.skip()
    }
    const { readOnMainnet } = await import('./support/mainnet.ts')
    await readOnMainnet(url)
  })
})
