import { type Market, volatilityKey } from '../../../src/core/market.ts'
import type { MarginParameters } from '../../../src/core/parameters.ts'
import type { Random } from '../../kernel/support/random.ts'
import { tokens } from './randomParameters.ts'

/** Block time of every random portfolio. */
export const now = 1_800_000_000

/** A contract that a random portfolio may hold. */
export type ListedOption = {
  readonly underlying: 'ETH' | 'BTC'
  readonly surface: 'near' | 'far'
  readonly strike: bigint
  readonly expiry: number
}

const wad = 10n ** 18n

/** Prices with all their digits, an option board of two surfaces, and now and then a confidence below the threshold. */
export function randomMarket(
  random: Random,
  parameters: MarginParameters,
): { readonly market: Market; readonly listed: readonly ListedOption[] } {
  const chance = (ofHundred: bigint): boolean => random.between(1n, 100n) <= ofHundred
  const confidence = (): bigint => (chance(85n) ? wad : random.between(0n, wad))
  const around = (price: bigint, ofThousand: bigint): bigint =>
    random.between(price - (price * ofThousand) / 1000n, price + (price * ofThousand) / 1000n)
  const extreme = chance(5n) ? random.between(1n, 10n ** 6n) : 0n
  const eth = extreme === 0n ? around(2000n * wad, 500n) : chance(50n) ? extreme * wad : (extreme * wad) / 10n ** 8n
  const prices = { BTC: around(60_000n * wad, 400n), ETH: eth, SUSD: around(wad, 20n), USDC: around(wad, 10n) }
  const listed = random.many(4, (): ListedOption => {
    const underlying = chance(75n) ? 'ETH' : 'BTC'
    const spot = prices[underlying]
    const strike = chance(10n) ? spot : chance(10n) ? random.between(1n, 50n * spot) : around(spot, 600n)
    return { underlying, surface: chance(70n) ? 'near' : 'far', strike, expiry: now + randomTerm(random) }
  })
  return {
    listed,
    market: {
      prices: Object.fromEntries(
        Object.entries(prices).map(([name, price]) => [
          name,
          { price, confidence: confidence(), updatedAt: now, source: 'random' },
        ]),
      ),
      rates: Object.fromEntries(
        Object.values(tokens).map((key) => [
          key,
          key === tokens.wsteth || key === tokens.savings ? random.between(wad, (13n * wad) / 10n) : wad,
        ]),
      ),
      volatilities: Object.fromEntries(
        listed.map((option) => {
          const low = random.between(wad / 20n, chance(90n) ? 2n * wad : 10n * wad)
          const high = chance(50n) ? low : low + random.between(0n, low / 4n)
          return [volatilityKey(option), { low, high, confidence: confidence(), source: 'random' }]
        }),
      ),
      rangeMultipliers: Object.fromEntries(
        Object.entries(parameters.underlyings).map(([name, { multiplier }]) => [
          name,
          chance(60n) ? multiplier.floor : random.between(multiplier.floor, multiplier.clamp),
        ]),
      ),
    },
  }
}

/** Seconds to expiry: from some seconds to a year, at times the edges of the model's rules, at times past. */
function randomTerm(random: Random): number {
  const terms = [1n, 60n, 86_399n, 86_400n, 86_401n, 2_592_000n, 2_592_001n, 31_536_000n]
  switch (random.between(0n, 9n)) {
    case 0n:
      return -Number(random.between(0n, 86_400n))
    case 1n:
      return Number(terms[Number(random.between(0n, BigInt(terms.length - 1)))])
    case 2n:
      return Number(random.between(1n, 7200n))
    default:
      return Number(random.between(3600n, 31_536_000n))
  }
}
