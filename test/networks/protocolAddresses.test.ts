import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { getAddress } from 'ethers'
import { type NetworkName, networkFile, networkTables } from '../../scripts/networkTables.ts'
import { addresses, protocolAddresses } from '../../src/addresses.ts'
import { ethereumByHand } from '../../src/networks/byHand.ts'

/** Every text of a table that is an address. */
function addressesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('0x') ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(addressesIn) : []
}

describe('addresses of public networks', () => {
  const tables = networkTables()

  it('are what scripts/generateAddresses.ts takes out of the installed packages today', () => {
    const kept: Readonly<Record<number, unknown>> = protocolAddresses
    expect(Object.keys(kept)).to.have.length(Object.keys(tables).length)
    for (const [name, table] of Object.entries(tables)) {
      expect(kept[table.chainId], name).to.deep.equal(table)
      const source = readFileSync(networkFile(name as NetworkName), 'utf8')
      expect(source.startsWith('// Written by scripts/generateAddresses.ts.\n'), name).to.equal(true)
    }
  })

  it('carry their checksums, no contract stands twice in one table, and no package claims ours', () => {
    for (const table of [...Object.values(tables), ethereumByHand]) {
      const found = addressesIn(table)
      expect(found.length).to.be.greaterThan(3)
      expect(found).to.deep.equal(found.map((address) => getAddress(address.toLowerCase())))
      expect(new Set(found).size).to.equal(found.length)
    }
    expect(Object.keys(addresses)).to.deep.equal([])
  })

  it('hold a feed for every underlying of every token', () => {
    const underlyingOf: Readonly<Record<string, string>> = { WETH: 'ETH', wstETH: 'ETH', WBTC: 'BTC' }
    for (const [name, { tokens, feeds }] of Object.entries(tables)) {
      const needed = Object.keys(tokens).map((symbol) => underlyingOf[symbol] ?? symbol)
      expect(Object.keys(feeds), name).to.include.members(needed)
    }
  })
})
