import { expect } from 'chai'
import { network } from 'hardhat'
import {
  type Address,
  type Client,
  concat,
  createClient,
  custom,
  erc20Abi,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  parseAbi,
} from 'viem'
import { readContract } from 'viem/actions'
import { type AnvilError, resolveAnvil } from '../../../scripts/devnet/anvil.ts'
import { startNode } from '../../../scripts/devnet/node.ts'
import { connectTo, deal, seedPosition, type TestConnection, TokenNotDealableError } from '../../../scripts/testing.ts'
import { InvalidInputError } from '../../../src/core/errors.ts'
import { type DevnetFixture, devnetFixture } from '../../support/devnet.ts'
import { rejection } from '../../support/rejection.ts'

const alice: Address = '0x00000000000000000000000000000000000A11cE'
const amount = 123_456_789_012_345n

/** Ends of programs that answer every call with the word that the slot on the stack holds, or with part of it. */
const load: Hex = '0x54'
const answer: Hex = '0x5f5260205ff3'
const holder: Hex = '0x600435'
/** Programs whose `balanceOf` reads its slot in one order of keys each; no published package of these tokens is compiled here. */
const programs: Readonly<Record<string, Hex>> = {
  // mstore(0, holder) mstore(32, 7) keccak256(0, 64)
  'a mapping of Solidity at 7': concat([holder, '0x5f5260076020526040', '0x5f20', load, answer]),
  // mstore(0, 3) mstore(32, holder) keccak256(0, 64)
  'a mapping of Vyper at 3': concat(['0x60035f52', holder, '0x6020526040', '0x5f20', load, answer]),
  'the namespace of OpenZeppelin': concat([
    holder,
    '0x5f52',
    '0x7f52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace00',
    '0x602052',
    '0x60405f20',
    load,
    answer,
  ]),
  // mstore(12, 0x87a211a2) mstore(0, holder) keccak256(12, 32)
  "Solady's seed": concat(['0x6387a211a2600c52', holder, '0x5f526020600c20', load, answer]),
  'the lower half of a word': concat([
    holder,
    '0x5f5260076020526040',
    '0x5f20',
    load,
    concat(['0x6f', `0x${'ff'.repeat(16)}`, '0x16']),
    answer,
  ]),
}

/** The words of a holder in the mappings at 0 to 60 of a contract. */
async function storageOf(client: DevnetFixture['client'], of: Address, who: Address) {
  const slots = Array.from({ length: 61 }, (_, position) =>
    numberToHex(BigInt(keccak256(concat([pad(who, { size: 32 }), numberToHex(position, { size: 32 })])))),
  )
  return Promise.all(slots.map((slot) => client.getStorageAt({ address: of, slot })))
}

const token = getAddress('0x00000000000000000000000000000000000070ce')

describe('plimsoll/testing: deal', function () {
  this.timeout(240_000)

  const balanceOf = async (client: Client, of: Address, who: Address = alice) => {
    return readContract(client, { address: of, abi: erc20Abi, functionName: 'balanceOf', args: [who] })
  }

  describe('on the devnet', () => {
    let devnet: DevnetFixture
    before(async () => {
      devnet = await devnetFixture()
    })

    for (const name of ['weth', 'usdc', 'wbtc', 'dai'] as const) {
      it(`sets a balance of ${name} that can be sent, and puts it back to zero`, async () => {
        const { client, connection, deployment } = devnet
        const [bob] = [deployment.accounts.empty]
        await deal(connection, { token: deployment.tokens[name], to: bob, amount })
        const transfer = { abi: erc20Abi, address: deployment.tokens[name], functionName: 'transfer' } as const
        await client.writeContract({ ...transfer, args: [alice, amount - 1n], account: bob, chain: null })
        expect(await balanceOf(client, deployment.tokens[name], bob)).to.equal(1n)
        expect(await balanceOf(client, deployment.tokens[name])).to.equal(amount - 1n)
        await deal(connection, { token: deployment.tokens[name], to: bob, amount: 0n })
        expect(await balanceOf(client, deployment.tokens[name], bob)).to.equal(0n)
      })
    }

    it('sets native ether', async () => {
      await deal(devnet.connection, { token: 'ether', to: alice, amount })
      expect(await devnet.client.getBalance({ address: alice })).to.equal(amount)
    })

    it('refuses an aToken by its address, and leaves every slot as it was', async () => {
      const { client, connection, deployment } = devnet
      const { aave, tokens, accounts } = deployment
      const supply = [{ asset: tokens.weth, amount: 10n ** 18n }]
      await seedPosition('aave-v3', connection, { account: accounts.empty, deployment, supply })
      const abi = parseAbi([
        'function getReserveTokensAddresses(address asset) view returns (address, address, address)',
      ])
      const call = { abi, address: aave.dataProvider, functionName: 'getReserveTokensAddresses' } as const
      const [aToken] = await client.readContract({ ...call, args: [tokens.weth] })
      await client.mine({ blocks: 1 })
      for (const to of [accounts.empty, alice]) {
        const before = await storageOf(client, aToken, to)
        const balance = await balanceOf(client, aToken, to)
        const { message } = await rejection(
          deal(connection, { token: aToken, to, amount: 5n * 10n ** 18n }),
          TokenNotDealableError,
        )
        expect(message).to.contain(aToken)
        expect(await balanceOf(client, aToken, to)).to.equal(balance)
        expect(await storageOf(client, aToken, to)).to.deep.equal(before)
      }
    })

    it('refuses what is no token, no address and no amount', async () => {
      const { connection, deployment } = devnet
      const to = alice
      expect(
        (await rejection(deal(connection, { token: alice, to, amount }), TokenNotDealableError)).message,
      ).to.contain(alice)
      await rejection(deal(connection, { token: 'USDC', to, amount }), InvalidInputError)
      for (const wrong of [-1n, 2n ** 256n]) {
        await rejection(deal(connection, { token: deployment.tokens.usdc, to, amount: wrong }), InvalidInputError)
      }
    })
  })

  const finds = (open: () => Promise<{ connection: TestConnection; close(): Promise<void> }>) => {
    let opened: Awaited<ReturnType<typeof open>>
    before(async () => {
      opened = await open()
    })
    after(async () => opened?.close())

    for (const [layout, code] of Object.entries(programs)) {
      it(`finds a balance in ${layout}`, async () => {
        const { connection } = opened
        const { provider } = connection
        await provider.request({ method: 'hardhat_setCode', params: [token, code] })
        const client = createClient({ transport: custom(provider) })
        for (const dealt of [amount, 1n, 0n]) {
          await deal(connection, { token, to: alice, amount: dealt })
          expect(await balanceOf(client, token)).to.equal(dealt)
        }
      })
    }

    it('keeps what shares the word of a balance', async () => {
      const { provider } = opened.connection
      const { 'the lower half of a word': code } = programs
      await provider.request({ method: 'hardhat_setCode', params: [token, code] })
      const slot = numberToHex(BigInt(keccak256(concat([pad(alice, { size: 32 }), numberToHex(7, { size: 32 })]))))
      const index = 77n << 128n
      await provider.request({
        method: 'hardhat_setStorageAt',
        params: [token, slot, numberToHex(index + 5n, { size: 32 })],
      })
      await deal(opened.connection, { token, to: alice, amount })
      const word = await provider.request({ method: 'eth_getStorageAt', params: [token, slot, 'latest'] })
      expect(BigInt(word as Hex)).to.equal(index + amount)
      // Half a word cannot hold it, and it must not run into the other half.
      await rejection(deal(opened.connection, { token, to: alice, amount: 2n ** 128n }), TokenNotDealableError)
      expect(await provider.request({ method: 'eth_getStorageAt', params: [token, slot, 'latest'] })).to.equal(word)
    })
  }

  describe('on Hardhat', () => {
    finds(async () => {
      const connection = await network.create()
      return { connection, close: () => connection.close() }
    })
  })

  describe('on Anvil', () => {
    before(async function () {
      const missing = await resolveAnvil().then(
        () => undefined,
        (error: AnvilError) => error.message,
      )
      if (missing === undefined) return
      console.error(`      skipped: ${missing}`)
      this.skip()
    })
    finds(async () => {
      const { url, close } = await startNode({ kind: 'anvil' })
      return { connection: connectTo(url), close }
    })
  })
})
