import { encodeAbiParameters, type Hex, keccak256 } from 'viem'
import { InvalidInputError } from '../core/errors.ts'
import type { VenueWitness } from '../core/snapshot.ts'
import { merkleProofs, merkleRoot } from './merkle.ts'

const leafParameters = [{ type: 'string' }, { type: 'bytes32' }, { type: 'bytes32' }] as const

/** Leaf of one venue: keccak256(keccak256(abi.encode(venue, calls, results))). Hashed twice, so no node passes as a leaf. */
export function witnessLeaf({ venue, calls, results }: VenueWitness): Hex {
  return keccak256(keccak256(encodeAbiParameters(leafParameters, [venue, calls, results])))
}

/**
 * Merkle root over the witnesses of all venues of a parameter set, in the order of their ids; see {@link merkleRoot}.
 *
 * @throws {InvalidInputError} when there is none or a venue is there twice.
 */
export function witnessRoot(witnesses: readonly VenueWitness[]): Hex {
  return merkleRoot(sortedByVenue(witnesses).map(witnessLeaf))
}

/**
 * The siblings that lead from a venue's leaf to the root.
 *
 * @throws {InvalidInputError} when the venue is not among the witnesses, one is there twice, or there is none.
 */
export function witnessProof(witnesses: readonly VenueWitness[], venue: string): Hex[] {
  const sorted = sortedByVenue(witnesses)
  const index = sorted.findIndex((witness) => witness.venue === venue)
  const proof = merkleProofs(sorted.map(witnessLeaf))[index]
  if (proof === undefined) throw new InvalidInputError(`No witness of venue ${venue}.`)
  return proof
}

/** Orders by UTF-16 code units, which no locale changes. */
function sortedByVenue(witnesses: readonly VenueWitness[]): VenueWitness[] {
  if (witnesses.length === 0) throw new InvalidInputError('There is no witness: a record commits to every venue.')
  const sorted = [...witnesses].sort((a, b) => (a.venue < b.venue ? -1 : a.venue > b.venue ? 1 : 0))
  const repeated = sorted.find(({ venue }, i) => venue === sorted[i + 1]?.venue)
  if (repeated) throw new InvalidInputError(`Venue ${repeated.venue} has two witnesses.`)
  return sorted
}
