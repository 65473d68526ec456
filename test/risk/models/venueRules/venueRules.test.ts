import { expect } from 'chai'
import fc from 'fast-check'
import { parseBook } from '../../../../src/core/book.ts'
import { InvalidInputError } from '../../../../src/core/errors.ts'
import { UnmodeledPositionError } from '../../../../src/risk/models/errors.ts'
import { aaveV3AccountData } from '../../../../src/risk/models/venueRules/aaveV3.ts'
import { liquidateAaveV3 } from '../../../../src/risk/models/venueRules/aaveV3Liquidation.ts'
import { binaryPower } from '../../../../src/risk/models/venueRules/binaryPower.ts'
import { compoundV3Principal } from '../../../../src/risk/models/venueRules/compoundV3.ts'
import { liquidateMorphoBlue, morphoBlueState } from '../../../../src/risk/models/venueRules/morphoBlue.ts'
import { assessVenueAccount, parseVenueAccount } from '../../../../src/risk/models/venueRules/venueAccount.ts'
import { venueRulesModel } from '../../../../src/risk/models/venueRules/venueRules.ts'

const wad = 10n ** 18n
const parameters = venueRulesModel.defaults

function calculate(positions: readonly unknown[], venueAccounts: readonly unknown[]) {
  const portfolio = { asOf: 0, quote: 'USD', positions, venueAccounts }
  const market = { underlyings: { ETH: { price: 2000 } } }
  const book = parseBook(JSON.stringify({ schema: 'plimsoll-book/1', portfolio, market }))
  return venueRulesModel.calculate({ book, parameters })
}

const aave = (changes: object = {}) => {
  const account = parseVenueAccount({
    ...{ rule: 'aave-v3', version: '3.7' },
    reserves: [
      {
        ...{ asset: 'WETH', decimals: 18, price: `${2_000n * 10n ** 8n}`, supplied: `${10n * wad}` },
        ...{ ltv: 8_000, liquidationThreshold: 8_250, liquidationBonus: 10_500, liquidationProtocolFee: 1_000 },
      },
      { asset: 'USDC', decimals: 6, price: `${10n ** 8n}`, debt: '16600000000', ltv: 0, liquidationThreshold: 0 },
    ],
    ...changes,
  })
  return account.rule === 'aave-v3' ? account : expect.fail('not Aave')
}

const morpho = (changes: object) => {
  const account = parseVenueAccount({
    ...{ rule: 'morpho-blue', collateral: `${wad}`, oraclePrice: `${10n ** 36n}`, lltv: `${(8n * wad) / 10n}` },
    ...{ loanDecimals: 18, totalBorrowAssets: `${5n * wad}`, totalBorrowShares: `${5n * wad * 10n ** 6n}`, ...changes },
  })
  return account.rule === 'morpho-blue' ? account : expect.fail('not Morpho')
}

describe('venue-rules', () => {
  it('default: sums the venues and adds what lies outside', () => {
    const { rule, ...own } = aave({ reserves: aave().reserves.slice(0, 1) })
    expect(rule).to.equal('aave-v3')
    expect(own.reserves).to.have.length(1)
    const stated = (id: string, initial: bigint) => ({
      ...{ rule: 'stated', id, unitPrice: `${wad}` },
      stated: { initial: `${initial * wad}`, maintenance: `${(initial * wad) / 2n}` },
    })
    const positions = [
      { kind: 'spot', underlying: 'ETH', amount: 2 },
      { kind: 'perpetual', underlying: 'ETH', amount: -1, entry: 2100, venue: 'a' },
    ]
    const margin = calculate(positions, [stated('a', 300n), stated('b', 100n)])
    expect(margin).to.include({ equity: 4_100, initialMargin: 400, maintenanceMargin: 200 })
    expect(margin.free).to.deep.equal({ initial: 3_700, maintenance: 3_900 })
    expect(margin.lines.map(({ id }) => id)).to.deep.equal(['a', 'b'])
  })

  it('error: what can lose more than it is worth outside of any account, and an account with an unknown field', () => {
    const short = { kind: 'perpetual', underlying: 'ETH', amount: -1, entry: 2100 }
    expect(() => calculate([short], [])).to.throw(UnmodeledPositionError, 'p0')
    expect(() => calculate([], [{ rule: 'stated', surprise: 1 }])).to.throw(InvalidInputError, 'surprise')
    expect(() => calculate([], [{ rule: 'nonsense' }])).to.throw(InvalidInputError, 'rule')
    expect(() => calculate([], [{ rule: 'stated', id: 'a' }])).to.throw(InvalidInputError, 'states no requirement')
  })

  it('behavior: an account of Aave, worked by hand in both roundings', () => {
    // 20,000 at 82.5 % cover 16,500 of 16,600: a health factor of 0.99397…, so half may be repaid.
    const { details, isLiquidatable, ...figures } = assessVenueAccount(
      aave({ liquidation: { collateral: 'WETH', debt: 'USDC', debtToCover: '1234567891' } }),
    )
    expect(figures).to.deep.equal({ equity: 3_400, initial: 4_000, maintenance: 3_500 })
    expect(isLiquidatable).to.equal(true)
    expect(details).to.include({ healthFactor: '993975903614457831', availableBorrowsBase: '0', ltv: '8000' })
    // Half of all debt; 1,234.567891 · 1.05 / 2,000 ETH; a tenth of its bonus goes to the protocol.
    expect(details.liquidation).to.deep.equal({
      ...{ maximumDebt: '8300000000', debtRepaid: '1234567891', refusedAs: null },
      ...{ collateralSeized: '645061723047500000', protocolFee: '3086419727500000' },
    })
  })

  it('behavior: Aave refuses to leave dust and closes small reserves in whole', () => {
    const small = aave({
      reserves: aave().reserves.map((reserve) => ({
        ...reserve,
        ...(reserve.supplied === undefined ? { debt: '1660000000' } : { supplied: `${wad}` }),
      })),
    })
    const call = { collateral: 'WETH', debt: 'USDC', debtToCover: 900_000_000n }
    const liquidation = liquidateAaveV3('3.7', { data: aaveV3AccountData(small), eMode: undefined, call })
    expect(liquidation).to.include({ maximumDebt: 1_660_000_000n, refusedAs: 'it must not leave dust' })
    const early = liquidateAaveV3('3.0', { data: aaveV3AccountData(small), eMode: undefined, call })
    expect(early).to.include({ maximumDebt: 830_000_000n, refusedAs: null })
  })

  it('behavior: e-mode replaces threshold, bonus and price of its assets', () => {
    const eMode = { ltv: 9_000, liquidationThreshold: 9_500, price: `${1_000n * 10n ** 8n}` }
    const reserves = aave().reserves.map((reserve) => ({ ...reserve, inEMode: reserve.asset === 'WETH' }))
    const data = aaveV3AccountData(aave({ eMode, reserves }))
    expect(data).to.include({ totalCollateral: 10_000n * 10n ** 8n, liquidationThreshold: 9_500n, ltv: 9_000n })
  })

  it('behavior: Morpho rounds shares against the borrower and caps the incentive', () => {
    const state = morphoBlueState(morpho({ borrowShares: `${(8n * wad * 10n ** 6n) / 10n}` }))
    expect(state.maxBorrow).to.equal((8n * wad) / 10n)
    expect(state.borrowed - state.maxBorrow <= 1n).to.equal(true)
    // 1 / (1 − 0.3 · 0.2) and the cap.
    expect(state.liquidationIncentiveFactor).to.equal(1_063_829_787_234_042_553n)
    const low = morphoBlueState(morpho({ borrowed: '0', lltv: '0' }))
    expect(low).to.include({ liquidationIncentiveFactor: (115n * wad) / 100n, isHealthy: true })
  })

  it('law: a Morpho liquidation never repays less than the collateral at the incentive, nor seizes more', () => {
    const shares = wad * 10n ** 6n
    fc.assert(
      fc.property(fc.bigInt(1n, wad), fc.bigInt(1n, shares), fc.boolean(), (seized, repaid, bySeized) => {
        const account = morpho({ borrowShares: `${shares}` })
        const call = bySeized ? { seizedAssets: seized } : { repaidShares: repaid }
        let result: ReturnType<typeof liquidateMorphoBlue>
        try {
          result = liquidateMorphoBlue(account, call)
        } catch (error) {
          expect(error).to.be.instanceOf(InvalidInputError)
          return
        }
        const { liquidationIncentiveFactor } = morphoBlueState(account)
        expect(result.seizedAssets * wad <= result.repaidAssets * liquidationIncentiveFactor).to.equal(true)
        expect(result.badDebtShares > 0n).to.equal(result.seizedAssets === wad && result.repaidShares < shares)
      }),
    )
  })

  it('law: a principal of Compound III is present value or less, and its debt present value or more', () => {
    const index = fc.bigInt(10n ** 15n, 3n * 10n ** 15n)
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 24n), 10n ** 24n), index, index, (balance, supplyIndex, borrowIndex) => {
        const principal = compoundV3Principal(balance, { supplyIndex, borrowIndex })
        const present = (principal * (principal >= 0n ? supplyIndex : borrowIndex)) / 10n ** 15n
        expect(present <= balance).to.equal(true)
        expect(balance - present <= 4n).to.equal(true)
      }),
    )
  })

  it('law: powers of GMX are powers to twelve digits', () => {
    fc.assert(
      fc.property(fc.bigInt(wad, 10n ** 27n), (x) => {
        const square = binaryPower(x, 2n * wad)
        const exact = (x * x) / wad
        const gap = square > exact ? square - exact : exact - square
        expect(gap <= exact / 10n ** 12n + 100n).to.equal(true)
      }),
    )
  })

  it('law: more collateral never lowers a health factor of Aave, and more debt never raises it', () => {
    const amount = fc.bigInt(1n, 10n ** 24n)
    const at = (supplied: bigint, debt: bigint, version: string) =>
      aaveV3AccountData(
        aave({
          version,
          reserves: aave().reserves.map((reserve) =>
            reserve.asset === 'WETH' ? { ...reserve, supplied } : { ...reserve, debt },
          ),
        }),
      ).healthFactor ?? 0n
    fc.assert(
      fc.property(amount, amount, amount, fc.constantFrom('3.0', '3.7'), (supplied, debt, more, version) => {
        // A debt too small for a base unit counts as none before 3.5.
        fc.pre(debt > 10n ** 6n)
        const health = at(supplied, debt, version)
        expect(at(supplied + more, debt, version) >= health).to.equal(true)
        expect(at(supplied, debt + more, version) <= health).to.equal(true)
      }),
    )
  })
})
