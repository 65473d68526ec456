import type { Address, Client, Hash } from 'viem'
import { attestationDigest } from './attest/digest.ts'
import { type Improvement, withBoundedEquity } from './attest/improvement.ts'
import type { Attestation, MarginRecord } from './attest/record.ts'
import { decodeFlags, requireSignable } from './attest/record.ts'
import { type ToRecordOptions, toRecord } from './attest/toRecord.ts'
import type { AttestationDomain, UnsignedAttestation } from './attest/typedData.ts'
import { witnessRoot } from './attest/witness.ts'
import { InvalidInputError } from './core/errors.ts'
import type { MarginResult } from './core/margin.ts'
import { type MarginParameters, parametersHash } from './core/parameters.ts'
import { inputsHash, portfolioRoot, type Snapshot } from './core/snapshot.ts'
import type { DiscoveryOptions } from './discovery.ts'
import type { MarketSources } from './market/source.ts'
import { type ReadOptions, readSnapshots } from './readSnapshots.ts'
import { calculateMargin } from './risk/plimsoll/calculateMargin.ts'

export type ReadSnapshotOptions = ReadOptions & DiscoveryOptions & { readonly account: Address }

/** A snapshot and the `eth_call`s that it took. */
export type SnapshotReading = { readonly snapshot: Snapshot; readonly ethCalls: number }

/**
 * Reads everything an account holds and owes, and the market that moves it, at one block.
 *
 * @throws {InvalidInputError} for an account that is no address, a venue whose adapter is not there, and ids of a venue that
 * takes none.
 * @throws {DuplicateClaimError} when two venues claim the same tokens.
 * @throws {ChainMismatchError | RpcError | ReorgedError | CallFailedError} when the chain cannot be read as one.
 * @throws whatever an adapter or source refuses.
 */
export async function readSnapshot(
  client: Client,
  { account, ids, ...options }: ReadSnapshotOptions,
): Promise<SnapshotReading> {
  const { readings, ethCalls } = await readSnapshots(client, { ...options, accounts: [account], idsOf: () => ids })
  const [reading] = readings
  if (reading === undefined) throw new InvalidInputError('The account was not read.')
  if ('refusal' in reading) throw reading.refusal
  return { snapshot: reading.snapshot, ethCalls }
}

export type DraftOptions = ToRecordOptions & {
  readonly parameters: MarginParameters
  readonly setId: bigint
  /** The model's change bounds and the record stored at the bound block; without them equity is signed as it is. */
  readonly improvement?: Improvement | undefined
}

/**
 * Calculates the margin of a snapshot and drafts the record that signers sign: `min(equity, initialMargin + bound)`, where
 * the registry bounds how fast free equity may rise.
 *
 * @throws {OutOfRangeError} when the margin does not fit the record.
 * @throws whatever {@link calculateMargin} and {@link toRecord} refuse.
 */
export function draftAttestation(
  snapshot: Snapshot,
  { parameters, setId, improvement, ...flags }: DraftOptions,
): { readonly result: MarginResult; readonly unsigned: UnsignedAttestation } {
  const result = calculateMargin({ portfolio: snapshot.portfolio, market: snapshot.market, parameters })
  return { result, unsigned: draftOf(snapshot, result, { parameters, setId, improvement, ...flags }) }
}

/** As {@link draftAttestation}, of a margin that was calculated from the snapshot. */
export function draftOf(
  snapshot: Snapshot,
  result: MarginResult,
  { parameters, setId, improvement, ...flags }: DraftOptions,
): UnsignedAttestation {
  const { block } = snapshot.portfolio
  const record = toRecord(result, flags)
  const unsigned: UnsignedAttestation = {
    record: improvement === undefined ? record : withBoundedEquity(record, improvement),
    blockNumber: block.number,
    portfolioRoot: portfolioRoot(inputsHash(snapshot), witnessRoot(snapshot.witnesses)),
    blockHash: block.hash,
    paramsHash: parametersHash(parameters),
    setId,
  }
  requireSignable(unsigned)
  return unsigned
}

/** One field in which an attestation differs from what the chain gives. */
export type Difference = { readonly field: string; readonly attested: string; readonly recomputed: string }

/** Outcome of {@link recompute}: the digest holds when there is no difference. */
export type Recomputation = {
  readonly result: MarginResult
  readonly portfolioRoot: Hash
  readonly digest: Hash
  readonly differences: readonly Difference[]
}

/**
 * Recomputes an attestation from the chain at its own block and names every field that differs. Validity, confirmation and
 * mode are the signer's to choose; the longest validity that the book allows is not.
 */
export async function recompute(
  client: Client,
  options: DiscoveryOptions & {
    /** Without `portfolioRoot` where the message carries none, as an item of a batch. */
    readonly attestation: Pick<Attestation, 'record' | 'blockNumber'> & Partial<Pick<Attestation, 'portfolioRoot'>>
    readonly parameters: MarginParameters
    readonly setId: bigint
    readonly domain: AttestationDomain
    readonly improvement?: Improvement | undefined
    readonly sources?: MarketSources | undefined
  },
): Promise<Recomputation> {
  const { attestation, parameters, setId, domain, improvement, sources, ids, index } = options
  const { record, blockNumber } = attestation
  const { validityCode, confirmed, rootMode, enforceable } = decodeFlags(record.flags)
  const scope = enforceable ? 'enforceable' : 'observed'
  const { account } = record
  const { snapshot } = await readSnapshot(client, { account, parameters, blockNumber, sources, scope, ids, index })
  const choices = { validityCode, confirmed, rootMode }
  const { result, unsigned } = draftAttestation(snapshot, { parameters, setId, improvement, ...choices })
  const differences = [
    ...Object.keys(unsigned.record).map((field) => ({
      field,
      attested: String(record[field as keyof MarginRecord]),
      recomputed: String(unsigned.record[field as keyof MarginRecord]),
    })),
    {
      field: 'portfolioRoot',
      attested: attestation.portfolioRoot ?? unsigned.portfolioRoot,
      recomputed: unsigned.portfolioRoot,
    },
  ].filter(({ attested, recomputed }) => attested !== recomputed)
  return { result, portfolioRoot: unsigned.portfolioRoot, digest: attestationDigest(unsigned, domain), differences }
}
