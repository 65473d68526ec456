import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Abi, type Address, type Client, encodeFunctionData, type Hex, parseAbi } from 'viem'
import { getTransactionReceipt, multicall, sendTransaction } from 'viem/actions'
import type { AdapterContext, AnyAdapter } from '../../src/adapters/adapter.ts'
import { allAdapters } from '../../src/adapters/all.ts'
import type { MarginParameters } from '../../src/core/parameters.ts'
import type { PinnedBlock } from '../../src/core/portfolio.ts'
import type { PlannedCall, ReadPlan } from '../../src/core/readPlan.ts'
import { chainSources } from '../../src/market/readMarket.ts'
import type { MarketSources } from '../../src/market/source.ts'
import { type AccountReading, readSnapshots } from '../../src/readSnapshots.ts'

const poolAbi = parseAbi([
  'function getReservesList() view returns (address[])',
  'function getUserAccountData(address user) view returns (uint256, uint256, uint256, uint256, uint256, uint256)',
])
const dataProviderAbi = parseAbi([
  'function getUserReserveData(address asset, address user) view returns (uint256 aTokenBalance, uint256 stableDebt, uint256 variableDebt, uint256, uint256, uint256, uint256, uint40, bool)',
])
const marketAbi = parseAbi([
  'function getAccountSnapshot(address account) view returns (uint256, uint256, uint256, uint256)',
])
const comptrollerAbi = parseAbi([
  'function getAllMarkets() view returns (address[])',
  'function getAccountLiquidity(address account) view returns (uint256, uint256, uint256)',
])

/** What a developer asks of each account with viem. */
export type Peer = ReadonlyMap<Address, readonly PlannedCall[]>

/** What does not change from block to block, or follows from another call: a developer keeps it, so it is asked for nothing. */
const kept = new Set([
  ...['decimals', 'underlying', 'poolManager', 'marketKey', 'oracle', 'getAllMarkets', 'getReservesList', 'getPool'],
  ...['ADDRESSES_PROVIDER', 'getPriceOracle', 'getReserveTokensAddresses', 'getReserveData', 'idToMarketParams'],
  ...['getSettlementToken', 'getCollateralManager', 'feeRecipient', 'aggregator', 'description'],
])

/** Our own ways to the balances of which the documented views are asked. */
const replaced = new Set([
  ...['getReserveNormalizedIncome', 'getReserveNormalizedVariableDebt', 'scaledBalanceOf', 'principalBalanceOf'],
  ...['getUserAccountData', 'getUserConfiguration', 'borrowBalanceStored', 'exchangeRateStored', 'getAccountLiquidity'],
])

/**
 * The calls of one multicall an account, for all that its snapshot says of it but the witness. Balances come from the views that
 * the protocols document for an account: at Aave `getUserReserveData` of every reserve and `getUserAccountData`, at Compound
 * `getAccountSnapshot` of every market and `getAccountLiquidity`. The rest, positions at other venues, terms and prices of what
 * the account holds, are the calls of our own adapters. Ids that take a search of logs or a round of their own are given.
 */
export async function peerCalls(
  client: Client,
  accounts: readonly Address[],
  parameters: MarginParameters,
): Promise<Peer> {
  const asked = new Map<Address, PlannedCall[]>(accounts.map((account) => [account, []]))
  const market: PlannedCall[] = []
  const adapters = allAdapters.map((adapter): AnyAdapter => {
    return {
      ...adapter,
      read: (context: AdapterContext<unknown>) => recorded(adapter.read(context), asked.get(context.account) ?? []),
    }
  })
  const sources: MarketSources = {
    ...chainSources,
    prices: chainSources.prices.map((source) => ({
      ...source,
      read: (...asked: Parameters<typeof source.read>) => recorded(source.read(...asked), market),
    })),
  }
  await readSnapshots(client, { accounts, parameters, adapters, sources })
  const { callsOf, markets } = await documentedCalls(client, parameters)
  const isAsked = ({ address, functionName }: PlannedCall) =>
    !kept.has(functionName) &&
    !replaced.has(functionName) &&
    !(functionName === 'balanceOf' && markets.has(address.toLowerCase()))
  return new Map(
    [...asked].map(([account, calls]) => {
      const others = [...calls, ...market].filter(isAsked)
      return [account, [...callsOf(account), ...new Map(others.map((call) => [keyOf(call), call])).values()]]
    }),
  )
}

/** Asks one multicall of viem an account, `inFlight` at once, and holds supplies and debts against what was read. */
export async function readWithViem(
  client: Client,
  peer: Peer,
  {
    readings,
    block,
    multicallAddress,
    inFlight,
  }: {
    readonly readings: readonly AccountReading[]
    readonly block: PinnedBlock
    readonly multicallAddress: Address
    readonly inFlight: number
  },
): Promise<void> {
  const waiting = [...readings]
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const contracts = peer.get(next.account) ?? []
      const options = { multicallAddress, blockHash: block.hash, batchSize: 0, allowFailure: false } as const
      const results = await multicall(client, { contracts, ...options })
      requireSame(next, contracts, results)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
}

/** Deploys the Multicall3 that viem carries. */
export async function deployMulticall(client: Client, from: Address): Promise<Address> {
  const require = createRequire(import.meta.url)
  const file = join(dirname(require.resolve('viem')), 'constants/contracts.js')
  const { multicall3Bytecode: data } = require(file) as { multicall3Bytecode: Hex }
  const hash = await sendTransaction(client, { account: from, chain: null, data, gas: 5_000_000n })
  for (let wait = 0; wait < 200; wait++) {
    const receipt = await getTransactionReceipt(client, { hash }).catch(() => undefined)
    if (receipt?.contractAddress) return receipt.contractAddress
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('The Multicall3 of the bench was not deployed.')
}

async function documentedCalls(client: Client, { venues }: MarginParameters) {
  const lists: ((account: Address) => readonly PlannedCall[])[] = []
  const marketsOf = new Set<string>()
  for (const { adapter, configuration } of venues) {
    const {
      pool,
      dataProvider,
      comptrollers = [],
    } = configuration as Record<string, Address> & { comptrollers?: Address[] }
    if (adapter === 'aave-v3' && pool !== undefined && dataProvider !== undefined) {
      const assets = await addressesOf(client, { address: pool, abi: poolAbi, functionName: 'getReservesList' })
      lists.push((account) => [
        { address: pool, abi: poolAbi, functionName: 'getUserAccountData', args: [account] },
        ...assets.map((asset) => ({
          address: dataProvider,
          abi: dataProviderAbi,
          functionName: 'getUserReserveData',
          args: [asset, account],
        })),
      ])
    }
    if (adapter !== 'compound-v2') continue
    for (const comptroller of comptrollers) {
      const pool = { address: comptroller, abi: comptrollerAbi } as const
      const markets = await addressesOf(client, { ...pool, functionName: 'getAllMarkets' })
      for (const market of markets) marketsOf.add(market.toLowerCase())
      lists.push((account) => [
        { ...pool, functionName: 'getAccountLiquidity', args: [account] },
        ...markets.map((address) => ({ address, abi: marketAbi, functionName: 'getAccountSnapshot', args: [account] })),
      ])
    }
  }
  return { callsOf: (account: Address) => lists.flatMap((list) => list(account)), markets: marketsOf }
}

async function addressesOf(client: Client, call: PlannedCall): Promise<readonly Address[]> {
  const [addresses] = await multicall(client, { contracts: [call], deployless: true, allowFailure: false })
  return addresses as readonly Address[]
}

/** Everything supplied and owed at the pools of Aave, by token, is what was read; so is whether there are shares and debts at Compound. */
function requireSame(reading: AccountReading, contracts: readonly PlannedCall[], results: readonly unknown[]): void {
  if ('refusal' in reading) throw reading.refusal
  const { positions } = reading.snapshot.portfolio
  const totals = { supplied: 0n, owed: 0n, markets: 0 }
  for (const [index, { functionName }] of contracts.entries()) {
    const values = results[index] as readonly bigint[]
    if (functionName === 'getUserReserveData') {
      const [supplied = 0n, stable = 0n, variable = 0n] = values
      totals.supplied += supplied
      totals.owed += stable + variable
    } else if (functionName === 'getAccountSnapshot') {
      totals.markets += values.slice(1, 3).filter((amount) => amount > 0n).length
    }
  }
  const read = { supplied: 0n, owed: 0n, markets: 0 }
  for (const position of positions) {
    const { venue } = position.venueAccount
    if (position.kind !== 'balance' && position.kind !== 'debt') continue
    if (venue === 'aave-v3' || venue === 'spark')
      read[position.kind === 'debt' ? 'owed' : 'supplied'] += position.amount
    if (venue === 'compound-v2' || venue === 'venus') read.markets += 1
  }
  for (const name of ['supplied', 'owed', 'markets'] as const) {
    if (read[name] !== totals[name]) throw new Error(`${reading.account}: ${name} ${read[name]}, viem ${totals[name]}.`)
  }
}

function* recorded<Result>(plan: ReadPlan<Result>, sink: PlannedCall[]): ReadPlan<Result> {
  let step = plan.next()
  while (step.done !== true) {
    sink.push(...step.value)
    step = plan.next(yield step.value)
  }
  return step.value
}

function keyOf({ address, abi, functionName, args = [] }: PlannedCall): string {
  return `${address}${encodeFunctionData({ abi: abi as Abi, functionName, args: [...args] })}`
}
