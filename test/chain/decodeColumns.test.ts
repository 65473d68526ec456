import { expect } from 'chai'
import fc from 'fast-check'
import { decodeAbiParameters, encodeAbiParameters, getAddress, type Hex, toHex } from 'viem'
import { type Column, type ColumnKind, decodeColumns } from '../../src/chain/decodeColumns.ts'
import { InvalidInputError } from '../../src/core/errors.ts'

const types = { address: 'address', number: 'uint48', integer: 'int128' } as const
const values = {
  address: fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => getAddress(toHex(bytes))),
  number: fc.nat({ max: 2 ** 48 - 1 }),
  integer: fc.oneof(
    fc.constantFrom(0n, -1n, 2n ** 127n - 1n, -(2n ** 127n), 2n ** 64n, -(2n ** 64n)),
    fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }),
  ),
}
const kindsOf = fc.array(fc.constantFrom<ColumnKind>('address', 'number', 'integer'), { minLength: 1, maxLength: 6 })
const rows = kindsOf.chain((kinds) =>
  fc.record({
    kinds: fc.constant(kinds),
    rows: fc.array(fc.tuple(...kinds.map((kind): fc.Arbitrary<unknown> => values[kind])), { maxLength: 5 }),
  }),
)

const abiOf = (kinds: readonly ColumnKind[]) => [
  { type: 'tuple[]', components: kinds.map((kind) => ({ name: '', type: types[kind] })) },
]

function valueAt(column: Column, row: number): unknown {
  switch (column.kind) {
    case 'address':
      return getAddress(toHex(column.bytes.subarray(20 * row, 20 * row + 20)))
    case 'number':
      return column.values[row]
    case 'integer':
      return ((column.high[row] ?? 0n) << 64n) + (column.low[row] ?? 0n)
  }
}

const word = (value: bigint) => BigInt.asUintN(256, value).toString(16).padStart(64, '0')
const arrayOf = (value: bigint): Hex => `0x${word(32n)}${word(1n)}${word(value)}`

describe('decodeColumns', () => {
  it('gives field by field what viem gives row by row', () => {
    fc.assert(
      fc.property(rows, ({ kinds, rows: written }) => {
        const data = encodeAbiParameters(abiOf(kinds), [written])
        const { length, columns } = decodeColumns(data, kinds)
        const read = Array.from({ length }, (_, row) => columns.map((column) => valueAt(column, row)))
        expect(read).to.deep.equal(decodeAbiParameters(abiOf(kinds), data)[0])
      }),
    )
  })

  it('refuses a word that its kind cannot hold', () => {
    for (const [kind, value] of [
      ['address', 2n ** 160n],
      ['address', 2n ** 255n],
      ['number', 2n ** 53n],
      ['number', -1n],
      ['integer', 2n ** 127n],
      ['integer', -(2n ** 127n) - 1n],
      ['integer', 2n ** 255n],
    ] as const) {
      expect(() => decodeColumns(arrayOf(value), [kind]), `${kind} ${value}`).to.throw(InvalidInputError, /row 0/)
    }
    expect(decodeColumns(arrayOf(2n ** 53n - 1n), ['number']).columns).to.deep.equal([
      { kind: 'number', values: Float64Array.of(2 ** 53 - 1) },
    ])
  })

  it('refuses text that is no array of such rows', () => {
    const good = arrayOf(7n)
    for (const bad of [
      '0x',
      good.slice(0, -2),
      `${good}00`,
      `${good.slice(0, -1)}g`,
      good.replace(word(32n), word(64n)),
    ]) {
      expect(() => decodeColumns(bad as Hex, ['number']), bad).to.throw(InvalidInputError)
    }
    expect(() => decodeColumns(good, ['number', 'number'])).to.throw(InvalidInputError)
    expect(decodeColumns(`0x${word(32n)}${word(0n)}`, ['number']).length).to.equal(0)
  })
})
