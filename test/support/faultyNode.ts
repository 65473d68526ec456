import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { numberToHex } from 'viem'

/** A JSON-RPC request as it arrived. */
export type Asked = { readonly method: string; readonly params: readonly unknown[] }

/** What a JSON-RPC answer holds besides its id. */
export type Answered = { result?: unknown; error?: { code: number; message: string; data?: unknown } }

/**
 * What a faulty node does instead of answering: a JSON-RPC answer of its own, an HTTP status, the first half of the true
 * answer, a cut connection, or silence. Nothing lets the node behind it answer.
 */
export type Misbehavior =
  | Answered
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly text?: string }
  | 'truncated'
  | 'disconnect'
  | 'silence'
  | undefined

/** Decides on every request; `answer` asks the node behind, the same or something else. */
export type Fault = (asked: Asked, answer: (other?: Asked) => Promise<Answered>) => Promise<Misbehavior> | Misbehavior

/** A proxy on a free port before a node. Its URL holds a key, which nobody may ever read. */
export type FaultyNode = {
  readonly url: string
  readonly key: string
  /** Methods that were asked for, in their order. */
  readonly asked: string[]
  fault: Fault
  close(): Promise<void>
}

/** Starts a proxy before the node at `upstream`; as long as `fault` is not set it is faultless. */
export async function startFaultyNode(upstream: string, key: string): Promise<FaultyNode> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy())
  })
  const node: FaultyNode = {
    ...{ url: '', key, asked },
    fault: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { id, method, params = [] } = JSON.parse(await textOf(request))
    asked.push(method)
    const answer = async (other: Asked = { method, params }): Promise<Answered> => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ jsonrpc: '2.0', id, ...other })
      const { result, error } = await (await fetch(upstream, { method: 'POST', headers, body })).json()
      return error === undefined ? { result } : { error }
    }
    const misbehavior = await node.fault({ method, params }, answer)
    if (misbehavior === 'silence') return
    if (misbehavior === 'disconnect') {
      response.destroy()
      return
    }
    if (typeof misbehavior === 'object' && 'status' in misbehavior) {
      response.writeHead(misbehavior.status, misbehavior.headers).end(misbehavior.text ?? `no service for ${key}`)
      return
    }
    const text = JSON.stringify({
      jsonrpc: '2.0',
      id,
      ...(typeof misbehavior === 'object' ? misbehavior : await answer()),
    })
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(misbehavior === 'truncated' ? text.slice(0, text.length >> 1) : text)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(node, { url: `http://127.0.0.1:${port}/v3/${key}` })
}

/** A node that has seen no block after `head`. */
export function behind(head: bigint): Fault {
  return async ({ method, params }, answer) => {
    const isBeyond = async (asked: Asked) => {
      const block = (await answer(asked)).result as { number: string } | null
      return block === null || BigInt(block.number) > head
    }
    if (method === 'eth_blockNumber') return { result: numberToHex(head) }
    if (method === 'eth_getBlockByNumber' || method === 'eth_getBlockByHash') {
      if (params[0] === 'latest') return answer({ method, params: [numberToHex(head), false] })
      return (await isBeyond({ method, params })) ? { result: null } : undefined
    }
    const { blockHash } = (params[1] ?? {}) as { blockHash?: string }
    if (blockHash === undefined) return undefined
    const isUnknown = await isBeyond({ method: 'eth_getBlockByHash', params: [blockHash, false] })
    return isUnknown ? { error: { code: -32000, message: 'header not found' } } : undefined
  }
}

function textOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => resolve(text))
    request.on('error', reject)
  })
}
