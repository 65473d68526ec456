import type { AssetKey, Underlying } from '../core/asset.ts'
import { MissingMarketDataError } from '../core/errors.ts'
import type { Market, SpotPrice, Volatility } from '../core/market.ts'
import type { MarginParameters } from '../core/parameters.ts'
import type { PinnedBlock } from '../core/portfolio.ts'
import { type ReadPlan, readTogether } from '../core/readPlan.ts'
import type { Wad } from '../core/units.ts'
import { chainedRate } from './chainedRate.ts'
import { chainlink } from './chainlink.ts'
import { chainlinkHistory } from './chainlinkHistory.ts'
import { choose } from './choose.ts'
import { erc4626Rate } from './erc4626Rate.ts'
import { fixedRate } from './fixedRate.ts'
import { lyraVolatility } from './lyraVolatility.ts'
import { median } from './median.ts'
import { pyth } from './pyth.ts'
import { rangeMultiplier } from './rangeMultiplier.ts'
import { realisedVolatility } from './realisedVolatility.ts'
import type { MarketRequest, MarketSources, Rate } from './source.ts'
import { uniswapV3Twap } from './uniswapV3Twap.ts'
import { viewRate } from './viewRate.ts'

const unchainedRates = [fixedRate, erc4626Rate, viewRate]

/** The sources that need nothing but a chain. */
export const chainSources: MarketSources = {
  prices: [chainlink, median, pyth, uniswapV3Twap],
  volatilities: [lyraVolatility, realisedVolatility],
  rates: [...unchainedRates, chainedRate(unchainedRates)],
  histories: [chainlinkHistory],
}

/** What a market is read for, and from which sources; without `sources`, those that need nothing but a chain. */
export type ReadMarketOptions = {
  readonly parameters: MarginParameters
  readonly request: MarketRequest
  readonly block: PinnedBlock
  readonly sources?: MarketSources
}

/**
 * Reads what the request names, and only that, from the sources of the parameter set. A range multiplier whose rule is fixed
 * is its floor; one that follows a history is calculated from it.
 *
 * @throws {MissingMarketDataError} when an underlying, asset or surface has no source, or its source no usable answer.
 * @throws {InsufficientHistoryError} when a price history is too short or has gaps.
 * @throws {StaleMarketDataError} when a source's answer is older than it may be.
 * @throws {InvalidInputError} when an entry is not what its source expects.
 */
export function* readMarket({
  parameters,
  request,
  block,
  sources = chainSources,
}: ReadMarketOptions): ReadPlan<Market> {
  const surfaces = [...new Set(request.options.map(({ surface }) => surface))].sort()
  const [prices, rates, volatilities, multipliers] = yield* readTogether([
    readTogether(
      request.underlyings.map((underlying): ReadPlan<readonly [Underlying, SpotPrice]> => {
        const { source, configuration } = choose(sources.prices, parameters.prices[underlying], `prices.${underlying}`)
        return named(underlying, source.read(configuration, underlying, block, sources))
      }),
    ),
    readTogether(
      [...new Set([...request.held, ...request.owed])].sort().map((asset): ReadPlan<readonly [AssetKey, Wad]> => {
        const { source, configuration } = choose(sources.rates, parameters.assets[asset]?.rate, `assets.${asset}.rate`)
        return named(asset, oneRate(source.read(configuration, asset, block), asset, request))
      }),
    ),
    readTogether(
      surfaces.map((surface): ReadPlan<Readonly<Record<string, Volatility>>> => {
        const { source, configuration } = choose(
          sources.volatilities,
          parameters.volatilities[surface],
          `volatilities.${surface}`,
        )
        return source.read(
          configuration,
          surface,
          request.options.filter((option) => option.surface === surface),
          block,
          sources,
        )
      }),
    ),
    readTogether(
      request.underlyings.map(
        (underlying): ReadPlan<readonly [Underlying, Wad]> =>
          named(underlying, readMultiplier(underlying, { parameters, block, sources })),
      ),
    ),
  ])
  return {
    prices: Object.fromEntries(prices),
    rates: Object.fromEntries(rates),
    volatilities: Object.assign({}, ...volatilities),
    rangeMultipliers: Object.fromEntries(multipliers),
  }
}

/**
 * The one rate that an asset counts at.
 *
 * @throws {MissingMarketDataError} when the account holds and owes the asset and the two sides count at different rates.
 */
function* oneRate(plan: ReadPlan<Rate>, asset: AssetKey, { held, owed }: MarketRequest): ReadPlan<Wad> {
  const rate = yield* plan
  if (!owed.includes(asset)) return rate.held
  if (!held.includes(asset) || rate.held === rate.owed) return rate.owed
  throw new MissingMarketDataError(
    `${asset} is both held and owed, at rates of ${rate.held} and ${rate.owed}: its bounds leave no rate for both.`,
    {
      metaMessages: [
        'Wait until rate and market agree, or give the asset a source without bounds in the parameter set.',
      ],
    },
  )
}

function* named<Name extends string, Result>(name: Name, plan: ReadPlan<Result>): ReadPlan<readonly [Name, Result]> {
  return [name, yield* plan]
}

function* readMultiplier(
  underlying: Underlying,
  { parameters, block, sources }: Required<Pick<ReadMarketOptions, 'parameters' | 'block' | 'sources'>>,
): ReadPlan<Wad> {
  const rule = parameters.underlyings[underlying]?.multiplier
  if (rule === undefined) throw new MissingMarketDataError(`The parameter set has no underlying ${underlying}.`)
  if (rule.rule === 'fixed') return rule.floor
  const { source, configuration } = choose(
    sources.histories ?? [],
    rule.history,
    `underlyings.${underlying}.multiplier.history`,
  )
  const { timestamp } = block
  const samples = yield* source.read(configuration, underlying, { from: timestamp - rule.lookback, block })
  return rangeMultiplier({ underlying, rule, samples, timestamp })
}
