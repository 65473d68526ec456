import type { VarEsParameters } from './parameters.ts'

/**
 * Historical simulation over two days. Two days, a look-back of a year, 99 % and the buffer are those of Regulation (EU) 153/2013,
 * Articles 24 to 28; the shortfall instead of the quantile for the initial margin is ours and charges more; volatility moves are Derive's.
 */
export const varEsDefaults: VarEsParameters = {
  schema: 'plimsoll-model/1',
  model: 'var-es',
  name: 'historical simulation, two days',
  estimator: { kind: 'historical' },
  initial: { measure: 'es', confidence: 0.99 },
  maintenance: { measure: 'var', confidence: 0.99 },
  horizon: 2 * 86_400,
  scaling: 'returns',
  returns: 'log',
  mean: 'zero',
  valuation: 'full',
  decay: false,
  quantile: 7,
  shortfall: 'coherent',
  lookBack: { minimum: 365, maximum: null, unequal: 'refuse' },
  regimes: [{ kind: 'estimated' }, { kind: 'blended', theta: 0.5 }, { kind: 'all-one' }, { kind: 'sign-flipped' }],
  volatilityCharge: { up: 0.5, down: 0.3, shortTermPower: 0.3, longTermPower: 0.13, termFloor: 86_400 },
  antiProcyclicality: { buffer: { share: 0.25, released: 0 }, stressed: null, floor: null },
  floorAtZero: true,
}
