import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Address,
  type Client,
  BaseError as ClientError,
  ExecutionRevertedError,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
} from 'viem'
import { call } from 'viem/actions'
import { z } from 'zod'
import { marginRegistryAbi } from '../attest/abi.ts'
import type { MarginRecord } from '../attest/record.ts'
import { decodeLeaf, encodeLeaf } from '../attest/root.ts'
import type { AttestationDomain } from '../attest/typedData.ts'
import { toRpcError } from '../chain/toRpcError.ts'
import { address, parseJson, parseWith, unixSeconds } from '../core/schema.ts'
import type { RegistryRecords } from '../registryRecords.ts'
import type { RootTree } from './sending/prepare.ts'

/** Every record under a root, as consumers show it: the bytes that `verify` and `postLeaf` take. */
export type PublishedRoot = AttestationDomain & {
  readonly schema: 'plimsoll-root/1'
  readonly root: Hex
  /** Unix seconds. */
  readonly observedAt: number
  readonly proofs: Readonly<Record<Address, Hex>>
}

/** Where trees are kept and made available; what is not published before its root is posted, nobody can prove. */
export interface RootStore {
  publish(root: PublishedRoot): Promise<void>
  /** Roots that were published for a time. */
  at(observedAt: number): Promise<readonly PublishedRoot[]>
}

const hex = z.string().regex(/^0x[\da-f]+$/) as unknown as z.ZodType<Hex>
const schema = z.strictObject({
  schema: z.literal('plimsoll-root/1'),
  chainId: z.int().positive(),
  registry: address,
  root: hex,
  observedAt: unixSeconds,
  proofs: z.record(address, hex),
})

/** Older files answer nothing: their roots are superseded. */
const mostFiles = 64

/** Keeps every root in a file of its own, `<time>-<root>.json`, which any web server can serve. */
export function fileRootStore(directory: string): RootStore {
  const namesOf = async () => {
    await mkdir(directory, { recursive: true })
    return (await readdir(directory)).filter((name) => /^\d{10}-0x[\da-f]{64}\.json$/.test(name)).sort()
  }
  return {
    async publish(published) {
      const names = await namesOf()
      const file = join(directory, nameOf(published))
      // Whole or not at all, whenever the process ends.
      await writeFile(`${file}.new`, `${JSON.stringify(published)}\n`, { flush: true })
      await rename(`${file}.new`, file)
      for (const name of names.slice(0, Math.max(0, names.length + 1 - mostFiles))) {
        await rm(join(directory, name), { force: true })
      }
    },
    async at(observedAt) {
      const names = (await namesOf()).filter((name) => name.startsWith(timeOf(observedAt)))
      const found = await Promise.all(names.map((name) => readPublished(join(directory, name))))
      return found.filter((published) => published !== undefined)
    },
  }
}

/** A file that cannot be used is as good as none: all accounts count as due, where an error would end every round. */
async function readPublished(file: string): Promise<PublishedRoot | undefined> {
  try {
    const published = parseWith(schema, parseJson(await readFile(file, 'utf8'), file), file) as PublishedRoot
    for (const proof of Object.values(published.proofs)) decodeLeaf(proof)
    return published
  } catch {
    return undefined
  }
}

const timeOf = (observedAt: number) => `${observedAt}`.padStart(10, '0')
const nameOf = ({ root, observedAt }: PublishedRoot) => `${timeOf(observedAt)}-${root}.json`

/** A tree as it is published. */
export function toPublished({ root, leaves }: RootTree, domain: AttestationDomain): PublishedRoot {
  const proofs = leaves.map((leaf) => [leaf.record.account, encodeLeaf(leaf)] as const)
  const { chainId, registry } = domain
  const about = { chainId, registry, root: root.root, observedAt: root.observedAt }
  return { schema: 'plimsoll-root/1', ...about, proofs: Object.fromEntries(proofs) }
}

/** Records under a root by account. */
export function recordsUnder({ proofs }: PublishedRoot): ReadonlyMap<Address, MarginRecord> {
  return new Map(
    Object.values(proofs).map((proof) => {
      const { record } = decodeLeaf(proof)
      return [record.account, record] as const
    }),
  )
}

/**
 * The tree under the newest root that a registry holds, if it was published here; the registry itself says which one it is.
 *
 * @throws {RpcError} when the node does not answer.
 */
export async function newestRoot(
  client: Client,
  store: RootStore,
  {
    domain,
    records: { newestRootAt, block },
    known,
  }: {
    readonly domain: AttestationDomain
    readonly records: Pick<RegistryRecords, 'newestRootAt' | 'block'>
    readonly known: PublishedRoot | undefined
  },
): Promise<PublishedRoot | undefined> {
  if (newestRootAt === 0) return undefined
  const candidates = known?.observedAt === newestRootAt ? [known] : await store.at(newestRootAt)
  for (const candidate of candidates) {
    if (candidate.chainId !== domain.chainId || !isAddressEqual(candidate.registry, domain.registry)) continue
    if (await isNewest(client, candidate, block.number)) return candidate
  }
  return undefined
}

async function isNewest(client: Client, { registry, proofs }: PublishedRoot, blockNumber: bigint): Promise<boolean> {
  const [proof] = Object.values(proofs)
  if (proof === undefined) return false
  const data = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'verify', args: [proof] })
  try {
    await call(client, { to: registry, data, blockNumber })
    return true
  } catch (error) {
    const isRevert = error instanceof ClientError && error.walk((link) => link instanceof ExecutionRevertedError)
    if (isRevert) return false
    throw toRpcError(client, 'Asking the registry for its newest root', error)
  }
}
