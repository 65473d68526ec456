import {
  concat,
  type Hex,
  numberToHex,
  parseSignature,
  serializeCompactSignature,
  signatureToCompactSignature,
  toFunctionSelector,
} from 'viem'
import { anHour, type Chain, keys, paramsHash } from './attestations.ts'

/** Flag of records under the roots. */
export const rootMode = 0x20

/** Posts a root signed by the one signer of a registry of one. */
export async function postRoot(chain: Chain, { observedAt, root }: { observedAt: number; root: Hex }): Promise<void> {
  const { number, hash } = await chain.publicClient.getBlock()
  const flags = rootMode | anHour
  const [signer] = keys
  if (!signer) throw new Error('no signer')
  const signature = await signer.signTypedData({
    domain: { name: 'Plimsoll', version: '1', chainId: 31337, verifyingContract: chain.registry },
    types: {
      MarginRoot: [
        ...['observedAt uint32', 'modelId uint8', 'flags uint8', 'blockNumber uint40', 'blockHash bytes32'],
        ...['paramsHash bytes32', 'root bytes32', 'setId uint256'],
      ].map((field) => ({ name: field.split(' ')[0] ?? '', type: field.split(' ')[1] ?? '' })),
    },
    primaryType: 'MarginRoot',
    message: {
      observedAt,
      modelId: 0,
      flags,
      blockNumber: Number(number),
      blockHash: hash,
      paramsHash,
      root,
      setId: 1n,
    },
  })
  const data = concat([
    toFunctionSelector('postRoot()'),
    numberToHex(observedAt, { size: 4 }),
    numberToHex(0, { size: 1 }),
    numberToHex(flags, { size: 1 }),
    numberToHex(number, { size: 5 }),
    root,
    numberToHex(1, { size: 2 }),
    serializeCompactSignature(signatureToCompactSignature(parseSignature(signature))),
  ])
  await chain.walletClient.sendTransaction({ chain: null, to: chain.registry, data })
}
