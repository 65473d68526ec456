import { type Client, encodeAbiParameters, type Hex } from 'viem'
import type { PinnedBlock } from '../core/portfolio.ts'
import { callLensCode } from './lensCode.ts'

/** How a request reaches the lens, and the most bytes that request and answer may have. */
export type LensMode = { readonly id: 'override' | 'creation'; readonly request: number; readonly answer: number }

/**
 * `override` puts the lens at an address that holds nothing, for this call only; gas is the limit. `creation` runs it as the
 * constructor of a contract: initcode is at most 49,152 bytes (EIP-3860) and the answer, which counts as code, 24,576 (EIP-170).
 */
export const lensModes: Readonly<Record<LensMode['id'], LensMode>> = {
  override: { id: 'override', request: 64_000, answer: 512_000 },
  creation: { id: 'creation', request: 46_000, answer: 20_000 },
}

/** keccak256("plimsoll.lens"), its last 20 bytes: an address without a key or code. */
const lensAddress = '0xc8eab35f6bb8f88e0eab1ee188792aac9ea3285b'

/** Clients whose node answered a call with an override as if there were none. */
const withoutOverrides = new WeakSet<object>()

/** The mode for the next request to a node. */
export function lensModeOf(client: Client): LensMode {
  return withoutOverrides.has(client.transport) ? lensModes.creation : lensModes.override
}

/** Remembers that the node of a client does not override state. */
export function rememberNoOverrides(client: Client): void {
  withoutOverrides.add(client.transport)
}

/** Sends packed calls to the lens at a block and returns its packed answers. @throws whatever the transport throws. */
export async function askLens(client: Client, block: PinnedBlock, packed: Hex, mode: LensMode): Promise<Hex> {
  const at = { blockHash: block.hash }
  const request =
    mode.id === 'override'
      ? [{ to: lensAddress, data: packed }, at, { [lensAddress]: { code: callLensCode.runtime } }]
      : [{ data: `${callLensCode.creation}${encodeAbiParameters([{ type: 'bytes' }], [packed]).slice(2)}` }, at]
  const answer = await client.request({ method: 'eth_call', params: request as never })
  return (answer as Hex).toLowerCase() as Hex
}
