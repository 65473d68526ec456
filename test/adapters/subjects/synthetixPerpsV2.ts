import { expect } from 'chai'
import { type Address, parseAbi } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import { setPrices } from '../../../scripts/devnet/prices.ts'
import {
  issueSynthetixUsd,
  modifyPosition,
  submitDelayedOrder,
  transferMargin,
} from '../../../scripts/devnet/synthetixTrading.ts'
import { synthetixPerpsV2 } from '../../../src/adapters/synthetixPerpsV2.ts'
import type { SynthetixPerpsConfiguration, SynthetixPerpsRaw } from '../../../src/adapters/synthetixPerpsV2Read.ts'
import { wad } from '../../../src/core/units.ts'
import { contextOf } from '../support/context.ts'
import type { Action, AnySubject, ConformanceSubject, PureCase, World } from '../support/subject.ts'

const marketAbi = parseAbi([
  'function remainingMargin(address account) view returns (uint256 margin, bool invalid)',
  'function canLiquidate(address account) view returns (bool)',
  'function notionalValue(address account) view returns (int256 value, bool invalid)',
])
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

type Do = Action<SynthetixPerpsConfiguration>

const margin =
  (amount: bigint): Do =>
  (user, { deployment }) =>
    transferMargin(user, deployment.synthetixPerps, amount)

const trade =
  (size: bigint): Do =>
  (user, { deployment }) =>
    modifyPosition(user, deployment.synthetixPerps, size)

async function readMarket({ client, deployment }: World<SynthetixPerpsConfiguration>, account: Address) {
  const read = { address: deployment.synthetixPerps.market, abi: marketAbi, args: [account] } as const
  const [remaining] = await client.readContract({ ...read, functionName: 'remainingMargin' })
  const [notional] = await client.readContract({ ...read, functionName: 'notionalValue' })
  const canLiquidate = await client.readContract({ ...read, functionName: 'canLiquidate' })
  return { remaining, notional, canLiquidate }
}

function pureCase(amount: bigint, size: bigint): PureCase<SynthetixPerpsConfiguration, SynthetixPerpsRaw> {
  const configuration = {
    marketSettings: token(1),
    marginToken: token(2),
    markets: [{ market: token(3), underlying: 'ETH' }],
  }
  const open = {
    ...{ size, lastPrice: wad, funding: -amount, price: wad, isPriceInvalid: false },
    ...{ maxLeverage: 25n * wad, bufferRatio: wad / 100n, skewScale: wad, premiumMultiplier: wad },
  }
  return {
    raw: {
      markets: [{ market: token(3), underlying: 'ETH', margin: amount, hasOrder: false, isFlagged: false, open }],
      terms: { feeRatio: 0n, minimumFee: 0n, maximumFee: amount, keeperFee: amount, minimumInitialMargin: amount },
    },
    context: contextOf(configuration, { [token(2)]: 18 }),
    amounts: [amount, size, size, -amount],
    venueValues: [amount, -amount],
  }
}

const subject: ConformanceSubject<SynthetixPerpsConfiguration, SynthetixPerpsRaw> = {
  adapter: synthetixPerpsV2,
  venue: 'synthetix-perps-v2',
  control: 'venue',
  fund: (user, { chain, deployment: { synthetixPerps, operators } }) =>
    issueSynthetixUsd(sendAs(chain, operators.deployer), synthetixPerps, { to: user.address, amount: 10_000n * wad }),
  open: async (user, world) => {
    await margin(3_000n * wad)(user, world)
    await trade(5n * wad)(user, world)
  },
  openDust: margin(1n),
  actions: {
    'more margin': margin(1n),
    'less margin': margin(-1n),
    'a larger position': trade(wad / 1_000n),
    'a smaller position': trade(-wad),
    'closing the position': trade(-5n * wad),
  },
  refusedActions: {
    'a delayed order': (user, { deployment }) => submitDelayedOrder(user, deployment.synthetixPerps, wad),
  },
  requireAsVenue: async ({ positions }, world, account) => {
    const { remaining } = await readMarket(world, account)
    const value = positions.reduce((total, { venueValue = 0n }) => total + venueValue, 0n)
    expect(value).to.equal(remaining)
  },
  rule: {
    underlying: 'ETH',
    opening: 2_000n * wad,
    // 3,000 on 5 ether less the fee of 10: due at about 1,418 USD, and gone at 1,402, below which the venue says zero.
    prices: [1_405n, 1_412n, 1_425n, 1_800n, 2_500n].map((price) => price * wad),
    setPrice: ({ chain, deployment }, price) => setPrices(chain, deployment, { ETH: price }),
    isLiquidatable: async (world, account) => (await readMarket(world, account)).canLiquidate,
    slack: async (world, account) => {
      const { remaining, notional } = await readMarket(world, account)
      const size = notional < 0n ? -notional : notional
      // 5 of 1,000,000 ether of premium, 0.75 % of buffer, 0.35 % of fee and 2 for the keeper; a wei below is due.
      const required = (size * 5n) / 1_000_000n + (size * 75n) / 10_000n + (size * 35n) / 10_000n + 2n * wad
      return { value: remaining - required, below: 8n }
    },
  },
  largest: pureCase((1n << 128n) - 1n, (1n << 127n) - 1n),
  decimals: 'The venue keeps margins with 18 decimals, whatever the token says; another number is refused.',
}

export const subjects: readonly AnySubject[] = [subject]
