import type { Address } from 'viem'
import type { AssetKey } from '../../../src/core/asset.ts'
import { type Market, volatilityKey } from '../../../src/core/market.ts'
import {
  type Control,
  type Option,
  type Position,
  type VenueAccount,
  venueAccountKey,
} from '../../../src/core/position.ts'
import type { VenueRule } from '../../../src/core/venueRule.ts'
import { Random } from '../../kernel/support/random.ts'
import type { Inputs } from './claims.ts'
import { liquidityAmounts, sqrtPrice } from './liquidity.ts'
import { type ListedOption, now, randomMarket } from './randomMarket.ts'
import { chainId, randomParameters, tokenAddress, tokens, unknownToken } from './randomParameters.ts'
import { floorSqrt } from './real.ts'

const wad = 10n ** 18n
const account = tokenAddress(0xaa)
const parameterSets = 32n
const known = new Map<bigint, Inputs['parameters']>()

/** One of a few parameter sets, made once. */
function parametersOf(index: bigint): Inputs['parameters'] {
  const made = known.get(index) ?? randomParameters(new Random(0xca11b7a7en + index))
  known.set(index, made)
  return made
}

/** What kind of venue an account borrows at. */
type Lending = 'lendingPool' | 'moneyMarket' | 'isolatedLoan'

/**
 * The portfolio, market and parameters of a seed: the same on every machine. `lending` is what kind of venue the account
 * borrows at.
 */
export function randomInputs(seed: bigint, lending: Lending = 'lendingPool'): Inputs {
  const random = new Random(seed)
  const parameters = parametersOf(random.between(0n, parameterSets - 1n))
  const { market, listed } = randomMarket(random, parameters)
  const scene: Scene = { random, parameters, market, listed, lending, positions: [], rules: [] }
  for (let count = random.between(1n, 3n); count > 0n; count--) addPart(scene)
  // Of a stream of its own, so that what the other seeds give does not hang on it.
  if (seed % 9n === 3n) addMarketMaking({ ...scene, random: new Random(~seed & 0xffff_ffff_ffffn) })
  if (seed % 9n === 7n) addCollateralizedPerpetual({ ...scene, random: new Random(~seed & 0xffff_ffff_ffffn) })
  if (seed % 9n === 5n) addIsolatedPerpetual({ ...scene, random: new Random(~seed & 0xffff_ffff_ffffn) })
  const enforceable = random.between(0n, 3n) === 0n
  const positions = scene.positions.map((position) =>
    enforceable && position.control !== 'consumer' ? { ...position, control: 'enforceable' as const } : position,
  )
  const block = { chainId, number: 100n, hash: `0x${'11'.repeat(32)}` as const, timestamp: now }
  const scope = enforceable ? 'enforceable' : 'observed'
  return {
    parameters,
    market: scene.rules.length === 0 && random.between(0n, 39n) === 0n ? withHole(random, market) : market,
    portfolio: { account, scope, block, positions, venues: [], requirements: [], rules: scene.rules },
  }
}

/** The market without one of its entries, or with a range multiplier that its rule forbids. */
function withHole(random: Random, market: Market): Market {
  const without = <Value>(entries: Readonly<Record<string, Value>>): Record<string, Value> => {
    const keys = Object.keys(entries)
    const gone = keys[Number(random.between(0n, BigInt(keys.length - 1)))]
    return Object.fromEntries(Object.entries(entries).filter(([key]) => key !== gone))
  }
  switch (random.between(0n, 3n)) {
    case 0n:
      return { ...market, prices: without(market.prices) }
    case 1n:
      return { ...market, rates: without(market.rates) }
    case 2n:
      return { ...market, volatilities: without(market.volatilities) }
    default:
      return { ...market, rangeMultipliers: { ...market.rangeMultipliers, ETH: 3n * wad } }
  }
}

type Scene = Pick<Inputs, 'parameters' | 'market'> & {
  readonly random: Random
  readonly listed: readonly ListedOption[]
  readonly lending: Lending
  readonly positions: Position[]
  readonly rules: VenueRule[]
}

const parts = [
  addWallet,
  addLending,
  addLending,
  addPerpetuals,
  addPerpetuals,
  addOptions,
  addOptions,
  addOptions,
  addPool,
]

function addPart(scene: Scene): void {
  const { random } = scene
  if (random.between(0n, 29n) === 0n) addConsumerDebt(scene)
  const part = parts[Number(random.between(0n, BigInt(parts.length - 1)))]
  part?.(scene)
}

function chance({ random }: Scene, ofHundred: bigint): boolean {
  return random.between(1n, 100n) <= ofHundred
}

function pick<Item>({ random }: Scene, items: readonly Item[]): Item {
  const item = items[Number(random.between(0n, BigInt(items.length - 1)))]
  if (item === undefined) throw new Error('Nothing to pick from.')
  return item
}

function placeAt(scene: Scene, venue: string): VenueAccount {
  const subAccount = chance(scene, 80n) ? '' : '1'
  return { chainId, venue, instance: tokenAddress(0x98), holder: account, subAccount }
}

function held(scene: Scene, venueAccount: VenueAccount, control: Control) {
  const id = String(scene.positions.length).padStart(4, '0')
  return {
    claim: { chainId, contract: tokenAddress(0x99), holder: account, id },
    venueAccount,
    control,
  }
}

/** One part of the book per venue account, so that a rule speaks of all that lies there. */
function isTaken({ positions }: Scene, venueAccount: VenueAccount): boolean {
  const key = venueAccountKey(venueAccount)
  return positions.some((position) => venueAccountKey(position.venueAccount) === key)
}

/** WAD USD: dust, ordinary, or far more than anyone has. */
function worth({ random }: Scene): bigint {
  const kind = random.between(0n, 19n)
  if (kind === 0n) return random.between(1n, 10n ** 13n)
  if (kind === 1n) return random.magnitude(100n) * 10n ** 6n
  return random.between(wad, 10n ** 5n * wad) * (kind < 6n ? 100n : 1n)
}

function priceOf({ market, parameters }: Scene, asset: AssetKey): bigint {
  const entry = parameters.assets[asset]
  const spot = market.prices[entry?.underlying ?? '']?.price ?? wad
  return ((market.rates[asset] ?? wad) * spot) / wad
}

function decimalsOf({ parameters }: Scene, asset: AssetKey): number {
  return parameters.assets[asset]?.decimals ?? 18
}

function amountOf(scene: Scene, asset: AssetKey, usd: bigint): bigint {
  const price = priceOf(scene, asset)
  return price === 0n ? 1n : (usd * 10n ** BigInt(decimalsOf(scene, asset))) / price
}

const allTokens = Object.values(tokens)

function addWallet(scene: Scene): void {
  const venueAccount = { ...placeAt(scene, 'wallet'), instance: account, subAccount: '' }
  for (let count = scene.random.between(1n, 3n); count > 0n; count--) {
    const asset = chance(scene, 4n) ? unknownToken : pick(scene, allTokens)
    const claim = { chainId, contract: asset.slice(asset.indexOf(':') + 1) as Address, holder: account, id: '' }
    if (scene.positions.some((position) => position.claim.contract === claim.contract)) continue
    const amount = amountOf(scene, asset, worth(scene))
    scene.positions.push({ claim, venueAccount, control: 'free', kind: 'balance', asset, amount })
  }
}

/** The venue's price: ours, some tenths of a percent off. */
function quoteOf(scene: Scene, asset: AssetKey, decimals: number): bigint {
  const price = (priceOf(scene, asset) * scene.random.between(995n, 1005n)) / 1000n
  const quote = price / 10n ** BigInt(18 - decimals)
  return quote === 0n ? 1n : quote
}

function addLending(scene: Scene): void {
  if (scene.lending === 'moneyMarket') addMoneyMarket(scene)
  else if (scene.lending === 'isolatedLoan') addIsolatedLoan(scene)
  else addLendingPool(scene)
}

/** One collateral against one debt, which the venue quotes in each other. */
function addIsolatedLoan(scene: Scene): void {
  const { random, positions, rules } = scene
  const venueAccount = placeAt(scene, 'lend')
  if (isTaken(scene, venueAccount)) return
  const total = worth(scene)
  const [collateral, debt] = [pick(scene, allTokens), pick(scene, allTokens)].map((asset, index) => ({
    asset,
    amount: amountOf(scene, asset, index === 0 ? total : (total * random.between(5n, 95n)) / 100n),
    decimals: decimalsOf(scene, asset),
    price: quoteOf(scene, asset, 18),
  })) as [LoanSide, LoanSide]
  if (chance(scene, 95n))
    positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', ...ofSide(collateral) })
  positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'debt', ...ofSide(debt) })
  if (!chance(scene, 90n)) return
  const scale = 10n ** BigInt(36 + debt.decimals)
  rules.push({
    kind: 'isolatedLoan',
    venueAccount,
    collateral: ofSide(collateral),
    debt: { ...ofSide(debt), decimals: debt.decimals },
    quote: (scale * collateral.price) / (debt.price * 10n ** BigInt(collateral.decimals)),
    liquidationLtv: random.between(50n, 98n) * 10n ** 16n,
  })
}

type LoanSide = {
  readonly asset: AssetKey
  readonly amount: bigint
  readonly decimals: number
  readonly price: bigint
}

function ofSide({ asset, amount }: LoanSide): Pick<LoanSide, 'asset' | 'amount'> {
  return { asset, amount }
}

/** Up to four markets of Compound v2 or Venus, each with shares or a debt or both, and some that are not entered. */
function addMoneyMarket(scene: Scene): void {
  const { random, positions, rules } = scene
  const venueAccount = placeAt(scene, 'lend')
  if (isTaken(scene, venueAccount)) return
  const total = worth(scene)
  type MoneyMarket = Extract<VenueRule, { kind: 'moneyMarket' }>
  const [collaterals, debts]: [MoneyMarket['collaterals'][number][], MoneyMarket['debts'][number][]] = [[], []]
  for (let index = Number(random.between(1n, 4n)); index > 0; index--) {
    const asset = pick(scene, allTokens)
    const market = tokenAddress(0xc0 + index)
    const decimals = decimalsOf(scene, asset)
    const price = quoteOf(scene, asset, 18)
    // The venue scales a price to 36 less the decimals of the token.
    const quote = decimals > 18 ? price / 10n ** BigInt(decimals - 18) + 1n : price * 10n ** BigInt(18 - decimals)
    const at = () => {
      const place = held(scene, venueAccount, 'venue')
      return { ...place, claim: { ...place.claim, contract: market } }
    }
    if (chance(scene, 75n)) {
      // Shares of 8 decimals start at a fiftieth of a token.
      const exchangeRate = (random.between(10n ** 18n, 3n * 10n ** 18n) * 10n ** BigInt(decimals)) / (50n * 10n ** 8n)
      const amount = amountOf(scene, asset, (total * random.between(10n, 100n)) / 100n)
      const shares = (amount * wad) / exchangeRate
      positions.push({ ...at(), kind: 'balance', asset, amount: (shares * exchangeRate) / wad })
      const factor = random.between(0n, 95n) * 10n ** 16n
      if (chance(scene, 80n)) collaterals.push({ asset, market, shares, exchangeRate, decimals, quote, factor })
    }
    if (chance(scene, 50n)) {
      const amount = amountOf(scene, asset, (total * random.between(5n, 60n)) / 100n)
      positions.push({ ...at(), kind: 'debt', asset, amount })
      debts.push({ asset, market, amount, decimals, quote, isForced: chance(scene, 5n) })
    }
  }
  if (collaterals.length + debts.length > 0 && chance(scene, 90n)) {
    rules.push({
      kind: 'moneyMarket',
      venueAccount,
      truncation: chance(scene, 50n) ? 'factorFirst' : 'priceFirst',
      collaterals,
      debts,
      closeFactor: chance(scene, 50n) ? wad : wad / 2n,
      liquidationIncentive: random.between(100n, 120n) * 10n ** 16n,
    })
  }
}

function addLendingPool(scene: Scene): void {
  const { random, positions, rules } = scene
  const venueAccount = placeAt(scene, 'lend')
  if (isTaken(scene, venueAccount)) return
  const total = worth(scene)
  const token = (asset: AssetKey, usd: bigint) => ({
    asset,
    amount: amountOf(scene, asset, usd),
    decimals: decimalsOf(scene, asset),
    quote: quoteOf(scene, asset, 8),
  })
  const collaterals = random.many(Number(random.between(0n, 3n)), () => ({
    ...token(pick(scene, allTokens), (total * random.between(10n, 100n)) / 100n),
    liquidationThreshold: Number(random.between(5000n, 9500n)),
    bonus: Number(random.between(200n, 1500n)),
  }))
  const debts = random.many(Number(random.between(0n, 2n)), () =>
    token(pick(scene, allTokens), (total * random.between(10n, 80n)) / 100n),
  )
  for (const { asset, amount } of collaterals) {
    positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', asset, amount })
  }
  for (const { asset, amount } of debts) {
    positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'debt', asset, amount })
  }
  if (collaterals.length + debts.length > 0 && chance(scene, 90n)) {
    const averaging = chance(scene, 50n) ? 'truncated' : 'exact'
    const closeFactor = chance(scene, 60n) ? wad : wad / 2n
    rules.push({ kind: 'lendingPool', venueAccount, averaging, collaterals, debts, closeFactor })
  }
}

function addPerpetuals(scene: Scene): void {
  const { random, positions, rules, market } = scene
  const venueAccount = placeAt(scene, 'perp')
  const quoteAsset = pick(scene, [tokens.usdc, tokens.usdc, tokens.susd])
  if (isTaken(scene, venueAccount)) return
  const total = worth(scene)
  const markets = pick(scene, [['ETH'], ['BTC'], ['ETH', 'BTC']]).map((underlying) => {
    const spot = market.prices[underlying]?.price ?? wad
    const size = ((total * wad) / spot) * (chance(scene, 50n) ? 1n : -1n)
    const cost = (((size * spot) / wad) * random.between(80n, 120n)) / 100n
    const funding = chance(scene, 50n) ? 0n : random.between(-total / 50n, total / 50n)
    return { underlying, size, cost, funding, quote: (spot * random.between(990n, 1010n)) / 1000n + 1n }
  })
  for (const { underlying, size, cost, funding } of markets) {
    const leg = { kind: 'perpetual', underlying, quoteAsset } as const
    if (chance(scene, 20n)) {
      const part = random.between(-2n * size > 0n ? size : -size, size > 0n ? 2n * size : -2n * size)
      positions.push({ ...held(scene, venueAccount, 'venue'), ...leg, size: part, cost: cost / 3n, funding: 0n })
      const rest = { size: size - part, cost: cost - cost / 3n, funding }
      positions.push({ ...held(scene, venueAccount, 'venue'), ...leg, ...rest })
    } else positions.push({ ...held(scene, venueAccount, 'venue'), ...leg, size, cost, funding })
  }
  const amount = amountOf(scene, quoteAsset, (total * random.between(0n, 60n)) / 100n)
  const places = decimalsOf(scene, quoteAsset)
  positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', asset: quoteAsset, amount })
  const wethAmount = chance(scene, 30n) ? amountOf(scene, tokens.weth, total / 10n) : 0n
  const collaterals =
    wethAmount === 0n
      ? []
      : [
          {
            asset: tokens.weth,
            value: (wethAmount * quoteOf(scene, tokens.weth, 18)) / wad,
            ratio: (8n * wad) / 10n,
            discount: wad / 10n,
          },
        ]
  if (wethAmount > 0n) {
    positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', asset: tokens.weth, amount: wethAmount })
  }
  if (!chance(scene, 85n)) {
    payLastLegIn(scene, venueAccount, quoteAsset === tokens.usdc ? tokens.susd : tokens.usdc)
    return
  }
  rules.push({
    kind: 'perpetualAccount',
    venueAccount,
    quoteAsset,
    quoteDecimals: places,
    cash: amount * 10n ** BigInt(18 - places),
    collaterals,
    markets,
    maintenanceRatio: (625n * wad) / 10_000n,
    penaltyRatio: random.between(0n, wad / 20n),
    ...(chance(scene, 50n) ? { settlementDebt: { ratio: (3n * wad) / 4n, limit: 10_000n * wad } } : {}),
  })
}

/** Orders around the price, borrowed at another, beside a position and cash. */
function addMarketMaking(scene: Scene): void {
  const { random, positions, rules, market } = scene
  const venueAccount = placeAt(scene, 'perp')
  if (isTaken(scene, venueAccount)) return
  const total = worth(scene)
  const quoteAsset = pick(scene, [tokens.usdc, tokens.susd])
  const underlying = pick(scene, ['ETH', 'BTC'])
  const spot = market.prices[underlying]?.price ?? wad
  const at = (percent: bigint) => sqrtPrice((spot * percent) / 100n + 1n, wad, 18, 18)
  const unit = total / (floorSqrt(spot / wad) + 1n)
  const taker = ((total * wad) / spot) * random.between(-1n, 1n)
  const cost = (((taker * spot) / wad) * random.between(80n, 120n)) / 100n
  const funding = random.between(-total / 50n, total / 50n)
  const leg = { underlying, quoteAsset } as const
  positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'perpetual', ...leg, size: taker, cost, funding })
  const orders = random.many(Number(random.between(1n, 3n)), () => {
    const middle = ticksOf(spot, wad) + Number(random.between(-6000n, 6000n))
    const width = Number(random.between(60n, 20_000n))
    const range = { tickLower: middle - width, tickUpper: middle + width }
    const liquidity = unit * random.between(0n, 30n)
    const [baseDebt, quoteDebt] = liquidityAmounts(
      liquidity,
      range.tickLower,
      range.tickUpper,
      at(random.between(70n, 130n)),
    )
    const order = { liquidity, ...range, baseDebt, quoteDebt }
    const claimed = held(scene, venueAccount, 'venue')
    positions.push({ ...claimed, kind: 'perpetualLiquidity', ...leg, ...order })
    return { id: claimed.claim.id, ...order }
  })
  const amount = amountOf(scene, quoteAsset, (total * random.between(0n, 60n)) / 100n)
  positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', asset: quoteAsset, amount })
  if (!chance(scene, 85n)) return
  const quote = (spot * random.between(990n, 1010n)) / 1000n + 1n
  const maker = { sqrtPrice: at(random.between(97n, 103n)), orders }
  const places = decimalsOf(scene, quoteAsset)
  rules.push({
    kind: 'perpetualAccount',
    venueAccount,
    quoteAsset,
    quoteDecimals: places,
    cash: amount * 10n ** BigInt(18 - places),
    collaterals: [],
    markets: [{ underlying, size: taker, cost, funding, quote, maker }],
    maintenanceRatio: (625n * wad) / 10_000n,
    penaltyRatio: random.between(0n, wad / 20n),
  })
}

/** A position on margin of its own, its fee below, between or above its bounds. */
function addIsolatedPerpetual(scene: Scene): void {
  const { random, positions, rules, market } = scene
  const venueAccount = placeAt(scene, 'isolated')
  if (isTaken(scene, venueAccount)) return
  const total = worth(scene)
  const underlying = pick(scene, ['ETH', 'BTC'])
  const quoteAsset = tokens.susd
  const spot = market.prices[underlying]?.price ?? wad
  const size = ((total * wad) / spot) * (chance(scene, 50n) ? 1n : -1n)
  const cost = (((size * spot) / wad) * random.between(80n, 120n)) / 100n
  const funding = random.between(-total / 50n, total / 50n)
  const margin = (total * random.between(1n, 60n)) / 100n
  const places = decimalsOf(scene, quoteAsset)
  const leg = { kind: 'perpetual', underlying, quoteAsset } as const
  positions.push({ ...held(scene, venueAccount, 'venue'), ...leg, size, cost, funding })
  const amount = margin / 10n ** BigInt(18 - places)
  positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', asset: quoteAsset, amount })
  if (!chance(scene, 85n)) return
  rules.push({
    kind: 'isolatedPerpetual',
    venueAccount,
    underlying,
    quoteAsset,
    quote: (spot * random.between(990n, 1010n)) / 1000n + 1n,
    margin: amount * 10n ** BigInt(18 - places),
    size,
    cost,
    funding,
    bufferRatio: random.between(0n, wad / 50n),
    feeRatio: (35n * wad) / 10_000n,
    minimumFee: 2n * wad,
    maximumFee: 1_000n * wad,
    keeperFee: 2n * wad,
    skewScale: ((total * wad) / spot + 1n) * random.between(10n, 1_000n),
    premiumMultiplier: random.between(0n, 3n) * wad,
  })
}

/** A position on a token of its own, paid in dollars: its impact within its limit and beyond. */
function addCollateralizedPerpetual(scene: Scene): void {
  const { random, positions, rules, market } = scene
  const venueAccount = placeAt(scene, 'collateralized')
  if (isTaken(scene, venueAccount)) return
  const total = worth(scene)
  const underlying = pick(scene, ['ETH', 'BTC'])
  const asset = pick(scene, [tokens.usdc, tokens.weth])
  const spot = market.prices[underlying]?.price ?? wad
  const size = ((total * wad) / spot) * (chance(scene, 50n) ? 1n : -1n)
  const cost = (((size * spot) / wad) * random.between(80n, 120n)) / 100n
  const funding = -random.between(0n, total / 50n)
  const pendingImpact = random.between(-abs(size) / 100n, abs(size) / 200n)
  const leg = { kind: 'perpetual', underlying, quoteAsset: null } as const
  const counted = size + (pendingImpact < 0n ? pendingImpact : 0n)
  positions.push({ ...held(scene, venueAccount, 'venue'), ...leg, size: counted, cost, funding })
  const amount = amountOf(scene, asset, (total * random.between(1n, 60n)) / 100n)
  positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', asset, amount })
  if (!chance(scene, 85n)) return
  const decimals = decimalsOf(scene, asset)
  rules.push({
    kind: 'collateralizedPerpetual',
    venueAccount,
    underlying,
    quote: (spot * random.between(990n, 1010n)) / 1000n + 1n,
    collateral: { asset, amount, decimals, quote: quoteOf(scene, asset, 18) },
    size,
    cost,
    funding,
    pendingImpact,
    closingImpact: random.between(-total / 50n, total / 100n),
    impactLimit: random.between(0n, total / 50n),
    closingFee: total / 1_000n,
    liquidationFee: total / 500n,
    minimum: wad + total / 100n,
  })
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value
}

/** Only a rule ties an account to one quote asset: without it, the last perpetual is paid in another. */
function payLastLegIn({ positions }: Scene, venueAccount: VenueAccount, quoteAsset: AssetKey): void {
  const key = venueAccountKey(venueAccount)
  for (let index = positions.length - 1; index >= 0; index--) {
    const position = positions[index]
    if (position?.kind !== 'perpetual' || venueAccountKey(position.venueAccount) !== key) continue
    positions[index] = { ...position, quoteAsset }
    return
  }
}

function toOption(
  scene: Scene,
  contract: ListedOption,
  size: bigint,
  quoteAsset: AssetKey,
): Omit<Option, keyof ReturnType<typeof held>> {
  const { random, market } = scene
  const spot = market.prices[contract.underlying]?.price ?? wad
  const near = (spot * random.between(900n, 1100n)) / 1000n
  const term = contract.expiry - now
  const settlement =
    term <= 0
      ? { kind: 'final' as const, price: near }
      : term < 7200 && contract.strike % 2n === 0n
        ? { kind: 'averaging' as const, observed: contract.strike % wad, average: spot - spot / 50n }
        : undefined
  const right = chance(scene, 50n) ? 'call' : 'put'
  const option = { kind: 'option', ...contract, right, size, quoteAsset } as const
  return settlement === undefined ? option : { ...option, settlement }
}

const minimum = {
  quoteCollateral: 200n * wad,
  baseCollateral: wad / 10n,
  shockVolA: (25n * wad) / 10n,
  shockVolPointA: 7 * 86_400,
  shockVolB: (18n * wad) / 10n,
  shockVolPointB: 120 * 86_400,
  callSpotShock: (12n * wad) / 10n,
  putSpotShock: (8n * wad) / 10n,
  rate: (5n * wad) / 100n,
}

function addOptions(scene: Scene): void {
  const { random, positions, rules, listed, market } = scene
  const venueAccount = placeAt(scene, 'options')
  const quoteAsset = tokens.susd
  const total = worth(scene)
  if (isTaken(scene, venueAccount)) return
  // A market of the venue has one underlying, so its rule speaks of one.
  const hasRule = chance(scene, 60n)
  const choice = hasRule ? listed.filter(({ underlying }) => underlying === 'ETH') : listed
  if (choice.length === 0) return
  const shorts: Extract<VenueRule, { kind: 'optionCollateral' }>['shorts'][number][] = []
  for (let count = random.between(1n, 3n); count > 0n; count--) {
    const contract = pick(scene, choice)
    const spot = market.prices[contract.underlying]?.price ?? wad
    const amount = (total * wad) / spot + 1n
    const isShort = chance(scene, 55n)
    const option = toOption(scene, contract, isShort ? -amount : amount, quoteAsset)
    if (isUnpriced(scene, option)) continue
    const claimed = held(scene, venueAccount, 'venue')
    positions.push({ ...claimed, ...option } as Option)
    if (!isShort) continue
    const isBase = option.right === 'call' && contract.underlying === 'ETH' && chance(scene, 50n)
    const asset = isBase ? tokens.seth : quoteAsset
    const collateral = isBase ? (amount * random.between(40n, 110n)) / 100n : (total * random.between(10n, 110n)) / 100n
    positions.push({ ...held(scene, venueAccount, 'venue'), kind: 'balance', asset, amount: collateral })
    const { right, strike, expiry } = option
    const { id } = claimed.claim
    shorts.push({ id, right, collateralIn: isBase ? 'base' : 'quote', strike, expiry, amount, collateral })
  }
  if (shorts.length === 0 || !hasRule) return
  rules.push({
    kind: 'optionCollateral',
    venueAccount,
    underlying: 'ETH',
    quoteAsset,
    quote: quoteOf(scene, tokens.weth, 18),
    shorts,
    minimum,
    penaltyRatio: wad / 10n,
    minimumPenalty: 2n * wad,
  })
}

function isUnpriced(
  { market }: Scene,
  { expiry, surface, strike }: Pick<Option, 'expiry' | 'surface' | 'strike'>,
): boolean {
  return expiry > now && market.volatilities[volatilityKey({ expiry, surface, strike })] === undefined
}

const pairs = [
  [tokens.weth, tokens.usdc],
  [tokens.wbtc, tokens.weth],
  [tokens.wsteth, tokens.weth],
  [tokens.usdc, tokens.susd],
  [tokens.oddEth, tokens.oddUsd],
] as const

function addPool(scene: Scene): void {
  const { random, positions } = scene
  const venueAccount = placeAt(scene, 'pool')
  const [token0, token1] = pick(scene, pairs)
  const tick = tickAt(scene, token0, token1) + Number(random.between(-3000n, 3000n))
  const width = Number(random.between(1n, 20_000n))
  const bound = (at: number): number => Math.max(-887_272, Math.min(887_271, at))
  const tickLower = bound(tick - width)
  positions.push({
    ...held(scene, venueAccount, 'venue'),
    kind: 'concentratedLiquidity',
    token0,
    token1,
    liquidity: random.magnitude(80n),
    tickLower,
    tickUpper: Math.max(tickLower + 1, bound(tick + width)),
    fees0: chance(scene, 50n) ? 0n : amountOf(scene, token0, 10n * wad),
    fees1: chance(scene, 50n) ? 0n : amountOf(scene, token1, 10n * wad),
  })
}

/** About the tick of our own price. */
function tickAt(scene: Scene, token0: AssetKey, token1: AssetKey): number {
  const top = priceOf(scene, token0) * 10n ** BigInt(decimalsOf(scene, token1))
  const bottom = priceOf(scene, token1) * 10n ** BigInt(decimalsOf(scene, token0))
  return ticksOf(top, bottom)
}

function ticksOf(top: bigint, bottom: bigint): number {
  // log2 of the ratio to the nearest bit is enough for a random range: 6,932 ticks double the price.
  const log2 = top.toString(2).length - bottom.toString(2).length
  return Math.max(-880_000, Math.min(880_000, log2 * 6932))
}

function addConsumerDebt(scene: Scene): void {
  const venueAccount = placeAt(scene, 'consumer')
  scene.positions.push({ ...held(scene, venueAccount, 'consumer'), kind: 'consumerDebt', amount: worth(scene) })
}
