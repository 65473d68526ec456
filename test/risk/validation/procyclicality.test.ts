import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { regulatoryBuffer, withAntiProcyclicality } from '../../../src/risk/validation/antiProcyclicality.ts'
import { procyclicalityOf } from '../../../src/risk/validation/procyclicality.ts'
import { expectClose } from '../../support/close.ts'

const margins = fc.array(fc.double({ min: 1, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 60 })
const plain = (values: readonly number[]) => values.map((margin) => ({ margin }))

describe('procyclicality', () => {
  it('behavior: peak to trough within a window, largest rise within days', () => {
    const series = [10, 12, 6, 9, 18, 17]
    expect(procyclicalityOf(series, { window: 2, days: 1 })).to.deep.equal({
      peakToTrough: 2,
      largestRise: { amount: 9, share: 1, from: 3, to: 4 },
    })
    expect(procyclicalityOf(series, { window: 6, days: 2 })).to.deep.equal({
      peakToTrough: 3,
      largestRise: { amount: 12, share: 2, from: 2, to: 4 },
    })
  })
  it('behavior: a margin of zero has no ratio', () => {
    expect(procyclicalityOf([0, 5], { window: 2, days: 1 })).to.deep.equal({
      peakToTrough: null,
      largestRise: { amount: 5, share: null, from: 0, to: 1 },
    })
    expect(procyclicalityOf([3, 3, 3], { window: 3, days: 2 }).peakToTrough).to.equal(1)
  })
  it('error: no margins or no window', () => {
    expect(() => procyclicalityOf([], { window: 1, days: 1 })).to.throw(InvalidInputError)
    expect(() => procyclicalityOf([1], { window: 0, days: 1 })).to.throw(InvalidInputError)
  })
})

describe('anti-procyclicality tools', () => {
  it('behavior: without tools the model is charged', () => {
    fc.assert(
      fc.property(margins, (values) => {
        expect(withAntiProcyclicality(plain(values), {}).map(({ charged }) => charged)).to.deep.equal(values)
      }),
    )
  })
  it('behavior: the blend of the regulation, max of three quarters model and a quarter stress, and the floor', () => {
    const days = [
      { margin: 100, stressed: 200, floor: 90 },
      { margin: 40, stressed: 60, floor: 90 },
    ]
    const charged = withAntiProcyclicality(days, { stressedWeight: 0.25, floor: true })
    expect(charged.map(({ base, floored }) => [base, floored])).to.deep.equal([
      [125, false],
      [90, true],
    ])
  })
  it('behavior: the buffer absorbs a rise, is used up, and is built again; its state is logged', () => {
    const tools = { buffer: { share: 0.25, releaseAbove: 1.1, meanOver: 3, rebuildOver: 2 } }
    const days = withAntiProcyclicality(plain([100, 100, 115, 150, 150, 150, 150, 150, 150]), tools)
    expect(days.map(({ state }) => state)).to.deep.equal([
      ...['full', 'full', 'released', 'exhausted', 'exhausted'],
      ...['rebuilding', 'full', 'full', 'full'],
    ])
    expect(days.map(({ charged }) => charged)).to.deep.equal([125, 125, 125, 150, 150, 168.75, 187.5, 187.5, 187.5])
  })
  it('behavior: a buffered margin covers the model, never has more than its share on top, and a floor never lowers', () => {
    fc.assert(
      fc.property(margins, (values) => {
        for (const { base, buffer, charged } of withAntiProcyclicality(plain(values), { buffer: regulatoryBuffer })) {
          expect(buffer).to.be.within(0, 0.25 * base + 1e-12 * base)
          expectClose(charged, base + buffer, 1e-12 * charged)
        }
        const floored = withAntiProcyclicality(
          values.map((margin) => ({ margin, floor: 300 })),
          { floor: true },
        )
        expect(floored.map(({ charged }) => charged)).to.deep.equal(values.map((value) => Math.max(value, 300)))
      }),
    )
  })
  it('behavior: the buffer softens the rise of a margin that doubles', () => {
    const values = [...Array<number>(40).fill(100), ...Array.from({ length: 20 }, (_, step) => 100 + 5 * (step + 1))]
    const rise = (series: readonly number[]) => procyclicalityOf(series, { window: 60, days: 5 }).largestRise.share ?? 0
    const charged = withAntiProcyclicality(plain(values), { buffer: regulatoryBuffer }).map((day) => day.charged)
    expect(rise(charged)).to.be.lessThan(rise(values))
  })
  it('error: a tool without its margin, or out of range', () => {
    expect(() => withAntiProcyclicality([{ margin: 1 }], { floor: true })).to.throw(InvalidInputError, 'long look-back')
    expect(() => withAntiProcyclicality([{ margin: 1 }], { stressedWeight: 0.5 })).to.throw('stressed observations')
    expect(() => withAntiProcyclicality([{ margin: 1 }], { stressedWeight: 2 })).to.throw('0 to 1')
    expect(() => withAntiProcyclicality([{ margin: 1 }], { buffer: { ...regulatoryBuffer, rebuildOver: 0 } })).to.throw(
      'buffer',
    )
  })
})
