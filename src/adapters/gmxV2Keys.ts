import { type Address, encodeAbiParameters, type Hex, keccak256 } from 'viem'

const addressType = { type: 'address' } as const
const wordType = { type: 'bytes32' } as const

/** A name of the venue's `Keys`: keccak256(abi.encode(name)). */
export function gmxNameKey(name: string): Hex {
  return keccak256(encodeAbiParameters([{ type: 'string' }], [name]))
}

/** What the venue keeps of addresses under a name: keccak256(abi.encode(name key, address, …)). */
function addressesKey(name: string, addresses: readonly Address[]): Hex {
  const values = [gmxNameKey(name), ...addresses]
  return keccak256(encodeAbiParameters([wordType, ...addresses.map(() => addressType)], values))
}

/** Keys of the venue's `DataStore` (`contracts/data/Keys.sol`). */
export const gmxKeys = {
  accountPositions: (account: Address) => addressesKey('ACCOUNT_POSITION_LIST', [account]),
  accountOrders: (account: Address) => addressesKey('ACCOUNT_ORDER_LIST', [account]),
  claimableFunding: (market: Address, token: Address, account: Address) =>
    addressesKey('CLAIMABLE_FUNDING_AMOUNT', [market, token, account]),
  priceFeed: (token: Address) => addressesKey('PRICE_FEED', [token]),
  priceFeedMultiplier: (token: Address) => addressesKey('PRICE_FEED_MULTIPLIER', [token]),
  priceFeedHeartbeat: (token: Address) => addressesKey('PRICE_FEED_HEARTBEAT_DURATION', [token]),
  stablePrice: (token: Address) => addressesKey('STABLE_PRICE', [token]),
  minCollateralFactor: (market: Address) => addressesKey('MIN_COLLATERAL_FACTOR', [market]),
  liquidationFeeFactor: (market: Address) => addressesKey('LIQUIDATION_FEE_FACTOR', [market]),
  impactFactorForLiquidations: (market: Address) =>
    addressesKey('MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS', [market]),
} as const

/** `Position.getPositionKey`: keccak256(abi.encode(account, market, collateral token, is long)). */
export function gmxPositionKey(position: {
  readonly account: Address
  readonly market: Address
  readonly collateralToken: Address
  readonly isLong: boolean
}): Hex {
  const { account, market, collateralToken, isLong } = position
  const types = [addressType, addressType, addressType, { type: 'bool' }] as const
  return keccak256(encodeAbiParameters(types, [account, market, collateralToken, isLong]))
}
