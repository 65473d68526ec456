import { type AddressInfo, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { http } from 'viem'
import { connectDevnet } from '../../scripts/devnet/chain.ts'
import { PortUnavailableError } from '../../scripts/devnet/node.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { serveDevnet } from '../../scripts/devnet/serve.ts'
import { readAaveAccount, readFeed } from '../support/devnetViews.ts'

const listening = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length

describe('devnet: server', function () {
  this.timeout(120_000)

  it('serves the sample accounts behind the clock on a free port and closes cleanly', async () => {
    const before = listening()
    const steps: string[] = []
    const { url, deployment, close } = await serveDevnet({ onProgress: (text) => steps.push(text) })
    try {
      expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(steps).to.include('Aave v3')
      const chain = connectDevnet({ transport: http(url) })
      const { client } = chain
      expect(await client.getChainId()).to.equal(deployment.chainId)
      const { timestamp } = await client.getBlock()
      expect(timestamp <= BigInt(Math.floor(Date.now() / 1_000))).to.equal(true)
      const { collateral } = await readAaveAccount({ client, deployment }, deployment.accounts.hedged)
      expect(collateral).to.equal(20_000n * 10n ** 8n)

      await setPrices(chain, deployment, { ETH: 1_900n * 10n ** 18n })
      expect((await readFeed({ client }, deployment.feeds.ethUsd)).answer).to.equal(1_900n * 10n ** 8n)
      expect((await client.getBlock()).timestamp <= BigInt(Math.floor(Date.now() / 1_000))).to.equal(true)
    } finally {
      await close()
    }
    // Node drops a closed handle some turns later; one that leaks would keep this waiting until the test times out.
    while (listening() > before) await setTimeout(5)
    expect(listening()).to.equal(before)
    const failure = await fetch(url, { method: 'POST', body: '{}' }).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(TypeError)
  })

  it('refuses a port that is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const failure = await serveDevnet({ port }).catch((error: unknown) => error)
    await new Promise((resolve) => other.close(resolve))
    expect(failure).to.be.instanceOf(PortUnavailableError)
    expect((failure as Error).message).to.include(`${port}`)
  })
})
