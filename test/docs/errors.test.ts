import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { artifacts } from 'hardhat'
import { type AbiParameter, encodeErrorResult, toFunctionSelector } from 'viem'
import { errorsMarkdown } from '../../scripts/errorsPage.ts'
import { contractErrors } from '../../src/attest/contractErrors.ts'
import { decodeError } from '../../src/attest/decodeError.ts'

type AbiError = { readonly type: 'error'; readonly name: string; readonly inputs: readonly AbiParameter[] }

/** Errors in the ABI of any contract of ours, and of the AccessManager that guards a registry. */
async function compiledErrors(): Promise<Map<string, AbiError>> {
  const names = [...(await artifacts.getAllFullyQualifiedNames())].filter(
    (name) => (name.startsWith('contracts/') && !name.startsWith('contracts/test/')) || name.endsWith(':AccessManager'),
  )
  const abis = await Promise.all(names.map(async (name) => (await artifacts.readArtifact(name)).abi as AbiError[]))
  const errors = abis.flat().filter(({ type }) => type === 'error')
  return new Map(
    errors.map((error) => [
      `${error.name}(${error.inputs.map(({ type, name }) => `${type} ${name}`).join(', ')})`,
      error,
    ]),
  )
}

const sample = ({ type }: AbiParameter): unknown => {
  if (type === 'string') return 'text'
  if (type === 'address') return '0x1111111111111111111111111111111111111111'
  if (type === 'bytes4') return '0x12345678'
  if (type === 'bytes32') return `0x${'12'.repeat(32)}`
  return /^uint(8|16|32)$/.test(type) ? 7 : 7n
}

describe('docs/errors', () => {
  const table = Object.values(contractErrors).flat()

  it('lists every error of every contract, and none that no contract has', async () => {
    const solidity = ['Error(string reason)', 'Panic(uint256 code)']
    const compiled = [...(await compiledErrors()).keys(), ...solidity]
    expect(table.map(({ signature }) => signature).sort()).to.deep.equal(compiled.sort())
  })

  it('is what scripts/generateErrors.ts writes today', () => {
    const stored = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    expect(stored).to.equal(errorsMarkdown())
  })

  it('says cause and fix of each in a sentence', () => {
    for (const { signature, cause, fix } of table) {
      expect(cause, signature).to.match(/^[A-Z`].{15,}\.$/s)
      expect(fix, signature).to.match(/^[A-Z`].{10,}\.$/s)
    }
    expect(new Set(table.map(({ cause, fix }) => `${cause} ${fix}`)).size).to.equal(table.length)
  })

  it('decodes each by selector and by data, with the values that were encoded', async () => {
    for (const [signature, error] of await compiledErrors()) {
      const args = error.inputs.map(sample)
      const data = encodeErrorResult({ abi: [error], errorName: error.name, args } as never)
      const decoded = decodeError(data)
      expect(decoded).to.deep.include({ signature, name: error.name, selector: data.slice(0, 10) })
      expect(decoded?.arguments.map(({ name, value }) => [name, value])).to.deep.equal(
        error.inputs.map(({ name }, i) => [name, String(args[i])]),
      )
      const selector = toFunctionSelector(`${error.name}(${error.inputs.map(({ type }) => type).join(',')})`)
      expect(decodeError(selector)).to.deep.include({ signature, arguments: [] })
    }
  })

  it('gives units to arguments that exist', () => {
    for (const { signature, units = {} } of table) {
      for (const name of Object.keys(units)) expect(signature).to.match(new RegExp(`\\b${name}\\b[,)]`))
    }
  })
})
