import { expect } from 'chai'
import fc from 'fast-check'
import { normalCdf, normalQuantile } from '../../../../src/risk/models/math/normal.ts'
import {
  DrawAddressError,
  normalDraw,
  type PhiloxCounter,
  philox4x32,
  uniformDraw,
} from '../../../../src/risk/models/math/random.ts'
import { excessKurtosis, mean, skewness, variance } from '../../../../src/risk/models/math/statistics.ts'

describe('random', () => {
  it('reproduces the known answers of Philox4x32-10 (Random123, kat_vectors)', () => {
    const known: [PhiloxCounter, [number, number], PhiloxCounter][] = [
      [
        [0, 0, 0, 0],
        [0, 0],
        [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
      ],
      [
        [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
        [0xffffffff, 0xffffffff],
        [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
      ],
      [
        [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        [0xa4093822, 0x299f31d0],
        [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
      ],
    ]
    for (const [counter, key, answer] of known) expect(philox4x32(counter, key)).to.deep.equal(answer)
  })

  it('behavior: agrees with the same rounds in big integers', () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        const mask = 0xffffffffn
        let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]
        let [k0, k1] = key.map(BigInt) as [bigint, bigint]
        for (let round = 0; round < 10; round++) {
          const [first, second] = [0xd2511f53n * c0, 0xcd9e8d57n * c2]
          ;[c0, c1, c2, c3] = [(second >> 32n) ^ c1 ^ k0, second & mask, (first >> 32n) ^ c3 ^ k1, first & mask]
          k0 = (k0 + 0x9e3779b9n) & mask
          k1 = (k1 + 0xbb67ae85n) & mask
        }
        expect(philox4x32(counter, key)).to.deep.equal([c0, c1, c2, c3].map(Number))
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('behavior: a draw is the address of its seed, index and factor', () => {
    expect(uniformDraw(0, 0, 0)).to.equal(((0x6627e8d5 >>> 6) * 2 ** 26 + (0xe169c58d >>> 6) + 0.5) * 2 ** -52)
    const draws = new Set<number>()
    for (const seed of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
      for (const index of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
        for (const factor of [0, 1, 2 ** 32 - 1]) {
          const draw = uniformDraw(seed, index, factor)
          expect(draw).to.equal(uniformDraw(seed, index, factor))
          expect(normalDraw(seed, index, factor)).to.equal(normalQuantile(draw))
          draws.add(draw)
        }
      }
    }
    expect(draws.size).to.equal(48)
  })

  it('behavior: 100,000 draws have the moments and the distribution of their law', () => {
    const count = 100_000
    const normals = Array.from({ length: count }, (_, index) => normalDraw(2024, index, 3))
    const limit = 4 / Math.sqrt(count)
    expect(Math.abs(mean(normals))).to.be.below(limit)
    expect(Math.abs(variance(normals, 'sample') - 1)).to.be.below(limit * Math.sqrt(2))
    expect(Math.abs(skewness(normals, 'sample'))).to.be.below(limit * Math.sqrt(6))
    expect(Math.abs(excessKurtosis(normals, 'sample'))).to.be.below(limit * Math.sqrt(24))
    // Kolmogorov's distance; 1.95 / √n is passed once in a thousand times.
    const sorted = normals.toSorted((a, b) => a - b)
    const distance = Math.max(...sorted.map((x, index) => Math.abs(normalCdf(x) - (index + 0.5) / count)))
    expect(distance).to.be.below(1.95 / Math.sqrt(count))
  })

  it('error: DrawAddressError', () => {
    for (const [seed, index, factor] of [
      [-1, 0, 0],
      [0, 0.5, 0],
      [0, 0, 2 ** 32],
      [NaN, 0, 0],
      [2 ** 53, 0, 0],
    ] as const) {
      expect(() => uniformDraw(seed, index, factor)).to.throw(DrawAddressError)
      expect(() => normalDraw(seed, index, factor)).to.throw(DrawAddressError)
    }
  })
})
