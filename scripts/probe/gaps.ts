import { marginOfModel } from '../../src/backtest.ts'
import { fromWad } from '../../src/risk/models/bookOf.ts'
import type { Shock } from '../../src/risk/models/valuation.ts'
import { volatilityFactors } from '../../src/risk/models/volatilityShock.ts'
import { bookParameters } from '../../src/risk/plimsoll/bookParameters.ts'
import { type ModelGap, type NamedShock, searchGap } from '../../src/risk/validation/modelGap.ts'
import { families } from './families.ts'

/** The widest gap of one family in one region. Money in dollars. */
export type Finding = {
  readonly family: string
  readonly region: string
  readonly ratio: number
  readonly cushion: number
  readonly loss: number
  readonly at: string | null
  readonly positions: string
}

/** Where losses are looked for. */
type Region = { readonly id: string; readonly shocks: readonly NamedShock[] }

const range = fromWad(bookParameters.underlyings.ETH?.range ?? 0n)
const bitcoinRange = fromWad(bookParameters.underlyings.BTC?.range ?? 0n)

/** `count` moves from `least` to `most`, evenly. */
const moves = (least: number, most: number, count: number) =>
  Array.from({ length: count }, (_, index) => least + ((most - least) * index) / (count - 1))

const regions: readonly Region[] = [
  { id: 'between', shocks: shocksOf(moves(-range, range, 145), ['up', 'none', 'down'], 0) },
  { id: 'a day later', shocks: shocksOf(moves(-range, range, 145), ['up', 'none', 'down'], 1 / 365) },
  { id: 'apart', shocks: apartShocks() },
  { id: 'tails', shocks: shocksOf(moves(-0.66, 1, 167), ['up', 'none'], 0) },
]

/** What to search, and whom to tell of each finding. */
export type ProbeOptions = {
  readonly seed: number
  readonly draws: number
  readonly steps: number
  /** Only the region or family of this name. */
  readonly only?: string
  readonly onFinding?: (text: string) => void
}

/** The search that docs/model-gaps.md shows. */
export const documentedSearch = { seed: 1, draws: 150, steps: 100 } as const

/** Searches every family in every region with the default parameters for books. */
export function findGaps({ only, onFinding = () => {}, ...search }: ProbeOptions): readonly Finding[] {
  const marginOf = marginOfModel(bookParameters)
  return regions.flatMap(({ id, shocks }) =>
    families
      .filter(({ id: name }) => id !== 'apart' || name === 'ether against bitcoin')
      .filter(({ id: name }) => only === undefined || only === name || only === id)
      .map((family): Finding => {
        const gap = searchGap(family, { marginOf, shocks, ...search })
        onFinding(`${id}, ${family.id}: ${gap.ratio.toFixed(3)}`)
        return { family: family.id, region: id, ...figuresOf(gap) }
      }),
  )
}

/** The findings as a table of docs/model-gaps.md. */
export function gapTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ region, family, ratio, cushion, loss, at, positions }) =>
    [region, family, ratio.toFixed(2), dollars(cushion), dollars(loss), at ?? '', positions].join(' | '),
  )
  return [
    '| region | family | loss / margin | margin | loss | at | book |',
    '| --- | --- | ---: | ---: | ---: | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

function figuresOf({ ratio, cushion, loss, at, book }: ModelGap): Omit<Finding, 'family' | 'region'> {
  const positions = book.portfolio.positions.flatMap((position) => {
    const round = (value: number) => Number(value.toPrecision(4))
    switch (position.kind) {
      case 'option': {
        const days = round(((position.expiry ?? 0) - book.portfolio.asOf) / 86_400)
        const volatility = `${((position.volatility ?? 0) * 100).toFixed(0)} %`
        return [`${round(position.amount)} ${position.right} ${round(position.strike)} ${days} d ${volatility}`]
      }
      case 'perpetual':
        return [`${round(position.amount)} ${position.underlying} perpetual`]
      case 'liquidity':
        return [`liquidity ${round(position.lowerPrice)}–${round(position.upperPrice)}`]
      default:
        return []
    }
  })
  return { ratio, cushion, loss, at, positions: positions.join(', ') }
}

function shocksOf(list: readonly number[], vols: readonly ('up' | 'none' | 'down')[], elapsed: number): NamedShock[] {
  return list.flatMap((move) =>
    vols.map((vol) => ({
      name: `${signed(move)}, vol ${vol}`,
      shock: { prices: { ETH: 1 + move, BTC: 1 + move }, elapsed, ...volatilityShock(vol) },
    })),
  )
}

/** Ether and bitcoin each on its own way, volatility up. */
function apartShocks(): NamedShock[] {
  return moves(-range, range, 25).flatMap((ether) =>
    moves(-bitcoinRange, bitcoinRange, 25).map((bitcoin) => ({
      name: `ETH ${signed(ether)}, BTC ${signed(bitcoin)}, vol up`,
      shock: { prices: { ETH: 1 + ether, BTC: 1 + bitcoin }, ...volatilityShock('up') },
    })),
  )
}

/** The shocks of the model's own volatility scenarios, in doubles. */
function volatilityShock(vol: 'up' | 'none' | 'down'): Pick<Shock, 'volatility'> {
  if (vol === 'none') return {}
  const { up, down, minimumUp, shortTermPower, longTermPower, shortestTerm } = bookParameters.volatilityShock
  const terms = {
    ...{ up: fromWad(up), down: fromWad(down), termFloor: shortestTerm },
    ...{ shortTermPower: fromWad(shortTermPower), longTermPower: fromWad(longTermPower) },
  }
  return {
    volatility: (volatility, years) => {
      const factors = volatilityFactors(terms, years * 31_536_000)
      return vol === 'up' ? Math.max(volatility * factors.up, fromWad(minimumUp)) : volatility * factors.down
    },
  }
}

function signed(move: number): string {
  return `${move < 0 ? '−' : '+'}${(Math.abs(move) * 100).toFixed(1)} %`
}

function dollars(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
