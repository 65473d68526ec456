import { toAssetKey } from '../../core/asset.ts'
import type { MarginParameters } from '../../core/parameters.ts'
import { wad } from '../../core/units.ts'
import { defaultCalibration, defaultUnderlyings, wrappedBasis } from './calibration.ts'

/**
 * The default calibration for books that come from no chain: one asset without a basis for every default underlying, prices
 * from the book. A book is held with whoever asks for the margin, so no venue fails. No registry knows this set and nothing
 * may be signed by it.
 */
export const bookParameters: MarginParameters = {
  ...defaultCalibration,
  lines: { ...defaultCalibration.lines, venueFailure: { recovery: wad } },
  name: 'book',
  modelId: 0,
  chainId: 1,
  underlyings: { ...defaultUnderlyings },
  assets: Object.fromEntries(
    Object.keys(defaultUnderlyings).map((underlying, index) => [
      toAssetKey(1, `0x${(index + 1).toString(16).padStart(40, '0')}`),
      {
        symbol: underlying,
        decimals: 18,
        underlying,
        rate: { source: 'fixed', value: wad },
        basis: wrappedBasis.none,
      },
    ]),
  ),
  prices: Object.fromEntries(Object.keys(defaultUnderlyings).map((underlying) => [underlying, { source: 'file' }])),
  volatilities: {},
  venues: [],
}
