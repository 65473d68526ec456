import { expect } from 'chai'
import fc from 'fast-check'
import { type FeePolicy, firstFees, raisedFees } from '../../../src/keeper/sending/fees.ts'

const gwei = 10n ** 9n
const policy: FeePolicy = { floor: gwei / 2n, cap: 40n * gwei, bumpPerMille: 150n }

describe('fees', () => {
  it('bid twice the base fee and the tip: 2 · 1.8 + 0.1 = 3.7 gwei', () => {
    const fees = firstFees(policy, { baseFee: (18n * gwei) / 10n, tip: gwei / 10n })
    expect(fees).to.deep.equal({ maxFeePerGas: (37n * gwei) / 10n, maxPriorityFeePerGas: gwei / 10n })
  })

  it('bid the floor in a cheap moment, the cap in a dear one, and nothing when the base fee is above the cap', () => {
    expect(firstFees(policy, { baseFee: 7n, tip: 1n })?.maxFeePerGas).to.equal(gwei / 2n)
    expect(firstFees(policy, { baseFee: 39n * gwei, tip: gwei })?.maxFeePerGas).to.equal(40n * gwei)
    expect(firstFees(policy, { baseFee: 40n * gwei + 1n, tip: 0n })).to.equal(undefined)
  })

  it('raise 2 gwei with a tip of 0.1 by 15 %, to 2.3 and 0.115', () => {
    const before = { maxFeePerGas: 2n * gwei, maxPriorityFeePerGas: gwei / 10n }
    const fees = raisedFees(policy, before, { baseFee: gwei, tip: 0n })
    expect(fees).to.deep.equal({ maxFeePerGas: (23n * gwei) / 10n, maxPriorityFeePerGas: (115n * gwei) / 1000n })
  })

  it('law: every replacement raises both by at least an eighth, stays within the cap, and has no tip above the whole', () => {
    const amount = fc.bigInt({ min: 0n, max: 100n * gwei })
    fc.assert(
      fc.property(amount, amount, amount, amount, fc.bigInt({ min: 0n, max: 500n }), (base, tip, now, tipNow, step) => {
        const rules = { ...policy, bumpPerMille: step }
        let fees = firstFees(rules, { baseFee: base, tip })
        for (let i = 0; i < 60 && fees !== undefined; i++) {
          expect(fees.maxFeePerGas <= rules.cap && fees.maxPriorityFeePerGas <= fees.maxFeePerGas).to.equal(true)
          const raised = raisedFees(rules, fees, { baseFee: now, tip: tipNow })
          if (raised) {
            expect(raised.maxFeePerGas * 8n >= fees.maxFeePerGas * 9n).to.equal(true)
            expect(raised.maxPriorityFeePerGas * 8n >= fees.maxPriorityFeePerGas * 9n).to.equal(true)
            expect(raised.maxPriorityFeePerGas > 0n).to.equal(true)
          }
          fees = raised
        }
        expect(fees).to.equal(undefined)
      }),
    )
  })
})
