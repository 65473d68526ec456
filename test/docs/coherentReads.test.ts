import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { startNode } from '../../scripts/devnet/node.ts'
import { buildPackage, root } from '../support/builtPackage.ts'
import { behind, startFaultyNode } from '../support/faultyNode.ts'

describe('docs/coherent-reads.md', function () {
  this.timeout(240_000)

  it('shows an example that runs and names the laggard', async () => {
    const guide = await readFile(`${root}docs/coherent-reads.md`, 'utf8')
    const example = /```ts\n([\s\S]*?)```/.exec(guide)?.[1] ?? expect.fail('no example')
    await buildPackage()
    const node = await startNode({ kind: 'hardhat' })
    await node.chain.client.mine({ blocks: 9 })
    const nodes = await Promise.all(['k3y1', 'k3y2', 'k3y3'].map((key) => startFaultyNode(node.url, key)))
    const [, , last] = nodes as [unknown, unknown, (typeof nodes)[number]]
    last.fault = behind(5n)
    // Inside the package, so that its own name resolves.
    const folder = `${root}cache/coherent-reads`
    try {
      await mkdir(folder, { recursive: true })
      await writeFile(`${folder}/example.ts`, example)
      const child = spawn(process.execPath, [`${folder}/example.ts`, ...nodes.map(({ url }) => url)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let printed = ''
      child.stdout.on('data', (chunk) => {
        printed += chunk
      })
      const [code] = await once(child, 'close')
      const { hash } = await node.chain.client.getBlock({ blockNumber: 9n })
      expect(code).to.equal(0)
      expect(printed.trim().split('\n')).to.have.members([
        ...['node 1 ready ', 'node 2 ready ', 'node 3 lagging '],
        `10000000000000000000000 wei at block 9 (${hash})`,
        ...['node 1 ready 0n', 'node 2 ready 0n', 'node 3 lagging 4n'],
      ])
    } finally {
      await rm(folder, { recursive: true, force: true })
      await Promise.all(nodes.map((each) => each.close()))
      await node.close()
    }
  })
})
