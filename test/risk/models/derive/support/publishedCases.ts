import { readFileSync } from 'node:fs'

/** What a case of `pmrm-2-cases.txt` publishes; its header says what the names mean. */
export type PublishedCase = {
  readonly name: string
  readonly book: unknown
  readonly parameters: unknown
  readonly expected: PublishedFigures
}

export type PublishedFigures = {
  readonly scenarios: readonly number[]
  readonly basis?: number
  readonly upward?: number
  readonly options: number
  readonly collateral: number
  readonly oracle: number
  readonly maintenance: number
  readonly initial: number
}

type Line = readonly [kind: string, ...words: string[]]

const asOf = 1_739_934_748

/** Cases of a text of lines, each starting with its kind. */
export function readPublishedCases(url: URL): PublishedCase[] {
  const [shared = [], ...cases] = readFileSync(url, 'utf8')
    .split(/^case /m)
    .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
  const lines = (texts: readonly string[]) => texts.map((text) => text.split(' ') as unknown as Line)
  return cases.map(([name = '', ...own]) => readCase(name, lines(shared), lines(own)))
}

function readCase(name: string, shared: readonly Line[], own: readonly Line[]): PublishedCase {
  const all = [...shared, ...own]
  const of = (kind: string) => all.filter((line) => line[0] === kind).map(([, ...words]) => words)
  const numbersOf = (kind: string) => of(kind)[0]?.map(Number)
  const [[underlying = '', price, confidence = '1'] = []] = of('market')
  const options = of('option')
  const collaterals = of('collateral')
  const perpetual = numbersOf('perpetual')
  const expiries = [...new Set(options.map(([seconds]) => Number(seconds)))]
  // The last line of a kind replaces those before it.
  const feed = (seconds: number, field: string) =>
    of('feed')
      .filter(([of, at, what]) => of === underlying && Number(at) === seconds && what === field)
      .at(-1)
      ?.slice(3)
      .map(Number) ?? []
  const figure = (kind: string) => numbersOf(kind)?.[0]
  const [basis, upward] = [figure('basis'), figure('upward')]
  return {
    name,
    parameters: {
      schema: 'plimsoll-model/1',
      model: 'derive-pmrm-2',
      name,
      stable: 'USDC',
      settlementWindow: 1800,
      ...readParameters(of('set')),
      scenarios: readScenarios(of('scenario')),
      collaterals: Object.fromEntries(
        collaterals.map(([asset, , , , cancelling, maintenance, initial]) => [
          asset,
          {
            riskCancelling: cancelling === 'yes',
            maintenanceHaircut: Number(maintenance),
            initialHaircut: Number(initial),
          },
        ]),
      ),
    },
    book: {
      schema: 'plimsoll-book/1',
      portfolio: {
        asOf,
        quote: 'USD',
        positions: [
          ...of('cash').map(([amount]) => ({ kind: 'cash', currency: 'USDC', amount: Number(amount) })),
          ...(perpetual === undefined
            ? []
            : [
                {
                  kind: 'perpetual',
                  underlying,
                  amount: perpetual[0],
                  unrealizedPnl: perpetual[3],
                  funding: perpetual[4],
                },
              ]),
          ...collaterals.map(([asset, amount, price, confidence]) => ({
            kind: 'spot',
            underlying,
            asset,
            amount: Number(amount),
            price: Number(price),
            confidence: Number(confidence),
          })),
          ...options.map(([seconds, strike, right, amount]) => ({
            kind: 'option',
            underlying,
            expiry: asOf + Number(seconds),
            strike: Number(strike),
            right,
            amount: Number(amount),
          })),
        ],
      },
      market: {
        underlyings: {
          [underlying]: {
            price: Number(price),
            confidence: Number(confidence),
            ...(perpetual === undefined ? {} : { perpetual: { price: perpetual[1], confidence: perpetual[2] } }),
            forwards: expiries.map((seconds) => ({
              expiry: asOf + seconds,
              price: feed(seconds, 'forward')[0],
              confidence: 1,
              rate: feed(seconds, 'rate')[0],
              rateConfidence: 1,
              volatilityConfidence: feed(seconds, 'volatilityConfidence')[0],
            })),
            smiles: expiries.map((seconds) => {
              const [a, b, rho, m, sigma, referenceYears] = feed(seconds, 'svi')
              const forward = feed(seconds, 'forward')[0]
              return { kind: 'svi', expiry: asOf + seconds, a, b, rho, m, sigma, forward, referenceYears }
            }),
          },
        },
        currencies: { USDC: { price: figure('stable') ?? 1.00019088635 } },
      },
    },
    expected: {
      scenarios: of('pnl').flatMap((words) => words.flatMap(repeated)),
      ...(basis === undefined ? {} : { basis }),
      ...(upward === undefined ? {} : { upward }),
      options: figure('options') ?? Number.NaN,
      collateral: figure('collaterals') ?? Number.NaN,
      oracle: figure('oracle') ?? Number.NaN,
      maintenance: figure('maintenance') ?? Number.NaN,
      initial: figure('initial') ?? Number.NaN,
    },
  }
}

function readParameters(lines: readonly string[][]): { [group: string]: { [field: string]: number } } {
  const parameters: { [group: string]: { [field: string]: number } } = {}
  for (const [path = '', value] of lines) {
    const [group = '', field = ''] = path.split('.')
    parameters[group] = { ...parameters[group], [field]: Number(value) }
  }
  return parameters
}

function readScenarios(lines: readonly string[][]) {
  const scenarios = new Map<string, { spot: number; volatility: string | undefined; dampening: number }>()
  for (const [index = '', spot, volatility, dampening] of lines) {
    if (spot === 'remove') scenarios.delete(index)
    else scenarios.set(index, { spot: Number(spot), volatility, dampening: Number(dampening) })
  }
  return [...scenarios.values()]
}

function repeated(word: string): number[] {
  const [value, times = '1'] = word.split('*')
  return Array<number>(Number(times)).fill(Number(value))
}
