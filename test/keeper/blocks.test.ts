import { expect } from 'chai'
import { createClient, custom, webSocket } from 'viem'
import { connectDevnet } from '../../scripts/devnet/chain.ts'
import { type RunningNode, startNode } from '../../scripts/devnet/node.ts'
import { type Head, watchBlocks } from '../../src/keeper/blocks.ts'

describe('watchBlocks', function () {
  this.timeout(60_000)
  let node: RunningNode
  before(async () => {
    node = await startNode({ kind: 'anvil' })
  })
  after(() => node.close())

  const watching = (client: Parameters<typeof watchBlocks>[0], interval: number) => {
    const stop = new AbortController()
    const failures: Error[] = []
    const options = { signal: stop.signal, interval, onFailure: (error: Error) => void failures.push(error) }
    const heads = watchBlocks(client, options)
    const next = async () => (await heads.next()).value as Head
    return { next, failures, heads, stop }
  }

  it('gives every head once, skips what passes meanwhile, and sees another block of the same height', async () => {
    const { client } = node.chain
    const { next, heads, stop } = watching(client, 50)
    await next()
    await client.mine({ blocks: 3 })
    const third = await next()
    expect(third.number).to.equal(await client.getBlockNumber())
    const snapshot = await client.snapshot()
    await client.mine({ blocks: 1 })
    const one = await next()
    await client.revert({ id: snapshot })
    await client.setNextBlockTimestamp({ timestamp: (await client.getBlock()).timestamp + 99n })
    await client.mine({ blocks: 1 })
    const other = await next()
    expect(other.number).to.equal(one.number)
    expect(other.hash).not.to.equal(one.hash)
    const ending = heads.next()
    stop.abort()
    expect((await ending).done).to.equal(true)
  })

  it('is told of heads over a WebSocket, long before it would ask', async () => {
    const client = createClient({ transport: webSocket(node.url.replace('http', 'ws')), cacheTime: 0 })
    const { next, stop, heads } = watching(client, 60_000)
    await next()
    const waiting = next()
    const began = performance.now()
    await connectDevnet({ transport: custom(node.chain.client), mode: 'anvil' }).client.mine({ blocks: 1 })
    const { number } = await waiting
    expect(number).to.equal(await node.chain.client.getBlockNumber())
    expect(performance.now() - began).to.be.below(20_000)
    stop.abort()
    await heads.next()
    const rpc = await (client.transport as never as { getRpcClient(): Promise<{ close(): void }> }).getRpcClient()
    rpc.close()
  })

  it('says when the node does not answer, and goes on', async () => {
    let isDown = true
    const transport = custom(
      {
        request: async (asked: { method: string; params?: unknown }) => {
          if (isDown) throw new Error('connection lost')
          return node.chain.client.request(asked as never)
        },
      },
      { retryCount: 0 },
    )
    const { next, failures, stop, heads } = watching(createClient({ transport, cacheTime: 0 }), 20)
    const first = next()
    await new Promise((resolve) => setTimeout(resolve, 100))
    isDown = false
    expect((await first).number).to.equal(await node.chain.client.getBlockNumber())
    expect(failures.length).to.be.above(0)
    expect(failures[0]?.name).to.equal('RpcError')
    stop.abort()
    await heads.next()
  })
})
