import { AbiParameters } from 'ox'
import { decodeAbiParameters, encodeAbiParameters, type Hex, parseAbiParameters } from 'viem'
import { type ColumnKind, decodeColumns } from '../../src/chain/decodeColumns.ts'
import { medianCpu } from './medianCpu.ts'
import type { BenchRow } from './row.ts'

const type =
  '(address account, uint64 instrument, int256 size, uint256 entry, int256 funding, uint8 kind)[] positions' as const
const kinds: readonly ColumnKind[] = ['address', 'number', 'integer', 'integer', 'integer', 'number']
const count = 10_000

/** Positions of six words out of the text of one answer: into columns, against the two libraries that give objects. */
export function decodeRows(): readonly BenchRow[] {
  const data = answer()
  const viem = parseAbiParameters(type)
  const ox = AbiParameters.from(type)
  const own = nanoseconds(() => decodeColumns(data, kinds), { times: 100, warmUps: 200 })
  const ratio = (peer: () => unknown) => Math.round((nanoseconds(peer, { times: 7, warmUps: 3 }) / own) * 10) / 10
  return [
    { name: 'decode.position', value: Math.round(own), unit: 'ns' },
    {
      name: 'decode.vs.viem',
      value: ratio(() => decodeAbiParameters(viem, data)),
      unit: 'times',
      gate: 80,
      better: 'more',
    },
    {
      name: 'decode.vs.ox',
      value: ratio(() => AbiParameters.decode(ox, data)),
      unit: 'times',
      gate: 20,
      better: 'more',
    },
  ]
}

function answer(): Hex {
  const positions = Array.from({ length: count }, (_, index) => {
    const sign = index % 2 === 0 ? 1n : -1n
    return {
      account: `0x${((index * 2_654_435_761) % 2 ** 32).toString(16).padStart(40, '0')}` as const,
      instrument: BigInt(index % 600),
      size: sign * 10n ** 17n * BigInt((index % 90) + 1),
      entry: 123_456_789n * BigInt(index),
      funding: sign * 5n,
      kind: index % 4,
    }
  })
  return encodeAbiParameters(parseAbiParameters(type), [positions])
}

function nanoseconds(run: () => unknown, { times, warmUps }: { times: number; warmUps: number }): number {
  return (medianCpu(run, times, warmUps) * 1e6) / count
}
