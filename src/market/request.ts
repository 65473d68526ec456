import type { AssetKey, Underlying } from '../core/asset.ts'
import type { MarginParameters } from '../core/parameters.ts'
import type { Position } from '../core/position.ts'
import type { MarketRequest } from './source.ts'

/**
 * What the valuation of positions at a time needs of the market: each underlying that they depend on once, the rates of
 * their known assets, and the contracts of the options that have not expired. Assets outside the parameter set are left out:
 * whoever values the portfolio names or refuses them. `timestamp` in Unix seconds.
 */
export function toMarketRequest(
  positions: readonly Position[],
  { parameters, timestamp }: { readonly parameters: MarginParameters; readonly timestamp: number },
): MarketRequest {
  const [held, owed] = [new Set<AssetKey>(), new Set<AssetKey>()]
  const underlyings = new Set<Underlying>()
  const options = new Map<string, MarketRequest['options'][number]>()
  const addAsset = (asset: AssetKey, sides: readonly Set<AssetKey>[]): void => {
    const known = parameters.assets[asset]
    if (known === undefined) return
    for (const side of sides) side.add(asset)
    underlyings.add(known.underlying)
  }
  const sidesOf: Readonly<Record<Position['kind'], readonly Set<AssetKey>[]>> = {
    balance: [held],
    debt: [owed],
    concentratedLiquidity: [held],
    consumerDebt: [],
    // What is paid at their end goes either way.
    perpetual: [held, owed],
    perpetualLiquidity: [held, owed],
    option: [held, owed],
  }
  for (const position of positions) {
    // What is not credited is worth nothing at any price; asking for one would let dust block the account.
    if (position.kind === 'balance' && isUncredited(position, parameters)) continue
    if (position.kind === 'concentratedLiquidity' && position.uncounted !== undefined) continue
    for (const asset of assetsOf(position)) addAsset(asset, sidesOf[position.kind])
    if (position.kind === 'perpetual' || position.kind === 'perpetualLiquidity') underlyings.add(position.underlying)
    if (position.kind === 'option') {
      underlyings.add(position.underlying)
      const { surface, strike, expiry, underlying } = position
      if (expiry > timestamp) options.set([surface, strike, expiry].join(), { surface, strike, expiry, underlying })
    }
  }
  return {
    underlyings: [...underlyings].sort(),
    held: [...held].sort(),
    owed: [...owed].sort(),
    options: [...options.values()],
  }
}

function isUncredited({ control }: Position, { credit }: MarginParameters): boolean {
  return control !== 'consumer' && credit[control] === 0n
}

function assetsOf(position: Position): AssetKey[] {
  switch (position.kind) {
    case 'balance':
    case 'debt':
      return [position.asset]
    case 'perpetual':
      return position.quoteAsset === null ? [] : [position.quoteAsset]
    case 'perpetualLiquidity':
    case 'option':
      return [position.quoteAsset]
    case 'concentratedLiquidity':
      return [position.token0, position.token1]
    case 'consumerDebt':
      return []
  }
}
