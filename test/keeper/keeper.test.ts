import { expect } from 'chai'
import { type Address, encodeFunctionData, erc20Abi, type Hex, parseAbi } from 'viem'
import { borrowFromAave } from '../../scripts/devnet/aaveV3.ts'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { wad } from '../../src/core/units.ts'
import { QuorumMissingError } from '../../src/keeper/cosign/collect.ts'
import { defaultFormPolicy } from '../../src/keeper/forms.ts'
import { defaultRecheckPolicy } from '../../src/keeper/recheck.ts'
import { ParametersMismatchError, readRegistry } from '../../src/registry.ts'
import { devnetPayer, type PlimsollFixture, plimsollFixture } from '../support/plimsoll.ts'
import { rejection } from '../support/rejection.ts'
import { keeping, memoryRoots } from './support/keeping.ts'
import { gwei } from './support/sendPolicy.ts'

type Round = Awaited<ReturnType<ReturnType<typeof keeping>['round']>>

/** What a round of one account came to. */
const outcome = ({ decisions, posts }: Round) =>
  [...decisions.map(({ code }) => code), ...posts.map(({ form, code }) => `${form} ${code}`)].join(', ')
const codes = ({ decisions }: Round) => decisions.map(({ code }) => code)

const nonceOf = ({ client }: PlimsollFixture) => client.getTransactionCount({ address: devnetPayer.address })
const storedOf = async ({ client, ours }: PlimsollFixture, account: Address) =>
  (await readRegistry(client, { registry: ours.registry, modelId: 1, account })).stored

describe('keeper', function () {
  this.timeout(120_000)

  it('posts first, rests while nothing happens, and posts again when the heartbeat has passed', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, deployment } = fixture
    const { round } = keeping(fixture, ['levered'])
    const first = await round()
    expect(outcome(first)).to.equal('first, single sent')
    expect((await client.getTransactionReceipt({ hash: first.posts[0]?.hash ?? '0x' })).status).to.equal('success')
    const { equity, initialMargin } = first.decisions[0] ?? {}
    expect(await storedOf(fixture, deployment.accounts.levered)).to.include({ equity, initialMargin, isUsable: true })

    expect(outcome(await round())).to.equal('unchanged')
    await advanceTime(chain, 200)
    expect(outcome(await round())).to.equal('unchanged')
    await advanceTime(chain, 40)
    expect(outcome(await round())).to.equal('heartbeat, single sent')
  })

  it('does not post a block twice', async () => {
    const fixture = await plimsollFixture()
    const blockNumber = await fixture.client.getBlockNumber()
    const { round } = keeping(fixture, ['levered'])
    await round(blockNumber)
    const nonce = await nonceOf(fixture)
    expect(outcome(await round(blockNumber))).to.equal('not-newer')
    // Nor does another keeper of the same accounts, whose round is at the block before that post.
    await fixture.client.mine({ blocks: 1 })
    const other = keeping(fixture, ['levered'])
    expect(outcome(await other.round(blockNumber))).to.equal('not-newer')
    expect(await nonceOf(fixture)).to.equal(nonce)
  })

  it('posts what is worse, what is better, and what crosses a requirement', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment } = fixture
    const { round } = keeping(fixture, ['levered'], { recheck: defaultRecheckPolicy })
    const move = async (dollars: bigint) => {
      await setPrices(chain, deployment, { ETH: dollars * wad })
      return round()
    }
    const start = await round()
    const worse = await move(1_990n)
    expect(outcome(worse)).to.equal('worse, single sent')
    expect((worse.decisions[0]?.equity ?? 0n) < (start.decisions[0]?.equity ?? 0n)).to.equal(true)
    expect(outcome(await move(1_991n))).to.equal('unchanged')
    expect(outcome(await move(2_060n))).to.equal('better, single sent')
    const call = await move(1_500n)
    expect(outcome(call)).to.equal('boundary, single sent')
  })

  it('sends, signs and writes nothing when dry, and decides the same', async () => {
    const fixture = await plimsollFixture()
    const { client, deployment } = fixture
    const before = { nonce: await nonceOf(fixture), block: await client.getBlockNumber() }
    const dry = await keeping(fixture, ['levered'], { sending: undefined }).round()
    expect(outcome(dry)).to.equal('first')
    expect(dry.decisions[0]?.action).to.equal('would post')
    expect({ nonce: await nonceOf(fixture), block: await client.getBlockNumber() }).to.deep.equal(before)
    expect(await storedOf(fixture, deployment.accounts.levered)).to.equal(null)
    const live = await keeping(fixture, ['levered']).round()
    expect(live.decisions).to.deep.equal(dry.decisions.map((decision) => ({ ...decision, action: 'posting' })))
    expect(await nonceOf(fixture)).to.equal(before.nonce + 1)
  })

  it('renews a short-lived record before it expires, and at once one that is no longer trusted', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, ours, deployment } = fixture
    const { round } = keeping(fixture, ['levered'], { validityCode: 4 })
    await round()
    await advanceTime(chain, 75)
    expect(outcome(await round())).to.equal('unchanged')
    await advanceTime(chain, 50)
    expect(outcome(await round())).to.equal('heartbeat, single sent')

    await advanceTime(chain, 5)
    const { timestamp } = await client.getBlock()
    const registry = { name: 'MarginRegistry', address: ours.registry, abi: marginRegistryAbi }
    await sendAs(chain, deployment.operators.deployer).send(registry, 'invalidateBefore', [Number(timestamp)])
    expect(outcome(await round())).to.equal('unusable, single sent')
  })

  it('sees a new debt at once, also where margins may stand in', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, deployment } = fixture
    const { hedged } = deployment.accounts
    const { round } = keeping(fixture, ['hedged'], { recheck: defaultRecheckPolicy })
    const before = await round()
    await borrowFromAave(sendAs(chain, hedged), deployment.aave, {
      asset: deployment.tokens.usdc,
      amount: 3_000_000_000n,
    })
    // The borrowed tokens lie in the wallet, where they are credited nothing.
    const { usdc } = deployment.tokens
    const held = await client.readContract({ address: usdc, abi: erc20Abi, functionName: 'balanceOf', args: [hedged] })
    expect(held > 3_000_000_000n).to.equal(true)
    const after = await round()
    expect(outcome(after)).to.equal('worse, single sent')
    const fall = (before.decisions[0]?.equity ?? 0n) - (after.decisions[0]?.equity ?? 0n)
    expect(Number(fall) / 1e6).to.be.within(2_999.9, 3_000.1)
  })

  it('refuses parameters that the registry does not name, and sends nothing without enough signatures', async () => {
    const fixture = await plimsollFixture()
    const { ours } = fixture
    const nonce = await nonceOf(fixture)
    const foreign = { ...ours, parameters: { ...ours.parameters, paperHaircut: 0n } }
    await rejection(keeping(fixture, ['levered'], { deployment: foreign }).round(), ParametersMismatchError)
    const { sending } = keeping(fixture, ['levered'])
    const unsigned = await keeping(fixture, ['levered', 'hedged'], {
      forms: { ...defaultFormPolicy, form: 'single' },
      sending: { ...sending, collect: async () => [] },
    }).round()
    expect(unsigned.posts.map(({ code }) => code)).to.deep.equal(['quorum-missing', 'quorum-missing'])
    expect(unsigned.posts[0]?.reason).to.contain('0 signatures of the 1')
    expect(await nonceOf(fixture)).to.equal(nonce)
  })

  it('asks co-signers that do not answer once a round, and those that differ for every post', async () => {
    const fixture = await plimsollFixture()
    const { sending } = keeping(fixture, ['levered'])
    const askedWhile = async (code: 'unreachable' | 'differs') => {
      let asked = 0
      const collect: typeof sending.collect = async ({ signerSet: set }) => {
        asked += 1
        throw new QuorumMissingError({
          set,
          signed: 0,
          answers: [{ event: 'cosign', peer: 'b', blockNumber: 1n, code }],
        })
      }
      const forms = { ...defaultFormPolicy, form: 'single' as const }
      const { posts } = await keeping(fixture, ['levered', 'hedged'], {
        forms,
        sending: { ...sending, collect },
      }).round()
      expect(posts.map((post) => post.code)).to.deep.equal(['quorum-missing', 'quorum-missing'])
      return asked
    }
    expect(await askedWhile('unreachable')).to.equal(1)
    expect(await askedWhile('differs')).to.equal(2)
  })

  it('puts all that is due into one batch, the worse first, and lets ride along who is close to due', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment } = fixture
    const names = ['levered', 'hedged', 'isolated', 'empty'] as const
    const { round } = keeping(fixture, names)
    const first = await round()
    expect(codes(first)).to.deep.equal(['first', 'first', 'first', 'first'])
    expect(first.posts.every(({ form, code }) => form === 'batch' && code === 'sent')).to.equal(true)
    expect(first.posts.flatMap(({ accounts }) => accounts)).to.have.members(
      names.map((name) => deployment.accounts[name]),
    )
    for (const name of names) {
      const stored = await storedOf(fixture, deployment.accounts[name])
      expect(stored?.equity, name).to.equal(
        first.decisions.find(({ account }) => account === deployment.accounts[name])?.equity,
      )
    }

    await advanceTime(chain, 130)
    await setPrices(chain, deployment, { ETH: 1_980n * wad })
    const next = await round()
    const of = (name: (typeof names)[number]) =>
      next.decisions.find(({ account }) => account === deployment.accounts[name])
    expect(of('levered')).to.include({ code: 'worse', action: 'posting' })
    // Half of its heartbeat has passed, and the batch goes out anyway.
    expect(of('empty')).to.include({ code: 'ride-along', action: 'posting' })
    const withLevered = next.posts.find(({ accounts }) => accounts.includes(deployment.accounts.levered))
    expect(next.posts.indexOf(withLevered as never)).to.equal(0)
  })

  it('posts a root over all accounts, publishes every proof, and rests until the leaves are old', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, ours, deployment } = fixture
    const names = ['levered', 'hedged', 'empty'] as const
    const roots = memoryRoots()
    const forms = { ...defaultFormPolicy, rootFrom: 2, proofsPerPost: 0 }
    const { keeper, round } = keeping(fixture, names, { forms, roots })
    const first = await round()
    expect(first.posts.map(({ form, code, accounts }) => [form, code, accounts.length])).to.deep.equal([
      ['root', 'sent', 3],
    ])
    expect(codes(await round())).to.deep.equal(['unchanged', 'unchanged', 'unchanged'])
    for (const name of names) {
      const account = deployment.accounts[name]
      expect(await storedOf(fixture, account)).to.equal(null)
      const proof = keeper.proofOf(account) as Hex
      const data = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'verify', args: [proof] })
      const { data: answer } = await client.call({ to: ours.registry, data })
      expect(answer?.slice(-40)).to.equal(account.slice(2).toLowerCase())
    }
    // A keeper that starts anew finds the tree, as long as it is there.
    const restarted = keeping(fixture, names, { forms, roots })
    expect(codes(await restarted.round())).to.deep.equal(['unchanged', 'unchanged', 'unchanged'])
    const without = keeping(fixture, names, { forms, sending: undefined })
    expect(codes(await without.round())).to.deep.equal(['first', 'first', 'first'])

    await setPrices(chain, deployment, { ETH: 1_950n * wad })
    const worse = await round()
    expect(codes(worse)).to.include('worse')
    expect(worse.posts.map(({ code }) => code)).to.deep.equal(worse.posts.map(() => 'sent'))
  })

  it('stores directly what a root could not make worse: a record that lives outside of roots', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment } = fixture
    const names = ['levered', 'hedged'] as const
    await keeping(fixture, names).round()
    const forms = { ...defaultFormPolicy, form: 'root' as const }
    const { round } = keeping(fixture, names, { forms })
    await advanceTime(chain, 300)
    const moving = await round()
    expect(moving.posts.map(({ form }) => form)).to.deep.equal(moving.posts.map(() => 'batch'))
    for (const name of names) {
      const flags = (await storedOf(fixture, deployment.accounts[name]))?.flags ?? 0
      expect(flags & 0x20, name).to.equal(0x20)
    }
    await advanceTime(chain, 300)
    expect((await round()).posts.map(({ form }) => form)).to.deep.equal(['root'])
    // What was stored before is dead now, and the leaf takes its place.
    expect((await storedOf(fixture, deployment.accounts.levered))?.isUsable).to.equal(false)
    expect(codes(await round())).to.deep.equal(['unchanged', 'unchanged'])
  })

  it('takes no leaf for an answer while the record that is stored outlives roots and promises more', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment } = fixture
    const { levered } = deployment.accounts
    await keeping(fixture, ['levered']).round()
    const good = await storedOf(fixture, levered)
    const roots = memoryRoots()
    const forms = { ...defaultFormPolicy, form: 'root' as const }
    const { round, keeper } = keeping(fixture, ['levered', 'hedged'], { forms, roots })
    // Due for `hedged` alone, over both; the fall of `levered` is no news yet.
    await setPrices(chain, deployment, { ETH: 1_999n * wad })
    expect((await round()).posts.map(({ form, code }) => `${form} ${code}`)).to.deep.equal(['root sent'])
    await round()
    expect(keeper.proofOf(levered)).to.be.a('string')
    expect(await storedOf(fixture, levered)).to.include({ equity: good?.equity, isUsable: true })

    await setPrices(chain, deployment, { ETH: 1_950n * wad })
    const worse = await round()
    expect(worse.decisions.find(({ account }) => account === levered)?.code).to.equal('worse')
    await round()
    const stored = await storedOf(fixture, levered)
    expect(stored?.equity).to.equal(worse.decisions.find(({ account }) => account === levered)?.equity)
    expect((stored?.flags ?? 0) & 0x20).to.equal(0x20)
  })

  it('asks for a place to publish proofs, and for every account once', async () => {
    const fixture = await plimsollFixture()
    const { sending } = keeping(fixture, ['levered'])
    const forms = { ...defaultFormPolicy, form: 'root' as const }
    expect(() => keeping(fixture, ['levered'], { forms, sending, roots: undefined })).to.throw(InvalidInputError)
    expect(() => keeping(fixture, ['levered', 'levered'])).to.throw(InvalidInputError)
  })

  it('waits for what is out, and lets urgent news take its place at one fee', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, deployment } = fixture
    const { levered } = deployment.accounts
    const { round, journal } = keeping(fixture, ['levered'])
    await round()
    const nonce = await nonceOf(fixture)
    await advanceTime(chain, 240)
    await client.setAutomine(false)
    try {
      const mineDear = async () => {
        await client.setNextBlockBaseFeePerGas({ baseFeePerGas: 20n * gwei })
        await client.mine({ blocks: 1 })
      }
      expect(outcome(await round())).to.equal('heartbeat, single sent')
      await mineDear()
      expect(outcome(await round())).to.equal('in-flight')
      const borrow = {
        abi: parseAbi(['function borrow(address, uint256, uint256, uint16, address)']),
        functionName: 'borrow',
        args: [deployment.tokens.usdc, 500_000_000n, 2n, 0, levered],
      } as const
      const bid = { maxFeePerGas: 90n * gwei, maxPriorityFeePerGas: gwei, gas: 2_000_000n }
      const data = encodeFunctionData(borrow)
      await client.sendTransaction({ account: levered, to: deployment.aave.pool, data, chain: null, ...bid })
      await mineDear()
      expect(outcome(await round())).to.equal('worse, single sent')
      await client.mine({ blocks: 1 })
      const settled = await round()
      expect(settled.transactions.map(({ code }) => code)).to.deep.equal(['mined'])
      expect(outcome(settled)).to.equal('unchanged')
    } finally {
      await client.setAutomine(true)
    }
    expect(await nonceOf(fixture)).to.equal(nonce + 1)
    expect(journal.attemptsOf(31337, devnetPayer.address, nonce).map(({ state }) => state)).to.deep.equal([
      'replaced',
      'mined',
    ])
  })
})
