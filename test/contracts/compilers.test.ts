import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { expect } from 'chai'
import { root } from '../support/builtPackage.ts'

const require = createRequire(import.meta.url)

type Output = {
  readonly errors?: readonly { severity: string; formattedMessage: string }[]
  readonly contracts?: object
}

/** The oldest compiler that the sources name, and the one that this repository builds with. */
const compilers = ['solc-0.8.20', 'solc']

/** Sources that integrators compile with a compiler of their own. */
async function readSources() {
  const interfaces = await readdir(`${root}contracts/interfaces`)
  const adapters = await readdir(`${root}contracts/adapters`)
  const paths = [
    'MarginConsumer.sol',
    ...interfaces.map((file) => `interfaces/${file}`),
    ...adapters.map((file) => `adapters/${file}`),
  ]
  return Promise.all(
    paths.map(async (path) => [`contracts/${path}`, await readFile(`${root}contracts/${path}`, 'utf8')] as const),
  )
}

describe('interfaces and consumer base', () => {
  it('import nothing but each other', async () => {
    for (const [path, content] of await readSources()) {
      for (const [, target = ''] of content.matchAll(/import .* from "(.*)"/g)) {
        expect(target, path).to.match(/^\.{1,2}\/(interfaces\/)?(I\w+|MarginConsumer)\.sol$/)
      }
      expect(content, path).to.contain('pragma solidity >=0.8.20;')
    }
  })

  for (const name of compilers) {
    it(`compile with ${require(`${name}/package.json`).version} without a warning`, async () => {
      const { compile } = require('solc/wrapper')(require(`${name}/soljson.js`))
      const sources = Object.fromEntries((await readSources()).map(([path, content]) => [path, { content }]))
      const settings = { outputSelection: { '*': { '*': ['evm.bytecode.object'] } } }
      // Without a way to look for other files: what is imported is among the sources or an error.
      const output: Output = JSON.parse(compile(JSON.stringify({ language: 'Solidity', sources, settings })))
      expect(output.errors?.map(({ formattedMessage }) => formattedMessage) ?? []).to.deep.equal([])
      expect(output.contracts).to.have.property('contracts/adapters/MarginRatioFeed.sol')
    }).timeout(60_000)
  }
})
