import { fileURLToPath } from 'node:url'
import type { Address } from 'viem'
import { readTextFile, writeTextFile } from '../cli/deployment.ts'

type Table = Readonly<Record<number, { readonly registry: Address; readonly accessManager: Address }>>

/** The file with what the package serves as `addresses` of `plimsoll/addresses`, in a checkout. */
export const addressesFile = fileURLToPath(new URL('../../src/registries.ts', import.meta.url))

/** The source of the table, by chain id. */
export function addressesSource(source: string, table: Table): string {
  const entries = Object.entries(table)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([chainId, { registry, accessManager }]) => {
      return `  ${chainId}: {\n    registry: '${registry}',\n    accessManager: '${accessManager}',\n  },\n`
    })
  const body = entries.length === 0 ? '{}' : `{\n${entries.join('')}}`
  return source.replace(/(export const addresses = )\{[\s\S]*?\}( as const)/, `$1${body}$2`)
}

/**
 * Enters a deployment into the table.
 *
 * @throws {InvalidInputError} when the file cannot be read or written.
 */
export async function publishAddresses(
  chainId: number,
  { registry, accessManager }: Table[number],
  file = addressesFile,
): Promise<void> {
  const source = await readTextFile(file)
  const { addresses } = (await import(file)) as { addresses: Table }
  await writeTextFile(file, addressesSource(source, { ...addresses, [chainId]: { registry, accessManager } }))
}
