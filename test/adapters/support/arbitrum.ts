import { expect } from 'chai'
import { type Address, type Client, createClient, http, isAddressEqual, parseAbi } from 'viem'
import { readContract } from 'viem/actions'
import { UnsupportedPositionError } from '../../../src/adapters/errors.ts'
import { gmxV2 } from '../../../src/adapters/gmxV2.ts'
import { gmxReaderAbi } from '../../../src/adapters/gmxV2Abi.ts'
import { gmxNameKey } from '../../../src/adapters/gmxV2Keys.ts'
import { readVenue } from '../../../src/adapters/readVenue.ts'
import { pinBlock } from '../../../src/chain/pinBlock.ts'
import { runPlans } from '../../../src/chain/runPlans.ts'
import { toAssetKey } from '../../../src/core/asset.ts'
import { arbitrum } from '../../../src/networks/arbitrum.ts'
import { gmxV2OnArbitrum } from '../../../src/networks/byHand.ts'

const storeAbi = parseAbi([
  'function getBytes32ValuesAt(bytes32 setKey, uint256 start, uint256 end) view returns (bytes32[])',
])
const keyAbi = parseAbi([
  'function getPosition(address dataStore, bytes32 key) view returns (((address account, address market, address collateralToken), (uint256 sizeInUsd, uint256 sizeInTokens, uint256 collateralAmount, int256 pendingImpactAmount, uint256, uint256, uint256, uint256, uint256, uint256), (bool isLong)))',
])
const { chainId, ...configuration } = gmxV2OnArbitrum
const { reader, dataStore } = configuration

/**
 * Reads an account of Arbitrum at GMX v2, named or found among the first positions of the venue, and asserts its positions
 * against those of the venue's own list. The reading itself holds what remains of the collateral against the venue's check.
 */
export async function readOnArbitrum(url: string): Promise<void> {
  const client = createClient({ transport: http(url, { timeout: 60_000 }) })
  const block = await pinBlock(client, { chainId })
  const assets = Object.fromEntries(
    Object.values(arbitrum.tokens).map(({ address, decimals }) => [toAssetKey(chainId, address), { decimals }]),
  )
  const named = process.env.PLIMSOLL_ARBITRUM_ACCOUNT as Address | undefined
  const accounts = named === undefined ? await traders(client, block.number) : [named]
  for (const account of accounts) {
    const plan = readVenue(gmxV2, {
      ...{ venue: 'gmx-v2', account, block, assets },
      configuration: { ...configuration, markets: [...configuration.markets], glvs: [] },
    })
    const { results, refusal } = await attemptPlan(client, block, plan)
    // Of those that were found by chance, one with orders or in other markets is no subject.
    if (refusal !== undefined && named === undefined) continue
    if (refusal !== undefined) throw refusal
    const positions = await readContract(client, {
      ...{ address: reader, abi: gmxReaderAbi, functionName: 'getAccountPositions', blockNumber: block.number },
      args: [dataStore, account, 0n, 1_000n],
    })
    const perpetuals = results?.positions.filter(({ kind }) => kind === 'perpetual') ?? []
    expect(perpetuals).to.have.lengthOf(positions.length)
    expect(results?.rules).to.have.lengthOf(positions.length)
    return
  }
  expect.fail('no account was found whose positions are in the markets of the table and that has no orders')
}

async function attemptPlan(client: Client, block: Parameters<typeof runPlans>[1], plan: ReturnType<typeof readVenue>) {
  try {
    const { results } = await runPlans(client, block, [{ name: 'gmx-v2', plan }])
    return { results: results[0] }
  } catch (error) {
    if (error instanceof UnsupportedPositionError) return { refusal: error }
    throw error
  }
}

/** Accounts of the first positions that the venue lists, in the markets of the table. */
async function traders(client: Client, blockNumber: bigint): Promise<readonly Address[]> {
  const keys = await readContract(client, {
    ...{ address: dataStore, abi: storeAbi, functionName: 'getBytes32ValuesAt', blockNumber },
    args: [gmxNameKey('POSITION_LIST'), 0n, 100n],
  })
  const found: Address[] = []
  for (const key of keys) {
    const [{ account, market }] = await readContract(client, {
      ...{ address: reader, abi: keyAbi, functionName: 'getPosition', blockNumber },
      args: [dataStore, key],
    })
    if (configuration.markets.some((own) => isAddressEqual(own.market, market))) found.push(account)
  }
  return [...new Set(found)]
}
