import { expect } from 'chai'
import { network } from 'hardhat'
import { type Hex, keccak256, stringToHex, zeroHash } from 'viem'
import { toModel } from '../../scripts/deployment/plan.ts'
import {
  borrower,
  type Chain,
  createChain,
  keys,
  paramsHash,
  sign,
  signRootOf,
  tryPost,
} from '../support/attestations.ts'

const arbSys = '0x0000000000000000000000000000000000000064'
const signers = keys.slice(0, 9).map(({ address }) => address)
const models = [toModel({ id: 0, paramsHash })]

/** The chain of the tests with another kind of registry on it. */
async function createWith(contract: 'ArbitrumMarginRegistry' | 'UnboundMarginRegistry'): Promise<Chain> {
  const chain = await createChain()
  const { address } = await chain.viem.deployContract(contract, [chain.accessManager, signers, 3, models])
  await chain.networkHelpers.mine(2)
  return { ...chain, registry: address }
}

describe('block hashes of other chains', () => {
  it('threat 15: on Arbitrum come from ArbSys, by its own block numbers', async () => {
    const chain = await createWith('ArbitrumMarginRegistry')
    const mock = await chain.viem.deployContract('ArbSysMock')
    await chain.networkHelpers.setCode(arbSys, (await chain.publicClient.getCode({ address: mock.address })) ?? '0x')
    const precompile = await chain.viem.getContractAt('ArbSysMock', arbSys)
    const number = 350_000_000n
    const hash: Hex = keccak256(stringToHex('arbitrum block'))
    await precompile.write.setBlock([number + 1n])
    await precompile.write.setHash([number, hash])
    const attempt = async (blockNumber: bigint, blockHash: Hex) =>
      tryPost(chain, (await sign(chain, chain.signerSet, { signed: { blockNumber, blockHash } })).wire, chain.registry)
    expect(await attempt(number, hash)).to.equal('stored')
    expect(await attempt(number + 1n, hash)).to.equal('FutureBlock')
    expect(await attempt(number, keccak256(hash))).to.equal('InvalidSignature')
    // What the parent chain calls this number is of no account.
    const parent = await chain.publicClient.getBlock()
    expect(await attempt(parent.number, parent.hash)).to.equal('BlockHashUnavailable')
    expect(await attempt(number - 1n, zeroHash)).to.equal('BlockHashUnavailable')
    await precompile.write.setBlock([number + 257n])
    expect(await attempt(number, hash)).to.equal('BlockHashUnavailable')
  })

  it('threat 15: where there are none are zero, and validity ends after two minutes', async () => {
    const chain = await createWith('UnboundMarginRegistry')
    const block = await chain.publicClient.getBlock()
    const attempt = async (flags: number, signed: { blockHash: Hex; blockNumber?: bigint }) =>
      tryPost(chain, (await sign(chain, chain.signerSet, { record: { flags }, signed })).wire, chain.registry)
    expect(await attempt(3, { blockHash: zeroHash })).to.equal('stored')
    expect(await attempt(3, { blockHash: block.hash })).to.equal('InvalidSignature')
    expect(await attempt(4, { blockHash: zeroHash })).to.equal('UnsupportedFlags')
    expect(await attempt(3, { blockHash: zeroHash, blockNumber: block.number + 5n })).to.equal('FutureBlock')
    // Its own block, too: a pending call runs in the one behind the head.
    expect(await attempt(3, { blockHash: zeroHash, blockNumber: block.number + 1n })).to.equal('FutureBlock')
  })

  it('where there are none, blocks may share a time: what is observed now is not the future', async () => {
    const chain = await createWith('UnboundMarginRegistry')
    const observedAt = Number((await chain.publicClient.getBlock()).timestamp) + 10
    const flags = 0x23
    const { wire } = await signRootOf(chain, chain.signerSet, [{ account: borrower, flags, observedAt }], {
      registry: chain.registry,
      flags,
      signed: { blockHash: zeroHash },
    })
    const tryAt = async (seconds: number) => {
      await chain.networkHelpers.time.setNextBlockTimestamp(observedAt + seconds)
      return tryPost(chain, wire, chain.registry)
    }
    expect(await tryAt(-1)).to.equal('FutureObservation')
    expect(await tryAt(0)).to.equal('stored')
  })

  it('have contracts within the size that chains allow', async () => {
    const { viem } = await network.create()
    for (const name of ['MarginRegistry', 'ArbitrumMarginRegistry', 'UnboundMarginRegistry'] as const) {
      const manager = await viem.deployContract('AccessManager', [borrower])
      const { address } = await viem.deployContract(name, [manager.address, signers, 3, models])
      const code = (await (await viem.getPublicClient()).getCode({ address })) ?? '0x'
      expect((code.length - 2) / 2, name).to.be.lessThanOrEqual(24_576)
    }
  })
})
