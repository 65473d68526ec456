import { readFileSync } from 'node:fs'
import * as addressBook from '@aave-dao/aave-address-book'
import { expect } from 'chai'
import { getAddress } from 'ethers'
import { type NetworkName, networkFile, networkTables } from '../../scripts/networkTables.ts'
import { addresses, protocolAddresses } from '../../src/addresses.ts'
import { ethereumByHand, gmxV2OnArbitrum } from '../../src/networks/byHand.ts'

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
    for (const table of [...Object.values(tables), ethereumByHand, gmxV2OnArbitrum]) {
      const found = addressesIn(table)
      expect(found.length).to.be.greaterThan(3)
      expect(found).to.deep.equal(found.map((address) => getAddress(address.toLowerCase())))
      expect(new Set(found).size).to.equal(found.length)
    }
    expect(Object.keys(addresses)).to.deep.equal([])
  })

  it('kept by hand are no contract of the same chain that a package names', () => {
    const { ethereum, arbitrum } = tables
    for (const [kept, table] of [
      [ethereumByHand, ethereum],
      [gmxV2OnArbitrum, arbitrum],
    ] as const) {
      const named = new Set(addressesIn(table))
      expect(addressesIn(kept).filter((address) => named.has(address))).to.deep.equal([])
    }
    expect(gmxV2OnArbitrum.chainId).to.equal(arbitrum.chainId)
  })

  it('kept by hand are named by no installed address book, or they would belong to the tables', () => {
    const book = JSON.stringify(addressBook).toLowerCase()
    expect(book).to.include(tables.ethereum.aaveV3?.pool.toLowerCase())
    for (const address of addressesIn([ethereumByHand, gmxV2OnArbitrum])) {
      expect(book, address).to.not.include(address.toLowerCase())
    }
  })

  it('hold the age of every price that the tables of Ethereum have a feed of, and of no other', () => {
    const { ethereum } = tables
    expect(Object.keys(ethereumByHand.maxPriceAge).sort()).to.deep.equal(Object.keys(ethereum.feeds).sort())
    // An hour and a quarter, or a day and an hour: what stands beside them says which heartbeats that are.
    for (const age of Object.values(ethereumByHand.maxPriceAge)) expect([4_500, 90_000]).to.include(age)
  })

  it('hold a feed for every underlying of every token', () => {
    const underlyingOf: Readonly<Record<string, string>> = { WETH: 'ETH', wstETH: 'ETH', WBTC: 'BTC' }
    for (const [name, { tokens, feeds }] of Object.entries(tables)) {
      const needed = Object.keys(tokens).map((symbol) => underlyingOf[symbol] ?? symbol)
      expect(Object.keys(feeds), name).to.include.members(needed)
    }
  })
})
