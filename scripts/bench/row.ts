/** One measured number; `gate` is the most that it may be, or the least of one where more is better. */
export type BenchRow = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly gate?: number
  readonly better?: 'more'
}

/** Measures rows; `only` is how the names of those that are wanted begin, for suites whose parts take long. */
export type BenchSuite = (only: string) => readonly BenchRow[] | Promise<readonly BenchRow[]>
