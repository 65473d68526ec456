import { AbiCoder, keccak256 } from 'ethers'
import { type Address, getAddress, zeroAddress } from 'viem'
import { holder as lower } from './context.ts'
import type { HandEncodedAnswers } from './handEncoded.ts'

export const holder = getAddress(lower)
const at = (digit: string): Address => getAddress(`0x${digit.repeat(40)}`)
export const [reader, dataStore, referralStorage, glv] = [at('1'), at('2'), at('3'), at('4')]
export const [ethMarket, btcMarket, otherMarket] = [at('5'), at('6'), at('7')]
export const [weth, usdc, wbtc, doge] = [at('8'), at('9'), at('a'), at('b')]
const [wethFeed, usdcFeed, wbtcFeed] = [at('c'), at('d'), at('e')]

/** 1.0 of the venue's factors and a dollar. */
export const unit = 10n ** 30n

/** As the venue documents them (`Reader.sol`, `Position.sol`, `PositionPricingUtils.sol` of release 2.2), for the second client. */
const numbers = 'tuple(uint256, uint256, uint256, int256, uint256, uint256, uint256, uint256, uint256, uint256)'
const position = `tuple(tuple(address, address, address), ${numbers}, tuple(bool))`
const price = 'tuple(uint256, uint256)'
const prices = `tuple(${price}, ${price}, ${price})`
const words = (count: number) => Array(count).fill('uint256').join(', ')
const fees = `tuple(tuple(bytes32, address, address, ${words(7)}), tuple(${words(3)}), tuple(${words(6)}), tuple(${words(4)}), tuple(address, uint256, uint256), tuple(${words(4)}), ${price}, ${words(10)})`
const execution = 'tuple(int256, uint256, bool, int256, int256, uint256)'
const market = 'tuple(address, address, address, address)'
const signatures = [
  `function getMarket(address, address) view returns (${market})`,
  `function getAccountPositions(address, address, uint256, uint256) view returns (${position}[])`,
  `function getPositionInfo(address, address, bytes32, ${prices}, uint256, address, bool) view returns (tuple(bytes32, ${position}, ${fees}, ${execution}, int256, int256, int256))`,
  `function isPositionLiquidatable(address, address, bytes32, ${market}, ${prices}, bool, bool) view returns (bool, string, tuple(int256, int256, int256))`,
  'function getUint(bytes32) view returns (uint256)',
  'function getAddress(bytes32) view returns (address)',
  'function getBytes32Count(bytes32) view returns (uint256)',
  'function balanceOf(address) view returns (uint256)',
  'function decimals() view returns (uint8)',
  'function latestRoundData() view returns (uint80, int256, uint256, uint256, uint80)',
]

const coder = AbiCoder.defaultAbiCoder()

/** keccak256(abi.encode(keccak256(abi.encode(name)), …)), by the second client. */
export function keyOf(name: string, ...addresses: readonly Address[]): string {
  const base = keccak256(coder.encode(['string'], [name]))
  return keccak256(coder.encode(['bytes32', ...addresses.map(() => 'address')], [base, ...addresses]))
}

export type HandPosition = {
  readonly market?: Address
  readonly collateralToken?: Address
  readonly isLong?: boolean
  readonly sizeInUsd?: bigint
  readonly sizeInTokens?: bigint
  readonly collateralAmount?: bigint
  readonly pendingImpactAmount?: bigint
  readonly fundingFee?: bigint
  readonly borrowingFee?: bigint
  readonly closingFee?: bigint
  readonly discount?: bigint
  readonly closingImpact?: bigint
  readonly profit?: bigint
  readonly uncappedProfit?: bigint
  readonly claimable?: readonly [bigint, bigint]
  /** What the venue's own check says. */
  readonly isLiquidatable?: boolean
  readonly remaining?: bigint
  readonly minimum?: bigint
  readonly leverageMinimum?: bigint
  /** Answers of another size than the position's, as a reader of another release would give them. */
  readonly shifted?: boolean
}

export type HandAccount = {
  readonly positions?: readonly HandPosition[]
  readonly orders?: bigint
  readonly count?: bigint
  readonly owner?: Address
  readonly ethPrice?: bigint
  readonly usdcPrice?: bigint
  readonly feedUpdatedAt?: bigint
  readonly multiplier?: bigint
  readonly wethFeed?: Address
  readonly wethDecimals?: number
  readonly credited?: readonly [bigint, bigint]
  readonly marketTokens?: bigint
  readonly glvTokens?: bigint
}

/** Long 10 ETH from 2,000 on 1 WETH of collateral. */
export const longOnEther: HandPosition = {
  market: ethMarket,
  collateralToken: weth,
  isLong: true,
  sizeInUsd: 20_000n * unit,
  sizeInTokens: 10n * 10n ** 18n,
  collateralAmount: 10n ** 18n,
}

/** What the account is answered; the venue's check is given the remainder by hand. */
export function gmxAnswers(account: HandAccount): HandEncodedAnswers {
  const positions = account.positions ?? []
  const prices = priceArguments(account)
  const props = positions.map((item) => propsOf(item, account.owner ?? holder))
  const count = account.count ?? BigInt(positions.length)
  const pages: Record<string, readonly unknown[]> = {}
  for (let start = 0n; start < count; start += 100n) {
    const page = props.slice(Number(start), Number(start) + 100)
    pages[`getAccountPositions(${dataStore}, ${holder}, ${start}, ${start + 100n})`] = [page]
  }
  const views = Object.fromEntries(
    positions.flatMap((item, index) => {
      const key = positionKeyOf(item)
      const token = item.collateralToken ?? weth
      const own = item.market === btcMarket ? prices.btc : prices.eth
      const collateral = token === weth ? prices.ofWeth : token === usdc ? prices.ofUsdc : prices.ofWbtc
      const marketText = (item.market === btcMarket ? btcProps : ethProps).join(',')
      return [
        [
          `getPositionInfo(${dataStore}, ${referralStorage}, ${key}, ${own.flat().join(',')}, 0, ${zeroAddress}, true)`,
          [infoOf(item, props[index], collateral)],
        ],
        [
          `isPositionLiquidatable(${dataStore}, ${referralStorage}, ${key}, ${marketText}, ${own.flat().join(',')}, true, true)`,
          [
            item.isLiquidatable ?? false,
            '',
            [item.remaining ?? 0n, item.minimum ?? unit, item.leverageMinimum ?? 100n * unit],
          ],
        ],
      ] as const
    }),
  )
  const store: Record<string, readonly unknown[]> = {
    [`getBytes32Count(${keyOf('ACCOUNT_POSITION_LIST', holder)})`]: [count],
    [`getBytes32Count(${keyOf('ACCOUNT_ORDER_LIST', holder)})`]: [account.orders ?? 0n],
  }
  const uint = (name: string, addresses: readonly Address[], value: bigint) => {
    store[`getUint(${keyOf(name, ...addresses)})`] = [value]
  }
  for (const own of [ethMarket, btcMarket]) {
    uint('MIN_COLLATERAL_FACTOR', [own], unit / 100n)
    uint('LIQUIDATION_FEE_FACTOR', [own], (2n * unit) / 1_000n)
    uint('MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS', [own], unit / 100n)
  }
  const [long, short] = account.credited ?? [0n, 0n]
  for (const [own, token, amount] of [
    [ethMarket, weth, long],
    [ethMarket, usdc, short],
    [btcMarket, wbtc, 0n],
  ] as const) {
    uint('CLAIMABLE_FUNDING_AMOUNT', [own, token, holder], amount)
  }
  for (const [token, feed, multiplier, stable] of [
    [weth, account.wethFeed ?? wethFeed, account.multiplier ?? 10n ** 34n, 0n],
    [usdc, usdcFeed, 10n ** 46n, 10n ** 24n],
    [wbtc, wbtcFeed, 10n ** 44n, 0n],
  ] as const) {
    store[`getAddress(${keyOf('PRICE_FEED', token)})`] = [feed]
    uint('PRICE_FEED_MULTIPLIER', [token], multiplier)
    uint('PRICE_FEED_HEARTBEAT_DURATION', [token], 3_600n)
    uint('STABLE_PRICE', [token], stable)
  }
  const feed = (answer: bigint) => ({
    'decimals()': [8],
    'latestRoundData()': [1n, answer, 0n, account.feedUpdatedAt ?? 999_000n, 1n],
  })
  const balance = (amount: bigint) => ({ [`balanceOf(${holder})`]: [amount] })
  return {
    signatures,
    answers: {
      [reader]: {
        [`getMarket(${dataStore}, ${ethMarket})`]: [ethProps],
        [`getMarket(${dataStore}, ${btcMarket})`]: [btcProps],
        [`getMarket(${dataStore}, ${otherMarket})`]: [[otherMarket, zeroAddress, weth, usdc]],
        ...pages,
        ...views,
      },
      [dataStore]: store,
      [wethFeed]: feed(account.ethPrice ?? 2_000_00000000n),
      [usdcFeed]: feed(account.usdcPrice ?? 99_990_000n),
      [wbtcFeed]: feed(60_000_00000000n),
      [weth]: { 'decimals()': [account.wethDecimals ?? 18] },
      [usdc]: { 'decimals()': [6] },
      [wbtc]: { 'decimals()': [8] },
      [ethMarket]: balance(account.marketTokens ?? 0n),
      [btcMarket]: balance(0n),
      [otherMarket]: balance(0n),
      [glv]: balance(account.glvTokens ?? 0n),
    },
  }
}

const ethProps = [ethMarket, weth, weth, usdc] as const
/** One token on both sides. */
const btcProps = [btcMarket, wbtc, wbtc, wbtc] as const

/** By the documented formula, answer · multiplier / 1e30, with the anchor of USDC at a dollar. */
function priceArguments({ ethPrice = 2_000_00000000n, usdcPrice = 99_990_000n }: HandAccount) {
  const ofWeth = [ethPrice * 10n ** 4n, ethPrice * 10n ** 4n]
  const least = usdcPrice * 10n ** 16n < 10n ** 24n ? usdcPrice * 10n ** 16n : 10n ** 24n
  const most = usdcPrice * 10n ** 16n < 10n ** 24n ? 10n ** 24n : usdcPrice * 10n ** 16n
  const ofUsdc = [least, most]
  const ofWbtc = [60_000_00000000n * 10n ** 14n, 60_000_00000000n * 10n ** 14n]
  return { ofWeth, ofUsdc, ofWbtc, eth: [ofWeth, ofWeth, ofUsdc], btc: [ofWbtc, ofWbtc, ofWbtc] }
}

/** keccak256(abi.encode(account, market, collateral token, is long)), by the second client. */
function positionKeyOf({ market: own = ethMarket, collateralToken = weth, isLong = true }: HandPosition): string {
  const types = ['address', 'address', 'address', 'bool']
  return keccak256(coder.encode(types, [holder, own, collateralToken, isLong]))
}

function propsOf(item: HandPosition, owner: Address): readonly unknown[] {
  const { market: own = ethMarket, collateralToken = weth, isLong = true } = item
  const { sizeInUsd = 0n, sizeInTokens = 0n, collateralAmount = 0n, pendingImpactAmount = 0n } = item
  return [
    [owner, own, collateralToken],
    [sizeInUsd, sizeInTokens, collateralAmount, pendingImpactAmount, 11n, 12n, 13n, 14n, 15n, 16n],
    [isLong],
  ]
}

function infoOf(item: HandPosition, props: unknown, collateralPrice: readonly bigint[]): readonly unknown[] {
  const { fundingFee = 0n, borrowingFee = 0n, closingFee = 0n, discount = 0n, claimable = [0n, 0n] } = item
  const withoutFunding = closingFee + borrowingFee - discount
  const moved = item.shifted ? [1n] : [0n]
  const fees = [
    [`0x${'00'.repeat(32)}`, zeroAddress, zeroAddress, 1n, 2n, 3n, 4n, 5n, 6n, 7n],
    [1n, 2n, 3n],
    [fundingFee, ...claimable, 21n, 22n, 23n],
    [31n, borrowingFee, 32n, 33n],
    [zeroAddress, 0n, 0n],
    [0n, 0n, 0n, 0n],
    collateralPrice,
    ...[
      41n,
      42n,
      43n,
      44n,
      45n,
      46n,
      closingFee,
      withoutFunding,
      withoutFunding + fundingFee + (moved[0] ?? 0n),
      discount,
    ],
  ]
  const execution = [item.closingImpact ?? 0n, 51n, true, 52n, 53n, 54n]
  const profit = item.profit ?? 0n
  return [`0x${'00'.repeat(32)}`, props, fees, execution, profit, item.uncappedProfit ?? profit, profit]
}
