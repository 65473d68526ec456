import { expect } from 'chai'
import { type Address, maxInt256, parseAbi, zeroHash } from 'viem'
import { advanceTime, noDeadline, sendAs } from '../../../scripts/devnet/chain.ts'
import { addPerpLiquidity, depositToPerp, openShortPerpetual } from '../../../scripts/devnet/perpTrading.ts'
import { setPrices } from '../../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { perpV2 } from '../../../src/adapters/perpV2.ts'
import type { PerpV2Configuration, PerpV2Raw } from '../../../src/adapters/perpV2Read.ts'
import { toAssetKey } from '../../../src/core/asset.ts'
import { wad } from '../../../src/core/units.ts'
import { sqrtRatioAtTick } from '../../../src/kernel/concentratedLiquidity.ts'
import { min } from '../../../src/kernel/fixedPoint.ts'
import { makerAmounts } from '../../../src/risk/venues/makerOrders.ts'
import { readPerpAccount } from '../../support/devnetViews.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase } from '../support/subject.ts'

const vaultAbi = parseAbi(['function withdraw(address token, uint256 amount)'])
const clearingHouseAbi = parseAbi([
  'struct ClosePositionParams { address baseToken; uint160 sqrtPriceLimitX96; uint256 oppositeAmountBound; uint256 deadline; bytes32 referralCode; }',
  'function closePosition(ClosePositionParams params) returns (uint256 base, uint256 quote)',
])
const million = 10n ** 6n
/** The vault's unit, 1e-6 USD, in WAD: both sides round down to it, we the cash and the vault the sum. */
const unit = 10n ** 12n
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

type Do = Action<PerpV2Configuration>

const deposit =
  (asset: 'usdc' | 'weth', amount: bigint): Do =>
  (user, { deployment: { perpV2: venue, tokens } }) =>
    depositToPerp(user, venue, { token: tokens[asset], amount })

const short =
  (amount: bigint): Do =>
  (user, { deployment }) =>
    openShortPerpetual(user, deployment.perpV2, amount)

const withdraw: Do = (user, { deployment: { perpV2: venue, tokens } }) =>
  user.send({ name: 'Vault', address: venue.vault, abi: vaultAbi }, 'withdraw', [tokens.usdc, 1n])

const close: Do = (user, { deployment: { perpV2: venue } }) =>
  user.send({ name: 'ClearingHouse', address: venue.clearingHouse, abi: clearingHouseAbi }, 'closePosition', [
    {
      baseToken: venue.baseToken,
      sqrtPriceLimitX96: 0n,
      oppositeAmountBound: 0n,
      deadline: noDeadline,
      referralCode: zeroHash,
    },
  ])

function pureCase(amount: bigint, decimals: number): PureCase<PerpV2Configuration, PerpV2Raw> {
  const configuration = {
    clearingHouse: token(1),
    accountBalance: token(2),
    vault: token(3),
    exchange: token(4),
    clearingHouseConfig: token(5),
    orderBook: token(6),
    settlementToken: token(7),
    markets: [{ baseToken: token(8), underlying: 'ETH' }],
  }
  // A range below the price holds quote only; no pool has more liquidity than 128 bits.
  const liquidity = min(amount, (1n << 128n) - 1n)
  const range = { liquidity, tickLower: -120, tickUpper: -60 }
  const quote = (liquidity * (sqrtRatioAtTick(-60) - sqrtRatioAtTick(-120))) >> 96n
  const orders = [{ id: zeroHash, ...range, baseDebt: amount, quoteDebt: amount }]
  const market = { baseToken: token(8), underlying: 'ETH', isOpen: true, orders, sqrtPrice: 1n << 96n }
  return {
    raw: {
      baseTokens: [token(8)],
      settlement: { token: token(7), decimals: 6, balance: amount, owedRealizedPnl: 0n, pendingFee: 0n },
      markets: [{ ...market, size: -amount, openNotional: amount, pendingFunding: -amount, markPrice: wad }],
      collaterals: [
        {
          token: token(9),
          decimals,
          balance: amount,
          ratio: 700_000n,
          discountRatio: 100_000n,
          price: 10n ** 8n,
          priceDecimals: 8,
        },
      ],
      collateralLimits: { insuranceFeeRatio: 0n, debtValueRatio: 750_000n, debtLimit: 1n },
      margin: {
        positionValue: amount,
        debtValue: amount,
        initialRatio: 100_000n,
        maintenanceRatio: 62_500n,
        collateralMaintenanceRatio: 64_500n,
        penaltyRatio: 25_000n,
      },
    },
    context: contextOf(configuration, { [token(7)]: 6, [token(9)]: decimals }),
    amounts: [amount, amount, -amount, -amount, amount, liquidity, amount, amount],
    venueValues: [amount * unit, (amount * wad) / 10n ** BigInt(decimals), amount, quote - 2n * amount],
  }
}

const subject: ConformanceSubject<PerpV2Configuration, PerpV2Raw> = {
  adapter: perpV2,
  venue: 'perp-v2',
  control: 'venue',
  fund: async (user, { chain, deployment }) => {
    const { tokens, perpV2: venue } = deployment
    const grant = { to: user.address, amount: 10_000n * million }
    await mintToken(sendAs(chain, deployment.operators.deployer), tokens.usdc, grant)
    await wrapEther(user, tokens.weth, 10n * wad)
    await approveAll(user, [tokens.weth, tokens.usdc], [venue.vault])
  },
  open: async (user, world) => {
    await deposit('usdc', 4_000n * million)(user, world)
    await short(5n * wad)(user, world)
  },
  openDust: deposit('usdc', 1n),
  actions: {
    'a deposit': deposit('usdc', 1n),
    'a deposit of other collateral': deposit('weth', wad),
    'a withdrawal': withdraw,
    'a larger position': short(10n ** 9n),
    'closing the position': close,
    'an order in the market': (user, { deployment }) =>
      addPerpLiquidity(user, deployment.perpV2, { base: wad / 10n, quote: 200n * wad }),
  },
  requireAsVenue: async ({ positions, rules }, world, account) => {
    const { tokens, chainId } = world.deployment
    const venue = await readPerpAccount(world, account)
    const weth = toAssetKey(chainId, tokens.weth)
    const value = positions.reduce((total, position) => {
      const { venueValue = 0n } = position
      return total + ('asset' in position && position.asset === weth ? (venueValue * 7n) / 10n : venueValue)
    }, 0n)
    const gap = value - venue.value
    expect(-unit < gap && gap < unit, `${value} against ${venue.value}`).to.equal(true)
    const size = positions.reduce((total, position) => total + (position.kind === 'perpetual' ? position.size : 0n), 0n)
    const orders = rules.flatMap((rule) => (rule.kind === 'perpetualAccount' ? rule.markets : []))
    const shift = { price: () => wad, base: () => wad, underlyingOf: () => 'ETH', rate: () => wad, timestamp: 0 }
    const made = orders.reduce((total, { maker }) => total + makerAmounts(maker, 'ETH', shift).base, 0n)
    expect(size + made).to.equal(venue.size)
  },
  rule: {
    underlying: 'ETH',
    opening: 2_000n * wad,
    // 4,000 USD against a short of 5 ether: the maintenance of 6.25 % is met up to about 2,635 USD.
    prices: [1_500n, 2_000n, 2_400n, 2_600n, 2_660n, 2_800n, 3_500n].map((price) => price * wad),
    // The mark price follows within half an hour.
    setPrice: async ({ chain, deployment }, price) => {
      await setPrices(chain, deployment, { ETH: price })
      await advanceTime(chain, 1_800)
    },
    isLiquidatable: async (world, account) => {
      const { value, requirement } = await readPerpAccount(world, account)
      return value < requirement
    },
    slack: async (world, account) => {
      const { value, requirement } = await readPerpAccount(world, account)
      return { value: value - requirement, below: 1n }
    },
  },
  largest: pureCase(maxInt256, 18),
  decimals: (decimals) => pureCase(10n ** 40n, decimals),
}

export const subjects: readonly AnySubject[] = [subject]
