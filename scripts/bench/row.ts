/** One measured number; `gate` is the most that it may be. */
export type BenchRow = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly gate?: number
}

export type BenchSuite = () => readonly BenchRow[]
