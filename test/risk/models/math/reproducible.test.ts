import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { black76 } from '../../../../src/risk/models/math/black76.ts'
import { chiSquareTail, studentQuantile } from '../../../../src/risk/models/math/distribution.ts'
import { exp, log, power } from '../../../../src/risk/models/math/exponential.ts'
import { impliedTotalVolatility } from '../../../../src/risk/models/math/impliedVolatility.ts'
import { symmetricEigen } from '../../../../src/risk/models/math/linearAlgebra.ts'
import { normalCdf, normalQuantile } from '../../../../src/risk/models/math/normal.ts'
import { normalDraw } from '../../../../src/risk/models/math/random.ts'

/** What the language defines to the bit. `Math.exp`, `Math.log`, `Math.pow`, `**` and their kin may differ between engines. */
const allowed = new Set(
  'abs ceil floor fround imul max min round sign sqrt trunc clz32 E LN2 LN10 LOG2E LOG10E PI SQRT1_2 SQRT2'.split(' '),
)

const models = new URL('../../../../src/risk/models/', import.meta.url)

describe('double lane', () => {
  it('behavior: no model uses a function whose result the language leaves open', () => {
    const files = readdirSync(models, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    expect(files).to.include('math/exponential.ts')
    for (const file of files) {
      const code = readFileSync(new URL(file, models), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      const used = [...code.matchAll(/Math\.(\w+)/g)].map((match) => match[1] as string)
      expect(
        used.filter((name) => !allowed.has(name)),
        file,
      ).to.deep.equal([])
      // A power of big integers is exact.
      expect(code.match(/(?<!\dn )\*\*/g), file).to.equal(null)
      expect(code, file).not.to.match(/Math\[|\bDate\b|process\.|console\.|performance\./)
    }
  })

  it('behavior: thousands of results have the same bits on every machine', () => {
    const word = new DataView(new ArrayBuffer(8))
    let hash = 0n
    const take = (...values: readonly number[]) => {
      for (const value of values) {
        word.setFloat64(0, value)
        hash = BigInt.asUintN(64, (hash ^ word.getBigUint64(0)) * 0x100000001b3n)
      }
    }
    for (let index = 0; index < 1_000; index++) {
      const draw = normalDraw(1, index, 0)
      const probability = normalCdf(draw)
      const strike = 100 * exp(0.3 * Math.abs(draw))
      const { call, put } = black76({ forward: 100, strike, volatility: 0.5, time: 0.25 })
      take(draw, probability, call, put, log(1 + call), power(1.5, draw), normalQuantile(probability))
      take(impliedTotalVolatility({ right: 'call', price: call, forward: 100, strike }))
      take(studentQuantile(probability, 4), chiSquareTail(Math.abs(draw), 3))
    }
    const { values, vectors } = symmetricEigen([
      [2, 0.3, 0.1],
      [0.3, 1, 0.7],
      [0.1, 0.7, 3],
    ])
    take(...values, ...vectors.flat())
    expect(hash.toString(16)).to.equal('cbae93b1654f8ece')
  })
})
