import { concat, type Hex, keccak256 } from 'viem'
import { InvalidInputError } from '../core/errors.ts'

/**
 * Merkle root of leaves in their order. Pairs are hashed in sorted order and a node without a partner moves up, so
 * OpenZeppelin's `MerkleProof` checks the proofs.
 *
 * @throws {InvalidInputError} when there is no leaf.
 */
export function merkleRoot(leaves: readonly Hex[]): Hex {
  return merkleLevels(leaves).at(-1)?.[0] as Hex
}

/**
 * For every leaf the siblings that lead from it to the root, lowest first.
 *
 * @throws {InvalidInputError} when there is no leaf.
 */
export function merkleProofs(leaves: readonly Hex[]): Hex[][] {
  const levels = merkleLevels(leaves)
  return leaves.map((_, leaf) =>
    levels.flatMap((level, height) => {
      const sibling = level[(leaf >> height) ^ 1]
      return sibling === undefined ? [] : [sibling]
    }),
  )
}

/** The root that a leaf and its siblings lead to. */
export function foldProof(leaf: Hex, proof: readonly Hex[]): Hex {
  return proof.reduce(hashPair, leaf)
}

/** All levels of the tree, leaves first, the root alone last. */
function merkleLevels(leaves: readonly Hex[]): (readonly Hex[])[] {
  if (leaves.length === 0) throw new InvalidInputError('A tree has at least one leaf.')
  const levels = [leaves]
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const below = level
    level = below
      .filter((_, i) => i % 2 === 0)
      .map((left, i) => {
        const right = below[2 * i + 1]
        return right === undefined ? left : hashPair(left, right)
      })
  }
  return levels
}

function hashPair(a: Hex, b: Hex): Hex {
  return keccak256(a < b ? concat([a, b]) : concat([b, a]))
}
