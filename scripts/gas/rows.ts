import { measureEas, measureEasBatch, measureLibraryQuorum, measureSafeCheck } from './peers.ts'
import {
  measureBatch,
  measureColdRead,
  measureLargestContract,
  measureRoot,
  measureUpdate,
  measureVerify,
} from './registry.ts'

/** One measured figure; `gate` is the most it may be, `peer` the figure of whom it is held against, `ratio` peer over own. */
export type GasRow = {
  readonly name: string
  readonly value: number
  readonly unit: 'gas' | 'bytes'
  readonly peer?: number
  readonly ratio?: number
  readonly gate?: number
}

type Measurement = {
  readonly name: string
  readonly unit?: GasRow['unit']
  readonly gate?: number
  /** Name of the row that this one is held against. */
  readonly against?: string
  readonly measure: () => Promise<number>
}

const quorum = (k: number, gate: number): Measurement => ({
  name: `post.${k}of9.update`,
  gate,
  against: `peer.openzeppelin.post.${k}of9.update`,
  measure: () => measureUpdate(k),
})

const measurements: readonly Measurement[] = [
  quorum(1, 42_000),
  quorum(3, 51_000),
  quorum(5, 60_000),
  {
    name: 'batch.100.perAccount',
    gate: 7_000,
    against: 'peer.eas.multiAttest.20.packed.perAccount',
    measure: () => measureBatch(3, 100),
  },
  { name: 'root.1000.perAccount', gate: 45, measure: () => measureRoot(1, 1000) },
  { name: 'read.cold', gate: 8_300, measure: () => measureColdRead('gasOfRead') },
  { name: 'read.cold.decoded', measure: () => measureColdRead('gasOfDecodedRead') },
  { name: 'verify.transient', gate: 16_500, measure: () => measureVerify(1, ({ attest }) => attest()) },
  { name: 'verify.transient.3of9', gate: 23_500, measure: () => measureVerify(3, ({ attest }) => attest()) },
  {
    name: 'verify.leaf.1000',
    measure: () =>
      measureVerify(1, async ({ attestRoot, send }) => {
        const { root, leaf } = await attestRoot(1000)
        await send(root)
        return leaf
      }),
  },
  ...[1, 3, 5].flatMap((k): Measurement[] => [
    {
      name: `peer.openzeppelin.post.${k}of9.update`,
      measure: () => measureLibraryQuorum('OpenZeppelinQuorum', k),
    },
    { name: `peer.solady.post.${k}of9.update`, measure: () => measureLibraryQuorum('SoladyQuorum', k) },
    { name: `peer.safe.check.${k}of9`, measure: () => measureSafeCheck(k) },
  ]),
  { name: 'peer.eas.attest.typed', measure: () => measureEas('typed') },
  { name: 'peer.eas.attest.packed', measure: () => measureEas('packed') },
  { name: 'peer.eas.multiAttest.20.typed.perAccount', measure: () => measureEasBatch('typed') },
  { name: 'peer.eas.multiAttest.20.packed.perAccount', measure: () => measureEasBatch('packed') },
  { name: 'size.largest', unit: 'bytes', gate: 24_576, measure: measureLargestContract },
]

/** Names of all rows, in their order. */
export const gasRowNames: readonly string[] = measurements.map(({ name }) => name)

/** Measures the rows whose names begin with `prefix`, and the peers that they are held against. */
export async function measureGas(
  prefix: string,
  onProgress: (name: string) => void = () => undefined,
): Promise<readonly GasRow[]> {
  const selected = measurements.filter(({ name }) => name.startsWith(prefix))
  const needed = new Set(selected.flatMap(({ name, against }) => [name, ...(against === undefined ? [] : [against])]))
  const values = new Map<string, number>()
  for (const { name, measure } of measurements) {
    if (!needed.has(name)) continue
    onProgress(name)
    values.set(name, await measure())
  }
  return selected.map(({ name, against, unit = 'gas', gate }) => {
    const value = values.get(name) as number
    const peer = against === undefined ? undefined : values.get(against)
    return {
      name,
      value,
      unit,
      ...(peer === undefined ? {} : { peer, ratio: Math.round((peer / value) * 100) / 100 }),
      ...(gate === undefined ? {} : { gate }),
    }
  })
}
