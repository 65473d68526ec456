import type { Client } from 'viem'
import { BaseError } from '../core/errors.ts'
import { chainOf, describeRpcFailure } from './describeRpcFailure.ts'
import { RpcError } from './errors.ts'
import { secretsOfTransport } from './secrets.ts'

/**
 * What to throw when a request failed: the refusal of this package's own transport as it is, anything else as an
 * {@link RpcError} that hides what the client's nodes are called by.
 */
export function toRpcError(client: Client, request: string, error: unknown): BaseError {
  for (const link of chainOf(error)) if (link instanceof BaseError) return link
  return new RpcError({ request, reason: describeRpcFailure(error, secretsOfTransport(client.transport)) })
}
