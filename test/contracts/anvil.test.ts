import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Address, createPublicClient, createTestClient, createWalletClient, http, type PublicClient } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { deployRegistry } from '../../scripts/deploy.ts'
import { signAttestation } from '../../src/attest/sign.ts'
import type { UnsignedAttestation } from '../../src/attest/typedData.ts'
import { anHour, borrower, keys, paramsHash, portfolioRoot, revertName, toWire } from '../support/attestations.ts'

const binary = fileURLToPath(new URL('../../node_modules/.bin/anvil', import.meta.url))
const deployer = mnemonicToAccount('test test test test test test test test test test test junk')

/** Starts a node on a port of its own choice. */
function startNode(): Promise<{ readonly node: ChildProcess; readonly url: string }> {
  const node = spawn(binary, ['--port', '0', '--hardfork', 'osaka'], { stdio: ['ignore', 'pipe', 'ignore'] })
  return new Promise((resolve, reject) => {
    let output = ''
    node.on('error', reject)
    node.on('exit', (code) => reject(new Error(`anvil ended with ${code}`)))
    node.stdout?.on('data', (chunk) => {
      output += chunk
      const [, address] = /Listening on (\S+:\d+)/.exec(output) ?? []
      if (address) resolve({ node, url: `http://${address}` })
    })
  })
}

async function signAt(client: PublicClient, registry: Address, blockNumber: bigint, chainId: number) {
  const block = await client.getBlock({ blockNumber })
  const record = {
    account: borrower,
    initialMargin: 5n,
    maintenanceMargin: 4n,
    equity: 9n,
    observedAt: Number(block.timestamp),
    lienSeq: 0,
    modelId: 0,
    flags: anHour,
  }
  const unsigned: UnsignedAttestation = {
    record,
    blockNumber,
    portfolioRoot,
    blockHash: block.hash,
    paramsHash,
    setId: 1n,
  }
  const signatures = await Promise.all(
    keys.slice(0, 3).map((key) => signAttestation(key, unsigned, { chainId, registry })),
  )
  return toWire({ record, unsigned, bitmap: 7, signatures })
}

describe('on anvil', function () {
  this.timeout(60_000)
  let started: Awaited<ReturnType<typeof startNode>>

  before(async () => {
    started = await startNode()
  })

  after(() => {
    started?.node.kill('SIGTERM')
  })

  it('reads old block hashes from EIP-2935 and follows a change of chain id', async () => {
    const transport = http(started.url)
    const publicClient = createPublicClient({ chain: foundry, transport, cacheTime: 0 })
    const walletClient = createWalletClient({ chain: foundry, transport, account: deployer })
    const testClient = createTestClient({ chain: foundry, transport, mode: 'anvil' })
    const { registry } = await deployRegistry({
      walletClient,
      publicClient: publicClient as PublicClient,
      signers: keys.slice(0, 9).map(({ address }) => address),
      threshold: 3,
      models: [{ id: 0, paramsHash }],
    })
    const deployedAt = await publicClient.getBlockNumber()
    await testClient.mine({ blocks: 300, interval: 1 })
    const send = async (wire: `0x${string}`) => {
      try {
        const hash = await walletClient.sendTransaction({ to: registry, data: wire, gas: 200_000n })
        return (await publicClient.waitForTransactionReceipt({ hash, pollingInterval: 20 })).status
      } catch (error) {
        return revertName(error)
      }
    }
    const tryCall = (wire: `0x${string}`) =>
      publicClient.call({ account: deployer, to: registry, data: wire }).then(() => 'success', revertName)

    const old = await signAt(publicClient as PublicClient, registry, deployedAt, foundry.id)
    expect(await send(old)).to.equal('success')
    const recent = await signAt(publicClient as PublicClient, registry, deployedAt + 200n, foundry.id)
    expect(await tryCall(recent)).to.equal('success')

    await testClient.request({ method: 'anvil_setChainId' as never, params: [7] as never })
    await testClient.mine({ blocks: 1 })
    expect(await tryCall(recent)).to.equal('InvalidSignature')
    const forked = await signAt(publicClient as PublicClient, registry, deployedAt + 200n, 7)
    expect(await tryCall(forked)).to.equal('success')
  })
})
