import { type Hex, keccak256, parseSignature, serializeCompactSignature, signatureToCompactSignature } from 'viem'
import { batchTypes, type UnsignedBatch } from '../../src/attest/typedData.ts'
import { type Chain, keys } from './attestations.ts'

/** Signatures of three members over a batch with these item bytes, whatever they hold. */
export function signRawBatch(chain: Chain, { batch, ...binding }: UnsignedBatch, items: Hex): Promise<Hex[]> {
  const { items: _, ...header } = batch
  return Promise.all(
    keys.slice(0, 3).map(async (key) => {
      const signature = await key.signTypedData({
        domain: { name: 'Plimsoll', version: '1', chainId: 31337, verifyingContract: chain.registry },
        types: batchTypes,
        primaryType: 'MarginBatch',
        message: { ...header, ...binding, itemsHash: keccak256(items), blockNumber: Number(batch.blockNumber) },
      })
      return serializeCompactSignature(signatureToCompactSignature(parseSignature(signature)))
    }),
  )
}
