import { existsSync } from 'node:fs'
import { type Book, parseBook } from '../../src/core/book.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { parseJson } from '../../src/core/schema.ts'
import { parseSnapshot } from '../../src/core/snapshot.ts'
import type { MarginHoldings } from '../../src/margin.ts'
import { bookParameters } from '../../src/risk/plimsoll/bookParameters.ts'
import { type ChainOptions, type DiscoveryOption, type MarketOption, snapshotOf } from './context.ts'
import { readTextFile } from './deployment.ts'
import { loadParameterSet } from './parameterFile.ts'

/** What `margin` and `compare` work on: a snapshot, a book or an account, and where its parameter set is. */
export type HoldingsOptions = ChainOptions &
  MarketOption &
  DiscoveryOption & { readonly assets?: string; readonly block?: string }

/** Holdings with the parameter set of `plimsoll-1` that fits them, if there is one, and their currency. */
export type LoadedHoldings = {
  readonly holdings: MarginHoldings
  readonly assets: MarginParameters | undefined
  readonly quote: string
  /** The book, where the target is one. */
  readonly book: Book | undefined
}

/**
 * Reads a book or snapshot file, or an account from the chain. A book goes with the built-in set for books; a snapshot with that
 * of `--assets`, else of the deployment, else with none.
 *
 * @throws {InvalidInputError} for a file that is neither, and whatever reading refuses.
 */
export async function holdingsOf(target: string, options: HoldingsOptions): Promise<LoadedHoldings> {
  const given = options.assets === undefined ? undefined : await loadParameterSet(options.assets)
  if (!target.endsWith('.json')) {
    const { snapshot, parameters } = await snapshotOf(target, withAssets(options))
    return { holdings: snapshot, assets: parameters, quote: 'USD', book: undefined }
  }
  if (options.block !== undefined) {
    throw new InvalidInputError(`${target} is a file of one moment; --block ${options.block} cannot move it.`)
  }
  const text = await readTextFile(target)
  if (isBook(parseJson(text, target))) {
    const book = parseBook(text)
    return { holdings: book, assets: given ?? bookParameters, quote: book.portfolio.quote, book }
  }
  const assets = given ?? (existsSync(options.deployment) ? await loadParameterSet(options.deployment) : undefined)
  return { holdings: parseSnapshot(text), assets, quote: 'USD', book: undefined }
}

/** Reading an account takes its parameter set from the option of that name, which is another one of these commands. */
function withAssets({ assets, ...options }: HoldingsOptions & { readonly parameters?: unknown }) {
  const { parameters: _, ...others } = options
  return assets === undefined ? others : { ...others, parameters: assets }
}

function isBook(content: unknown): boolean {
  return typeof content === 'object' && content !== null && 'schema' in content && content.schema === 'plimsoll-book/1'
}
