import type { Book } from '../../../../src/core/book.ts'
import type { VarEsParameters } from '../../../../src/risk/models/var-es/parameters.ts'
import { varEsDefaults } from '../../../../src/risk/models/var-es/varEsDefaults.ts'

export const day = 86_400

/** Weights of a portfolio worth one, over series of returns. */
export function returnsBook(series: { readonly [name: string]: readonly number[] }, weights: readonly number[]): Book {
  const names = Object.keys(series)
  return {
    schema: 'plimsoll-book/1',
    portfolio: {
      asOf: 0,
      quote: 'USD',
      positions: names.map((underlying, index) => ({ kind: 'spot', underlying, amount: weights[index] as number })),
    },
    market: {
      underlyings: Object.fromEntries(
        names.map((name) => [
          name,
          {
            price: 1,
            history: { kind: 'returns' as const, interval: day, values: [...(series[name] as readonly number[])] },
          },
        ]),
      ),
    },
  }
}

/** One step, nothing added: the estimator alone, as published cases state it. */
export function plain(
  estimator: VarEsParameters['estimator'],
  changes: Partial<VarEsParameters> = {},
): VarEsParameters {
  return {
    ...varEsDefaults,
    name: 'test',
    estimator,
    initial: { measure: 'var', confidence: 0.95 },
    maintenance: { measure: 'es', confidence: 0.95 },
    horizon: day,
    returns: 'simple',
    shortfall: 'below',
    lookBack: { minimum: 1, maximum: null, unequal: 'refuse' },
    regimes: [{ kind: 'estimated' }],
    volatilityCharge: null,
    antiProcyclicality: { buffer: null, stressed: null, floor: null },
    floorAtZero: false,
    ...changes,
  }
}
