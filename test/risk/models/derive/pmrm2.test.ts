import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseBook } from '../../../../src/core/book.ts'
import { derivePmrm2 } from '../../../../src/risk/models/derive/pmrm2.ts'
import { expectClose } from '../../../support/close.ts'
import { readPublishedCases } from './support/publishedCases.ts'

type Expected = {
  readonly scenarios: readonly number[]
  readonly basis?: number
  /** Earlier revisions of the source publish the upward part of the basis contingency alone. */
  readonly upward?: number
  /** What feeds that are not sure charge, below zero. */
  readonly oracle?: number
  readonly options: number
  readonly collateral: number
  readonly maintenance: number
  readonly initial: number
  readonly worst?: string
  readonly factorInitial?: number
  readonly charges?: { readonly [name: string]: number }
  readonly staticDiscounts?: readonly (readonly [number, number])[]
} & { readonly [list in List]?: readonly number[] }

type List =
  | 'perExpiry'
  | 'perExpiryDiscounted'
  | 'volatilities'
  | 'volatilitiesUp'
  | 'volatilitiesDown'
  | 'kStar'
  | 'linear'
  | 'absolute'

const vector = JSON.parse(
  readFileSync(new URL('../../../vectors/models/derive/pmrm-2.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly { name: string; book: unknown; parameters: unknown; expected: Expected }[] }

// The source compares within 1e-8 of the figure, and within 1e-8 where it is next to nothing.
const near = (actual: number, expected: number, what: string) => {
  const bound = Math.abs(expected) < 1e-8 ? 1e-8 : 1e-8 * Math.abs(expected)
  expectClose(actual, expected, bound, what)
}

const published: readonly { name: string; book: unknown; parameters: unknown; expected: Expected }[] = [
  ...vector.cases,
  ...readPublishedCases(new URL('../../../vectors/models/derive/pmrm-2-cases.txt', import.meta.url)),
]

type Details = {
  readonly basisContingency: number
  readonly basisByDirection: { readonly up: number; readonly down: number }
  readonly markToMarket: { readonly options: number; readonly collateral: number }
  readonly factors: { readonly initial: number }
  readonly contingency: { readonly [kind: string]: { readonly maintenance: number; readonly initial: number } }
  readonly confidenceContingency: { readonly [kind: string]: number }
  readonly expiries: readonly {
    readonly markToMarket: number
    readonly discounted: number
    readonly staticDiscount: { readonly long: number; readonly short: number }
    readonly options: readonly {
      readonly volatility: number
      readonly volatilityUp: number
      readonly volatilityDown: number
      readonly linear: { readonly multiplier: number; readonly kStar: number }
      readonly absolute: { readonly multiplier: number }
    }[]
  }[]
}

describe('derive-pmrm-2', () => {
  for (const { name, book, parameters, expected } of published) {
    it(`reproduces ${name}`, () => {
      const result = derivePmrm2.calculate({
        book: parseBook(JSON.stringify(book)),
        parameters: derivePmrm2.parametersSchema.parse(parameters),
      })
      const details = result.details as unknown as Details
      expect(result.scenarios.length).to.be.at.least(expected.scenarios.length)
      for (const [index, pnl] of expected.scenarios.entries()) {
        near(result.scenarios[index]?.pnl ?? Number.NaN, pnl, result.scenarios[index]?.id ?? `${index}`)
      }
      if (expected.basis !== undefined) near(details.basisContingency, expected.basis, 'basis contingency')
      if (expected.upward !== undefined) near(details.basisByDirection.up, expected.upward, 'upward basis contingency')
      near(details.markToMarket.options, expected.options, 'options')
      near(details.markToMarket.collateral, expected.collateral, 'collateral')
      const options = details.expiries.flatMap((expiry) => expiry.options)
      const lists: { readonly [list in List]: readonly number[] } = {
        perExpiry: details.expiries.map(({ markToMarket }) => markToMarket),
        perExpiryDiscounted: details.expiries.map(({ discounted }) => discounted),
        volatilities: options.map(({ volatility }) => volatility),
        volatilitiesUp: options.map(({ volatilityUp }) => volatilityUp),
        volatilitiesDown: options.map(({ volatilityDown }) => volatilityDown),
        kStar: options.map(({ linear }) => linear.kStar),
        linear: options.map(({ linear }) => linear.multiplier),
        absolute: options.map(({ absolute }) => absolute.multiplier),
      }
      for (const [list, values] of Object.entries(lists)) {
        for (const [index, value] of (expected[list as List] ?? []).entries()) {
          near(values[index] ?? Number.NaN, value, `${list} ${index}`)
        }
      }
      for (const [index, [long, short]] of (expected.staticDiscounts ?? []).entries()) {
        near(details.expiries[index]?.staticDiscount.long ?? Number.NaN, long, `long discount ${index}`)
        near(details.expiries[index]?.staticDiscount.short ?? Number.NaN, short, `short discount ${index}`)
      }
      const unsure = details.confidenceContingency
      const oracle = (unsure.perpetual ?? 0) + (unsure.option ?? 0) + (unsure.collateral ?? 0)
      if (expected.oracle !== undefined) near(-oracle, expected.oracle, 'confidence contingency')
      const charges: { readonly [name: string]: number | undefined } = {
        perpetualMaintenance: details.contingency.perpetual?.maintenance,
        perpetualInitial: details.contingency.perpetual?.initial,
        optionMaintenance: details.contingency.option?.maintenance,
        optionInitial: details.contingency.option?.initial,
        collateralMaintenance: details.contingency.collateral?.maintenance,
        collateralInitial: details.contingency.collateral?.initial,
        oracle,
      }
      for (const [charge, value] of Object.entries(expected.charges ?? {})) {
        near(charges[charge] ?? Number.NaN, value, charge)
      }
      if (expected.worst !== undefined) expect(result.worst[0]?.scenario).to.equal(expected.worst)
      if (expected.factorInitial !== undefined) near(details.factors.initial, expected.factorInitial, 'initial factor')
      near(result.free.maintenance, expected.maintenance, 'maintenance margin')
      near(result.free.initial, expected.initial, 'initial margin')
    })
  }
})
