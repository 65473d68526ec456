import { expect } from 'chai'
import { erc20Abi } from 'viem'
import { borrowFromAave } from '../../scripts/devnet/aaveV3.ts'
import { advanceTime, sendAs } from '../../scripts/devnet/chain.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { QuorumError } from '../../src/attest/sign.ts'
import { wad } from '../../src/core/units.ts'
import { openJournal } from '../../src/keeper/journal.ts'
import { keepAccount } from '../../src/keeper/keepAccount.ts'
import { defaultPostPolicy } from '../../src/keeper/policy.ts'
import { createSender, type Sender } from '../../src/keeper/sender.ts'
import { ParametersMismatchError, readRegistry } from '../../src/registry.ts'
import { devnetPayer, devnetSigner, type PlimsollFixture, plimsollFixture } from '../support/plimsoll.ts'
import { rejection } from '../support/rejection.ts'
import { sendPolicy } from './support/sendPolicy.ts'

type Round = Partial<Parameters<typeof keepAccount>[2]>

/** Its journal lasts for one test, as the chain does. */
let sender: Sender | undefined

function senderOf({ client, ours }: PlimsollFixture): Sender {
  const { chainId } = ours
  const journal = openJournal(':memory:')
  sender ??= createSender({
    chainId,
    payer: devnetPayer,
    journal,
    reads: client,
    broadcasts: [client],
    policy: sendPolicy,
  })
  return sender
}

/** One round at the newest block for the levered account, live unless said otherwise. */
async function keep(fixture: PlimsollFixture, round: Round = {}) {
  const { client, ours, deployment } = fixture
  return keepAccount(client, ours, {
    account: deployment.accounts.levered,
    blockNumber: await client.getBlockNumber(),
    signers: [devnetSigner],
    sender: senderOf(fixture),
    policy: defaultPostPolicy,
    validityCode: 6,
    ...round,
  })
}

const outcome = ({ code, action }: Awaited<ReturnType<typeof keep>>) => `${code}: ${action}`

const nonceOf = ({ client }: PlimsollFixture) => client.getTransactionCount({ address: devnetPayer.address })

describe('keepAccount', function () {
  this.timeout(60_000)
  beforeEach(() => {
    sender = undefined
  })

  it('posts first, rests while nothing happens, and posts again when the heartbeat has passed', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, ours, deployment } = fixture
    const account = deployment.accounts.levered
    const first = await keep(fixture)
    expect(outcome(first)).to.equal('first: sent')
    expect((await client.getTransactionReceipt({ hash: first.hash ?? '0x' })).status).to.equal('success')
    const { stored } = await readRegistry(client, { registry: ours.registry, modelId: 1, account })
    expect(stored).to.include({ equity: first.equity, initialMargin: first.initialMargin, isUsable: true })

    expect(outcome(await keep(fixture))).to.equal('unchanged: skipped')
    await advanceTime(chain, 200)
    expect(outcome(await keep(fixture))).to.equal('unchanged: skipped')
    await advanceTime(chain, 40)
    expect(outcome(await keep(fixture))).to.equal('heartbeat: sent')
  })

  it('does not post a block twice', async () => {
    const fixture = await plimsollFixture()
    const blockNumber = await fixture.client.getBlockNumber()
    await keep(fixture, { blockNumber })
    const nonce = await nonceOf(fixture)
    expect(outcome(await keep(fixture, { blockNumber }))).to.equal('not-newer: skipped')
    // Nor does a round at the block before that post see an empty registry.
    expect(outcome(await keep(fixture, { blockNumber: blockNumber + 1n }))).to.equal('unchanged: skipped')
    expect(await nonceOf(fixture)).to.equal(nonce)
  })

  it('posts what is worse, what is better, and what crosses a requirement', async () => {
    const fixture = await plimsollFixture()
    const { chain, deployment } = fixture
    const move = async (dollars: bigint) => {
      await setPrices(chain, deployment, { ETH: dollars * wad })
      return keep(fixture)
    }
    const start = await keep(fixture)
    const worse = await move(1_990n)
    expect(outcome(worse)).to.equal('worse: sent')
    expect(worse.equity < start.equity).to.equal(true)
    expect(outcome(await move(1_991n))).to.equal('unchanged: skipped')
    expect(outcome(await move(2_060n))).to.equal('better: sent')
    const call = await move(1_500n)
    expect(outcome(call)).to.equal('boundary: sent')
    expect(call.equity < call.initialMargin).to.equal(true)
  })

  it('sends and signs nothing without a sender, and decides the same', async () => {
    const fixture = await plimsollFixture()
    const { client, ours, deployment } = fixture
    const before = { nonce: await nonceOf(fixture), block: await client.getBlockNumber() }
    const dry = await keep(fixture, { sender: undefined })
    expect(outcome(dry)).to.equal('first: would post')
    expect(dry).not.to.have.any.keys('hash', 'send')
    expect({ nonce: await nonceOf(fixture), block: await client.getBlockNumber() }).to.deep.equal(before)
    const account = deployment.accounts.levered
    expect((await readRegistry(client, { registry: ours.registry, modelId: 1, account })).stored).to.equal(null)
    const live = await keep(fixture)
    const { send, hash, ...decided } = live
    expect({ ...decided, action: dry.action }).to.deep.equal(dry)
    expect({ send, hash: typeof hash }).to.deep.equal({ send: 'sent', hash: 'string' })
    expect(await nonceOf(fixture)).to.equal(before.nonce + 1)
  })

  it('renews a short-lived record before it expires, and at once one that is no longer trusted', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, ours, deployment } = fixture
    await keep(fixture, { validityCode: 4 })
    await advanceTime(chain, 75)
    expect(outcome(await keep(fixture, { validityCode: 4 }))).to.equal('unchanged: skipped')
    await advanceTime(chain, 50)
    expect(outcome(await keep(fixture))).to.equal('heartbeat: sent')

    await advanceTime(chain, 5)
    const { timestamp } = await client.getBlock()
    const registry = { name: 'MarginRegistry', address: ours.registry, abi: marginRegistryAbi }
    await sendAs(chain, deployment.operators.deployer).send(registry, 'invalidateBefore', [Number(timestamp)])
    expect(outcome(await keep(fixture))).to.equal('unusable: sent')
  })

  it('sees a new debt at once', async () => {
    const fixture = await plimsollFixture()
    const { chain, client, deployment } = fixture
    const { hedged } = deployment.accounts
    const before = await keep(fixture, { account: hedged })
    await borrowFromAave(sendAs(chain, hedged), deployment.aave, {
      asset: deployment.tokens.usdc,
      amount: 3_000_000_000n,
    })
    // The borrowed tokens lie in the wallet, where they are credited nothing.
    const { usdc } = deployment.tokens
    const held = await client.readContract({ address: usdc, abi: erc20Abi, functionName: 'balanceOf', args: [hedged] })
    expect(held > 3_000_000_000n).to.equal(true)
    const after = await keep(fixture, { account: hedged })
    expect(outcome(after)).to.equal('worse: sent')
    expect(Number(before.equity - after.equity) / 1e6).to.be.within(2_999.9, 3_000.1)
  })

  it('refuses parameters that the registry does not name, and signers that are not enough, without sending', async () => {
    const fixture = await plimsollFixture()
    const { ours } = fixture
    const nonce = await nonceOf(fixture)
    const foreign = { ...fixture, ours: { ...ours, parameters: { ...ours.parameters, paperHaircut: 0n } } }
    await rejection(keep(foreign), ParametersMismatchError)
    await rejection(keep(fixture, { signers: [] }), QuorumError)
    expect(await nonceOf(fixture)).to.equal(nonce)
  })
})
