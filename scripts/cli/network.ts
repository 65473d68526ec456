import { createClient, http } from 'viem'
import { readChainId } from '../../src/chain/pinBlock.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import { findNetwork, networkParameters } from '../../src/networkParameters.ts'

/**
 * The parameter set that is built in for the network of a node.
 *
 * @throws {UnknownNetworkError} when there is none for its chain.
 * @throws {RpcError} when the node does not answer.
 */
export async function parametersOfNetwork(url: string): Promise<MarginParameters> {
  const client = createClient({ transport: http(url, { timeout: 30_000 }) })
  return networkParameters(findNetwork(await readChainId(client)))
}
