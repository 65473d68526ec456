import { expect } from 'chai'
import { network } from 'hardhat'
import {
  type Address,
  type Client,
  createClient,
  custom,
  getAbiItem,
  type Hex,
  HttpRequestError,
  numberToHex,
  pad,
  parseAbiItem,
} from 'viem'
import { ReorgedError, RpcError } from '../../src/chain/errors.ts'
import { pinBlock } from '../../src/chain/pinBlock.ts'
import { type LogSearch, searchLogs } from '../../src/chain/searchLogs.ts'
import type { LogIndexEntry } from '../../src/core/logIndex.ts'
import type { LogFilter } from '../../src/core/logs.ts'
import { rejection } from '../support/rejection.ts'

const account: Address = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'
const other: Address = '0x90F79bf6EB2c4f870365E785982E1f101E93b906'

type Range = { readonly fromBlock: bigint; readonly toBlock: bigint }
type Refusal = (range: Range) => Error | undefined

/**
 * A chain with a token whose transfers are the logs. `before` runs before every `eth_getLogs` and may refuse it; `asked` are
 * the ranges that were answered.
 */
async function createChain(before: Refusal = () => undefined) {
  const { provider, viem, networkHelpers } = await network.create({
    network: 'default',
    override: { initialDate: new Date('2025-06-01T00:00:00Z') },
  })
  const asked: Range[] = []
  const refused: Range[] = []
  const transport = custom(
    {
      async request({ method, params }: { method: string; params?: unknown }) {
        if (method === 'eth_getLogs') {
          const [filter] = params as [{ fromBlock: Hex; toBlock: Hex }]
          const range = { fromBlock: BigInt(filter.fromBlock), toBlock: BigInt(filter.toBlock) }
          const error = before(range)
          ;(error ? refused : asked).push(range)
          if (error) throw error
        }
        return provider.request({ method, params: params as [] })
      },
    },
    { retryCount: 0 },
  )
  const client = createClient({ transport, cacheTime: 0 })
  const token = await viem.deployContract('TestToken', ['T', 18])
  const search: LogSearch = {
    venue: 'venue',
    account,
    filters: [
      {
        address: token.address,
        event: getAbiItem({ abi: token.abi, name: 'Transfer' }),
        args: { to: account },
        fromBlock: 0n,
      },
    ],
    toIds: (logs) => logs.map(({ args }) => `${args.value}`),
  }
  const pin = (blockNumber?: bigint) =>
    pinBlock(client, { chainId: 31337, ...(blockNumber === undefined ? {} : { blockNumber }) })
  return {
    client,
    search,
    asked,
    refused,
    pin,
    networkHelpers,
    mint: (value: bigint, to = account) => token.write.mint([to, value]),
    mine: (blocks: number) => networkHelpers.mine(blocks),
    /** Searches up to a block, on from an entry. */
    run: async (entry?: LogIndexEntry, blockNumber?: bigint) =>
      searchOne(client, { ...search, entry }, { block: await pin(blockNumber) }),
  }
}

async function searchOne(client: Client, search: LogSearch, options: Parameters<typeof searchLogs>[2]) {
  const [result] = await searchLogs(client, [search], options)
  return result ?? expect.fail('a result was expected')
}

const rpcError = (code: number, message: string) => Object.assign(new Error(message), { code })
const tooLarge = rpcError(-32005, 'query returned more than 10000 results')

describe('searchLogs', function () {
  this.timeout(60_000)

  it('finds the ids of the account alone, each once and in order, up to the block and not after it', async () => {
    const { mint, run, pin } = await createChain()
    for (const value of [5n, 30n, 5n]) await mint(value)
    await mint(7n, other)
    const { number } = await pin()
    await mint(9n)
    expect((await run(undefined, number)).ids).to.deep.equal(['30', '5'])
    expect((await run()).ids).to.deep.equal(['30', '5', '9'])
    expect((await run(undefined, 0n)).ids).to.deep.equal([])
  })

  it('finds the ids of many accounts in the requests of one, each its own, wherever each of them goes on', async () => {
    const { client, search, mint, asked, pin } = await createChain()
    const holders = Array.from({ length: 260 }, (_, index) => pad(numberToHex(index + 1), { size: 20 }))
    const searchOf = (holder: Address): LogSearch => ({
      ...search,
      account: holder,
      filters: search.filters.map((filter) => ({ ...filter, args: { to: holder } })),
    })
    const some = [0, 7, 249, 250, 259]
    for (const index of some) await mint(BigInt(1_000 + index), holders[index])
    await mint(5n)
    const first = await searchLogs(client, holders.map(searchOf), { block: await pin() })
    expect(asked.length).to.equal(2)
    expect(first.map(({ ids }) => ids)).to.deep.equal(
      holders.map((_, index) => (some.includes(index) ? [`${1_000 + index}`] : [])),
    )
    expect(first.map(({ entry }) => entry.account)).to.deep.equal(holders)
    await mint(77n, holders[7])
    await mint(88n, holders[8])
    asked.length = 0
    const known = holders.slice(0, 10).map((holder, index): LogSearch => {
      const entry = index === 8 ? undefined : first[index]?.entry
      return { ...searchOf(holder), entry }
    })
    const twice = [...known, known[7] as LogSearch]
    const second = await searchLogs(client, twice, { block: await pin() })
    expect(second.map(({ ids }) => ids)).to.deep.equal([
      ['1000'],
      ...Array.from({ length: 6 }, () => []),
      ['1007', '77'],
      ['88'],
      [],
      ['1007', '77'],
    ])
    expect(asked.length).to.equal(2)
  })

  it('gives a log of several arguments to whom all of them are', async () => {
    const { client, search, mint, pin } = await createChain()
    for (const [value, to] of [
      [1n, account],
      [2n, other],
    ] as const)
      await mint(value, to)
    const zero = pad('0x', { size: 20 })
    const searchOf = (from: Address, to: Address): LogSearch => ({
      ...search,
      filters: search.filters.map((filter) => ({ ...filter, args: { from, to } })),
    })
    const searches = [searchOf(zero, account), searchOf(account, other), searchOf(zero, other)]
    const results = await searchLogs(client, searches, { block: await pin() })
    expect(results.map(({ ids }) => ids)).to.deep.equal([['1'], [], ['2']])
  })

  it('takes any value of a list, of one argument or of several', async () => {
    const { client, search, mint, pin } = await createChain()
    const third: Address = '0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65'
    const recipients = [account, other, third]
    for (const [index, to] of recipients.entries()) await mint(BigInt(index + 1), to)
    const zero = pad('0x', { size: 20 })
    const searchOf = (args: NonNullable<LogFilter['args']>): LogSearch => ({
      ...search,
      filters: search.filters.map((filter) => ({ ...filter, args })),
    })
    const searches = [
      searchOf({ to: [account, third] }),
      searchOf({ to: other }),
      searchOf({ from: [account, zero], to: [other, third] }),
    ]
    const results = await searchLogs(client, searches, { block: await pin() })
    expect(results.map(({ ids }) => ids)).to.deep.equal([['1', '3'], ['2'], ['2', '3']])
  })

  it('searches events of one name and other parameters each by itself', async () => {
    const { client, search, mint, pin } = await createChain()
    await mint(1n)
    const [filter] = search.filters
    if (filter === undefined) return expect.fail('a filter was expected')
    const overload = parseAbiItem('event Transfer(address indexed to, bytes data)')
    const filters = [{ ...filter, event: overload }, filter]
    const { ids } = await searchOne(client, { ...search, filters }, { block: await pin() })
    expect(ids).to.deep.equal(['1'])
  })

  it('halves the range that a node refuses, down to what it answers, and misses nothing', async () => {
    const most = 7n
    const { mint, mine, run, asked, refused, pin } = await createChain(({ fromBlock, toBlock }) =>
      toBlock - fromBlock + 1n > most ? tooLarge : undefined,
    )
    for (let value = 0n; value < 20n; value++) {
      await mint(value)
      await mine(Number(value % 5n) + 1)
    }
    const { ids } = await run()
    expect(ids).to.deep.equal(Array.from({ length: 20 }, (_, value) => `${value}`).sort())
    const { number } = await pin()
    let next = 0n
    for (const { fromBlock, toBlock } of asked) {
      expect(fromBlock).to.equal(next)
      expect(toBlock - fromBlock < most).to.equal(true)
      next = toBlock + 1n
    }
    expect(next).to.equal(number + 1n)
    expect(refused.length > 2 && refused.length < 20, `${refused.length} refused`).to.equal(true)
  })

  it('searches only new blocks when it goes on, and none for a block that it has passed', async () => {
    const { mint, run, asked, pin } = await createChain()
    await mint(1n)
    const first = await run()
    const passed = (await pin()).number
    await mint(2n)
    await mint(3n)
    asked.length = 0
    const second = await run(first.entry)
    expect(second.ids).to.deep.equal(['1', '2', '3'])
    expect(asked).to.deep.equal([{ fromBlock: passed + 1n, toBlock: passed + 2n }])
    asked.length = 0
    expect((await run(second.entry, passed)).ids).to.deep.equal(['1'])
    const again = await run(second.entry)
    expect(again.entry).to.deep.equal(second.entry)
    expect(asked).to.deep.equal([])
  })

  it('searches the tail again after a reorganization, forgets what was in it, and goes on from a checkpoint below', async () => {
    const { mint, mine, run, asked, pin, networkHelpers } = await createChain()
    await mint(1n)
    await mine(200)
    const snapshot = await networkHelpers.takeSnapshot()
    const fork = (await pin()).number
    await mint(2n)
    const old = await run()
    expect(old.ids).to.deep.equal(['1', '2'])
    await snapshot.restore()
    await mint(3n)
    await mint(4n)
    asked.length = 0
    const { ids, entry } = await run(old.entry)
    expect(ids).to.deep.equal(['1', '3', '4'])
    expect(asked).to.deep.equal([{ fromBlock: fork + 1n - 64n + 1n, toBlock: fork + 2n }])
    expect(entry.ids).to.deep.include({ id: '3', block: fork + 1n })
    expect(entry.ids.map(({ id }) => id)).not.to.include('2')
  })

  it('starts anew where no checkpoint is left, and for other filters', async () => {
    const { client, mint, run, asked, pin, search } = await createChain()
    await mint(1n)
    const { entry } = await run()
    const hash = pad('0x12', { size: 32 })
    const foreign = { ...entry, checkpoints: [{ number: 1n, hash }], ids: [{ id: 'gone', block: 1n }] }
    asked.length = 0
    expect((await run(foreign)).ids).to.deep.equal(['1'])
    const [filter] = search.filters
    if (filter === undefined) return expect.fail('a filter was expected')
    const all = { ...search, filters: [{ ...filter, args: {} }] }
    await mint(2n, other)
    expect((await searchOne(client, { ...all, entry }, { block: await pin() })).ids).to.deep.equal(['1', '2'])
    expect(asked.map(({ fromBlock }) => fromBlock)).to.deep.equal([0n, 0n])
  })

  it('keeps checkpoints few and one of them deep, however often it goes on', async () => {
    const { mine, run } = await createChain()
    let entry: LogIndexEntry | undefined
    for (let round = 0; round < 60; round++) {
      await mine(round % 9)
      const { entry: next } = await run(entry)
      const numbers = next.checkpoints.map(({ number }) => number)
      const newest = numbers.at(-1) ?? -1n
      expect(numbers.length <= 2).to.equal(true)
      if (newest >= 64n) {
        const [deep = -1n] = numbers
        expect(newest - deep >= 64n && newest - deep < 192n, `${deep} behind ${newest}`).to.equal(true)
      }
      entry = next
    }
  })

  it('saves how far it came, so that a search goes on after a failure', async () => {
    let answered = 0
    const chain = await createChain(({ fromBlock, toBlock }) => {
      if (toBlock - fromBlock >= 10n) return tooLarge
      answered += 1
      return answered === 4 ? rpcError(-32000, 'down') : undefined
    })
    const { client, search, mint, mine, asked, pin } = chain
    await mint(1n)
    await mine(60)
    await mint(2n)
    const block = await pin()
    const saved: LogIndexEntry[] = []
    const onEntries = async (entries: readonly LogIndexEntry[]) => {
      saved.push(...entries)
    }
    // The refusal of a single range is no failure, so the search only becomes finer.
    expect((await searchOne(client, search, { block, onEntries })).ids).to.deep.equal(['1', '2'])
    const middle = saved[2]
    if (middle === undefined) return expect.fail('three ranges were expected')
    asked.length = 0
    expect((await searchOne(client, { ...search, entry: middle }, { block })).ids).to.deep.equal(['1', '2'])
    expect(asked[0]?.fromBlock).to.equal((middle.checkpoints.at(-1)?.number ?? 0n) + 1n)
  })

  it('refuses a block that left the chain before or while it searches', async () => {
    const { client, search, run, mint, pin, networkHelpers } = await createChain()
    const snapshot = await networkHelpers.takeSnapshot()
    await mint(1n)
    const block = await pin()
    await snapshot.restore()
    await mint(2n)
    await rejection(searchOne(client, search, { block }), ReorgedError)
    expect((await run()).ids).to.deep.equal(['2'])

    const during = await createChain()
    await during.mint(1n)
    const pinned = await during.pin()
    const replaced = { ...during.search, toIds: (logs: Parameters<LogSearch['toIds']>[0]) => during.search.toIds(logs) }
    let hasMoved = false
    const moving = createClient({
      transport: custom(
        {
          async request({ method, params }: { method: string; params?: unknown }) {
            const answer = await during.client.request({ method, params } as never)
            if (method === 'eth_getLogs') hasMoved = true
            if (method !== 'eth_getBlockByNumber' || !hasMoved) return answer
            return { ...(answer as object), hash: pad(numberToHex(1), { size: 32 }) }
          },
        },
        { retryCount: 0 },
      ),
    })
    await rejection(searchOne(moving, replaced, { block: pinned }), ReorgedError)
  })

  it('gives up with the reason where a single block is refused, and at once where there is no answer', async () => {
    const never = await createChain(() => rpcError(-32000, 'logs are not kept'))
    const error = await rejection(never.run(), RpcError)
    expect(error.message).to.contain('Transfer').and.contain('blocks 0 to 0').and.contain('logs are not kept')
    const silent = await createChain(() => new HttpRequestError({ url: 'http://node.test' }))
    await rejection(silent.run(), RpcError)
    expect(silent.refused).to.have.lengthOf(1)
  })
})
