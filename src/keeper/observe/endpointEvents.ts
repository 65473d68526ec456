import type { Client } from 'viem'
import type { EndpointHealth } from '../../chain/coherentEndpoint.ts'
import type { CoherentHealth } from '../../chain/coherentTransport.ts'
import type { EndpointEvent } from '../events.ts'

/** How the nodes behind a client stand: one event each, none where one node alone is read. */
export function endpointEvents({ transport }: Client): readonly EndpointEvent[] {
  if (!isCoherent(transport)) return []
  const { quorum, endpoints } = transport.health()
  return endpoints.map((health) => toEndpointEvent(health, quorum))
}

/** How a node stands, as an event. */
export function toEndpointEvent(
  { endpoint, status, lag = 0n, disagreements, lastProblem }: EndpointHealth,
  quorum: number,
): EndpointEvent {
  return {
    ...{ event: 'endpoint', endpoint, status, lag: Number(lag), quorum, disagreements },
    ...(status === 'ready' || lastProblem === undefined ? {} : { problem: lastProblem }),
  }
}

function isCoherent(transport: object): transport is { readonly health: () => CoherentHealth } {
  return 'type' in transport && transport.type === 'coherent' && 'health' in transport
}
