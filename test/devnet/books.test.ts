import { expect } from 'chai'
import { createClient, http } from 'viem'
import { resolveAnvil } from '../../scripts/devnet/anvil.ts'
import { planBooks } from '../../scripts/devnet/bookPlan.ts'
import type { NodeKind } from '../../scripts/devnet/node.ts'
import { devnetParameters } from '../../scripts/devnet/parameters.ts'
import { type ServedDevnet, serveDevnet } from '../../scripts/devnet/serve.ts'
import { parseParameters } from '../../src/core/parameters.ts'
import type { Snapshot } from '../../src/core/snapshot.ts'
import { readSnapshot } from '../../src/engine.ts'
import { calculateMargin } from '../../src/risk/plimsoll/calculateMargin.ts'
import { defaultCalibration, defaultUnderlyings } from '../../src/risk/plimsoll/calibration.ts'

const initialDate = new Date('2025-06-01T00:00:00Z')
const books = { accounts: 24, seed: 7 }

/** Venue by which the adapters read what a plan opens. */
const venueOf = {
  liquidity: 'uniswap-v3',
  morphoLoan: 'morpho-blue',
  morphoLending: 'morpho-blue',
  moneyMarket: 'compound-v2',
  perpetual: 'perp-v2',
  option: 'lyra-avalon',
} as const

describe('devnet: random books', function () {
  this.timeout(600_000)

  /** Snapshots of all books of a devnet, without the hash of the block, which is the node's. */
  async function readBooks({ url, deployment, books: accounts }: ServedDevnet) {
    const client = createClient({ transport: http(url, { timeout: 120_000 }) })
    const calibration = { ...defaultCalibration, underlyings: { ...defaultUnderlyings } }
    const parameters = parseParameters(devnetParameters(deployment, calibration))
    const read: Snapshot[] = []
    for (const account of Object.values(accounts)) {
      const { snapshot } = await readSnapshot(client, { account, parameters })
      const { hash, ...block } = snapshot.portfolio.block
      expect(() => calculateMargin({ ...snapshot, parameters })).to.not.throw()
      read.push({ ...snapshot, portfolio: { ...snapshot.portfolio, block } } as unknown as Snapshot)
    }
    return read
  }

  const onNode = async (kind: NodeKind) => {
    const progress: string[] = []
    const devnet = await serveDevnet({ kind, initialDate, books, onProgress: (text) => progress.push(text) })
    try {
      const ether = await Promise.all(
        Object.values(devnet.books).map((address) => devnet.chain.client.getBalance({ address })),
      )
      return { progress, accounts: devnet.books, ether, snapshots: await readBooks(devnet) }
    } finally {
      await devnet.close()
    }
  }

  let onHardhat: Awaited<ReturnType<typeof onNode>>
  before(async () => {
    onHardhat = await onNode('hardhat')
  })

  it('opens at every venue what was planned, under names in order', () => {
    const plans = planBooks(books)
    expect(Object.entries(onHardhat.accounts)).to.deep.equal(plans.map(({ name, address }) => [name, address]))
    expect(onHardhat.progress.at(-1)).to.equal('Books: 0 of 24')
    for (const [index, { positions, ether }] of plans.entries()) {
      const read = onHardhat.snapshots[index]?.portfolio.positions ?? expect.fail('a book was not read')
      const venues = new Set(read.map(({ venueAccount }) => venueAccount.venue))
      for (const position of positions) {
        if (position.kind === 'wallet') continue
        const venue =
          position.kind === 'pool' ? (position.pool === 'aave' ? 'aave-v3' : 'spark') : venueOf[position.kind]
        expect([...venues]).to.include(venue)
      }
      expect(onHardhat.ether[index]).to.equal(ether)
    }
  })

  it('gives on Anvil the same accounts, positions and market to the last unit', async function () {
    const missing = await resolveAnvil().then(
      () => undefined,
      (error: Error) => error.message,
    )
    if (missing !== undefined) {
      console.error(`      skipped: ${missing}`)
      this.skip()
    }
    const onAnvil = await onNode('anvil')
    expect(onAnvil.accounts).to.deep.equal(onHardhat.accounts)
    expect(onAnvil.ether).to.deep.equal(onHardhat.ether)
    expect(onAnvil.snapshots).to.deep.equal(onHardhat.snapshots)
  })
})
