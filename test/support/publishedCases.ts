import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Book, parseBook } from '../../src/core/book.ts'
import { parseWith } from '../../src/core/schema.ts'
import type { ModelMargin, ModelParameters, ReferenceModel } from '../../src/risk/models/model.ts'
import { expectClose } from './close.ts'

/** One published case: what goes in, and the figures that were printed for it, by path into the result. */
type PublishedCase = {
  readonly id: string
  readonly parameters: unknown
  readonly book: unknown
  readonly expect: { readonly [path: string]: number | readonly number[] }
  /** Relative to the printed figure; the file's absolute tolerance where it is absent. */
  readonly relative?: number
}

type PublishedFile = {
  readonly source: string
  readonly note: string
  readonly licence: string
  readonly tolerance: number
  readonly cases: readonly PublishedCase[]
}

/** Holds a model against every file of published cases in test/vectors/models/<folder>. */
export function describePublishedCases<Parameters extends ModelParameters>(
  model: ReferenceModel<Parameters>,
  folder: string,
): void {
  const path = fileURLToPath(new URL(`../vectors/models/${folder}/`, import.meta.url))
  for (const file of readdirSync(path).toSorted()) {
    const { source, tolerance, cases } = JSON.parse(readFileSync(`${path}${file}`, 'utf8')) as PublishedFile
    describe(source, () => {
      for (const published of cases) {
        it(published.id, () => {
          const parameters = parseWith(model.parametersSchema, published.parameters, 'The parameter set')
          const book: Book = parseBook(JSON.stringify(published.book))
          const margin = model.calculate({ book, parameters })
          for (const [key, value] of Object.entries(published.expect)) {
            const found = at(margin, key)
            const wanted = typeof value === 'number' ? [value] : value
            const got = (typeof found === 'number' ? [found] : found) as readonly number[]
            expect(got, key).to.have.lengthOf(wanted.length)
            for (const [index, figure] of wanted.entries()) {
              const allowed = published.relative === undefined ? tolerance : Math.abs(figure) * published.relative
              expectClose(got[index], figure, allowed, key)
            }
          }
          expectSums(margin)
        })
      }
    })
  }
}

/** What holds for every result: lines sum to the requirement, and free is equity less it. */
export function expectSums(margin: ModelMargin): void {
  const scale = 1e-9 * (1 + margin.lines.reduce((sum, { initial }) => sum + Math.abs(initial), 0))
  const initial = margin.lines.reduce((sum, line) => sum + line.initial, 0)
  const maintenance = margin.lines.reduce((sum, line) => sum + line.maintenance, 0)
  expectClose(initial, margin.initialMargin, scale)
  expectClose(maintenance, margin.maintenanceMargin, scale)
  expectClose(margin.free.initial, margin.equity - margin.initialMargin, scale)
}

function at(margin: ModelMargin, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => {
    if (Array.isArray(node)) return node.map((item) => (item as Record<string, unknown>)[key])
    return (node as Record<string, unknown> | undefined)?.[key]
  }, margin)
}
