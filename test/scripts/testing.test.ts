import { expect } from 'chai'
import { network } from 'hardhat'
import { zeroAddress } from 'viem'
import { MarginNotStoredError, marginFixture } from '../../scripts/testing.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import { QuorumError } from '../../src/attest/sign.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { errorOf } from '../support/attestations.ts'

async function setUp() {
  const connection = await network.create()
  const margin = await marginFixture(connection)
  const publicClient = await connection.viem.getPublicClient()
  const [, alice] = await connection.viem.getWalletClients()
  if (!alice) throw new Error('no wallet')
  const contract = { address: margin.registry, abi: marginRegistryAbi } as const
  const { address } = alice.account
  const read = (maxAge: bigint) =>
    publicClient.readContract({ ...contract, functionName: 'marginOf', args: [address, maxAge] })
  return {
    ...{ connection, margin, publicClient, alice, address, contract, read },
    requireMargin: () =>
      publicClient.readContract({ ...contract, functionName: 'requireMargin', args: [address, 1n, 3600n] }),
  }
}

/** Class of the error that a promise ends in. */
const classOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error.constructor,
  )

describe('marginFixture', () => {
  it('posts what it is told, in dollars, for anything that has an address', async () => {
    const { connection, margin, alice, address, read } = await setUp()
    const record = await margin.setMargin(alice, { equity: '-192863.41', im: '39063', mm: '31250.000001' })
    expect(record.account.toLowerCase()).to.equal(address.toLowerCase())
    expect(await read(60n)).to.include({
      equity: -192_863_410_000n,
      initialMargin: 39_063_000_000n,
      maintenanceMargin: 31_250_000_001n,
    })
    await margin.setMargin(address.toLowerCase(), { equity: '1', im: '0' })
    await margin.setMargin(alice.account, { equity: '9000000000000', im: '0' })
    const [, signer] = await connection.ethers.getSigners()
    await margin.setMargin(signer ?? expect.fail('no signer'), { equity: '3', im: '2' })
    expect(await read(60n)).to.include({ equity: 3_000_000n, maintenanceMargin: 2_000_000n })
  })

  it('lets time pass, and records expire when they are told to', async () => {
    const { margin, alice, read } = await setUp()
    await margin.setMargin(alice, { equity: '1', im: '0', validity: '1h' })
    await margin.age('16m')
    expect(await errorOf(read(900n))).to.equal('StaleMargin')
    expect(await errorOf(read(1000n))).to.equal(undefined)
    await margin.age('1h')
    expect(await errorOf(read(2n ** 40n))).to.equal('ExpiredMargin')
  })

  it('takes signers away as production does', async () => {
    const { connection, margin, alice, requireMargin, publicClient, contract } = await setUp()
    await margin.setMargin(alice, { equity: '5', im: '0' })
    const unposted = await margin.signMargin(alice, { equity: '6', im: '0' })
    const first = await margin.revokeSigner()
    const [, , left] = await publicClient.readContract({ ...contract, functionName: 'signerSet' })
    expect(left).to.have.length(2).and.not.include(first)
    const [payer] = await connection.viem.getWalletClients()
    const post = publicClient.call({
      account: payer?.account.address ?? zeroAddress,
      to: margin.registry,
      data: unposted,
    })
    expect(await errorOf(post)).to.equal('InvalidSignature')
    await margin.setMargin(alice, { equity: '7', im: '0' })
    expect(await errorOf(requireMargin())).to.equal(undefined)
    await margin.revokeSigner()
    expect(await errorOf(requireMargin())).to.equal('RiskIncreasePaused')
    expect(await classOf(margin.setMargin(alice, { equity: '8', im: '0' }))).to.equal(QuorumError)
    expect(await errorOf(margin.unpause())).to.equal('NotEnoughSigners')
    await margin.revokeSigner()
    expect(await classOf(margin.revokeSigner())).to.equal(InvalidInputError)
  })

  it('pauses and goes on', async () => {
    const { margin, alice, requireMargin } = await setUp()
    await margin.setMargin(alice, { equity: '5', im: '0' })
    await margin.pause()
    expect(await errorOf(requireMargin())).to.equal('RiskIncreasePaused')
    await margin.unpause()
    expect(await errorOf(requireMargin())).to.equal(undefined)
  })

  it('says when the registry keeps the record that it has', async () => {
    const connection = await network.create({ network: 'default', override: { allowBlocksWithSameTimestamp: true } })
    const margin = await marginFixture(connection)
    const [alice = expect.fail('no wallet')] = await connection.viem.getWalletClients()
    const { timestamp } = await (await connection.viem.getPublicClient()).getBlock()
    await connection.provider.request({ method: 'evm_setNextBlockTimestamp', params: [Number(timestamp)] })
    await margin.setMargin(alice, { equity: '5', im: '0' })
    // The head is a new block of the same second.
    expect(await classOf(margin.setMargin(alice, { equity: '6', im: '0' }))).to.equal(MarginNotStoredError)
    await margin.age('1s')
    await margin.setMargin(alice, { equity: '7', im: '0' })
  })

  it('refuses values that it would have to guess', async () => {
    const { margin, alice } = await setUp()
    const refused = (values: Partial<Parameters<typeof margin.setMargin>[1]>) =>
      classOf(margin.setMargin(alice, { equity: '1', im: '0', ...values }))
    for (const equity of ['', '1e6', '1.2345678', '1,000', ' 1', '+1', '0x10']) {
      expect(await refused({ equity })).to.equal(InvalidInputError)
    }
    for (const validity of ['', '1', '1.5h', '1w', '6d', '-1h']) {
      expect(await refused({ validity })).to.equal(InvalidInputError)
    }
    expect(await classOf(margin.setMargin('alice', { equity: '1', im: '0' }))).to.equal(InvalidInputError)
    expect(await classOf(margin.age('soon'))).to.equal(InvalidInputError)
    expect((await refused({ im: '1', mm: '2' }))?.name).to.equal('OutOfRangeError')
  })
})
