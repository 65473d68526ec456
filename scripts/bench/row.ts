/** One measured number; `gate` is the most that it may be, or the least of one where more is better. */
export type BenchRow = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly gate?: number
  readonly better?: 'more'
}

export type BenchSuite = () => readonly BenchRow[] | Promise<readonly BenchRow[]>
