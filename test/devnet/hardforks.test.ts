import { expect } from 'chai'
import { numberToHex } from 'viem'
import { forkableChains } from '../../scripts/devnet/hardforks.ts'
import { type RunningNode, startNode } from '../../scripts/devnet/node.ts'
import { startFaultyNode } from '../support/faultyNode.ts'

/** The identity precompile, which answers what it is asked on every chain. */
const echo = { to: '0x0000000000000000000000000000000000000004', data: '0x1234' } as const
/** Hardhat's own. */
const known = [1, 11155111, 560048]

describe('devnet: rules of forked chains', function () {
  this.timeout(240_000)
  let source: RunningNode

  before(async () => {
    source = await startNode({ kind: 'hardhat', initialDate: new Date('2025-06-01T00:00:00Z') })
    await source.chain.client.mine({ blocks: 20 })
  })
  after(async () => source?.close())

  /** What a call at the forked block and one before it give on a fork of a chain that has this id. */
  async function callOnFork(chainId: number): Promise<string[]> {
    const upstream = await startFaultyNode(source.url, 'key')
    upstream.fault = ({ method }) => {
      if (method === 'eth_chainId') return { result: numberToHex(chainId) }
      return method === 'net_version' ? { result: `${chainId}` } : undefined
    }
    try {
      const fork = await startNode({ kind: 'hardhat', fork: { url: upstream.url, blockNumber: 15n } })
      const { client } = fork.chain
      const call = (blockNumber: bigint) =>
        client.call({ ...echo, blockNumber }).then(
          ({ data }) => `${data}`,
          (error: Error) => error.message,
        )
      const answers = [await call(15n), await call(7n)]
      await fork.close()
      return answers
    } finally {
      await upstream.close()
    }
  }

  it('are known for every chain that is named, and for those that Hardhat names itself', async () => {
    for (const chainId of [...known, ...Object.keys(forkableChains).map(Number)]) {
      for (const answer of await callOnFork(chainId)) {
        // The first blocks of Polygon are older than EIP-1559, without which Hardhat makes no call.
        if (chainId === 137) expect(answer).to.match(/Eip1559 is not supported/)
        else expect(answer, `${chainId}`).to.equal('0x1234')
      }
    }
  })

  it('must be named: Hardhat refuses a call on a chain that nobody described', async () => {
    for (const answer of await callOnFork(250)) expect(answer).to.match(/No known hardfork/)
  })
})
