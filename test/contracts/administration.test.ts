import { expect } from 'chai'
import { encodeFunctionData, keccak256, stringToHex, zeroHash } from 'viem'
import { guardianRole, toModel } from '../../scripts/deployment/plan.ts'
import { marginRegistryAbi } from '../../src/attest/abi.ts'
import {
  borrower,
  type Chain,
  createChain,
  errorOf,
  keys,
  paramsHash,
  post,
  sign,
  tryPost,
} from '../support/attestations.ts'

const otherHash = keccak256(stringToHex('other parameters'))
const endOfTime = 0xffffffff
const addresses = keys.map(({ address }) => address)

async function signerSet(chain: Chain) {
  const [setId, threshold, signers] = await chain.contract.read.signerSet()
  return { setId, threshold: Number(threshold), signers }
}

describe('signer sets', () => {
  it('describes the first set', async () => {
    const chain = await createChain()
    expect(await signerSet(chain)).to.deep.equal({ setId: 1n, threshold: 3, signers: addresses.slice(0, 9) })
  })

  it('threat 17: kills every record not yet posted when the set rotates, also to itself', async () => {
    const chain = await createChain()
    const before = await sign(chain, chain.signerSet)
    await chain.contract.write.rotateSigners([addresses.slice(0, 9), 3])
    expect(await tryPost(chain, before.wire)).to.equal('InvalidSignature')
    const after = await sign(chain, await signerSet(chain))
    expect(await tryPost(chain, after.wire)).to.equal('stored')
  })

  it('works with one signer of one, and with the last of twelve alone', async () => {
    const one = await createChain({ members: 1, threshold: 1 })
    expect(await tryPost(one, (await sign(one, one.signerSet)).wire)).to.equal('stored')
    const last = await createChain({ members: 12, threshold: 1 })
    const signers = keys.slice(11)
    expect(await tryPost(last, (await sign(last, last.signerSet, { signers, bitmap: 1 << 11 })).wire)).to.equal(
      'stored',
    )
  })

  it('refuses sets that are empty, too large, unsorted, repeated, zero, or with a threshold out of range', async () => {
    const { contract } = await createChain()
    const rotate = (signers: readonly `0x${string}`[], threshold: number) =>
      errorOf(contract.simulate.rotateSigners([signers, threshold]))
    const [a, b] = addresses as [`0x${string}`, `0x${string}`]
    expect(await rotate([], 1)).to.equal('SignerCountOutOfRange')
    const many = Array.from({ length: 17 }, (_, i) => `0x${(i + 1).toString(16).padStart(40, '0')}` as const)
    expect(await rotate(many, 1)).to.equal('SignerCountOutOfRange')
    expect(await rotate(many.slice(0, 16), 16)).to.equal(undefined)
    expect(await rotate([b, a], 1)).to.equal('SignersNotSorted')
    expect(await rotate([a, a], 1)).to.equal('SignersNotSorted')
    expect(await rotate([`0x${'00'.repeat(20)}`, a], 1)).to.equal('SignersNotSorted')
    expect(await rotate([a, b], 0)).to.equal('ThresholdOutOfRange')
    expect(await rotate([a, b], 3)).to.equal('ThresholdOutOfRange')
  })

  it('threat 04: refuses to be deployed with zero or repeated signers', async () => {
    const { viem, accessManager } = await createChain()
    const deploy = (signers: readonly `0x${string}`[]) =>
      errorOf(viem.deployContract('MarginRegistry', [accessManager, signers, 1, []]))
    const [a] = addresses as [`0x${string}`]
    expect(await deploy([`0x${'00'.repeat(20)}`])).to.match(/SignersNotSorted/)
    expect(await deploy([a, a])).to.match(/SignersNotSorted/)
  })

  it('removes a signer at once and pauses new risk when too few are left', async () => {
    const chain = await createChain({ members: 4 })
    const { contract } = chain
    const [a, b, c, d] = addresses as [`0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`]
    const wire = async () => (await sign(chain, await signerSet(chain))).wire
    expect(await errorOf(contract.simulate.removeSigner([borrower]))).to.equal('NotSigner')
    const stale = await wire()
    await contract.write.removeSigner([d])
    expect(await tryPost(chain, stale)).to.equal('InvalidSignature')
    expect((await signerSet(chain)).signers).to.deep.equal([a, b, c])
    await post(chain, await wire())
    expect((await contract.read.controls())[0]).to.equal(0n)

    await contract.write.removeSigner([a])
    expect((await contract.read.controls())[0]).to.equal(1n)
    expect(
      await tryPost(
        chain,
        (await sign(chain, await signerSet(chain), { signers: [...keys.slice(1, 3), ...keys.slice(2, 3)], bitmap: 3 }))
          .wire,
      ),
    ).to.equal('WrongSignerCount')
    expect(await errorOf(contract.read.requireMargin([borrower, 0n, 3600n]))).to.equal('RiskIncreasePaused')
    expect(await errorOf(contract.read.freeEquity([borrower, 3600n]))).to.equal('RiskIncreasePaused')
    expect(await contract.read.isSolvent([borrower, 3600n])).to.equal(true)
    expect(await errorOf(contract.simulate.unpause([1]))).to.equal('NotEnoughSigners')

    await contract.write.removeSigner([b])
    await contract.write.removeSigner([c])
    expect((await signerSet(chain)).signers).to.deep.equal([])
    expect(await errorOf(contract.simulate.removeSigner([c]))).to.equal('NotSigner')
    expect(await tryPost(chain, stale)).to.equal('UnknownSignerBit')

    await contract.write.rotateSigners([[a, b, c], 2])
    expect(await errorOf(contract.read.requireMargin([borrower, 0n, 3600n]))).to.equal('RiskIncreasePaused')
    await contract.write.unpause([1])
    expect(await errorOf(contract.read.requireMargin([borrower, 0n, 3600n]))).to.equal(undefined)
  })
})

describe('models', () => {
  it('takes records only of a model in force when they were observed', async () => {
    const chain = await createChain()
    const { contract } = chain
    const attempt = async () => tryPost(chain, (await sign(chain, chain.signerSet, { record: { modelId: 5 } })).wire)
    const now = Number((await chain.publicClient.getBlock()).timestamp)
    expect(await attempt()).to.equal('UndefinedModel')
    await contract.write.setModel([toModel({ id: 5, paramsHash, from: now + 1000 })])
    expect(await attempt()).to.equal('ModelNotInForce')
    await contract.write.setModel([toModel({ id: 5, paramsHash, from: now, until: now + 1000 })])
    expect(await attempt()).to.equal('stored')
    await chain.networkHelpers.time.increaseTo(now + 999)
    expect(await attempt()).to.equal('stored')
    await chain.networkHelpers.time.increaseTo(now + 1000)
    expect(await attempt()).to.equal('ModelNotInForce')
    expect(await contract.read.modelOf([5])).to.deep.equal([
      toModel({ id: 5, paramsHash, from: now, until: now + 1000 }),
      false,
    ])
    expect((await contract.read.modelOf([3]))[0].paramsHash).to.match(/^0x0+$/)
  })

  it('leaves the signer set alone when a model changes', async () => {
    const chain = await createChain()
    const { wire } = await sign(chain, chain.signerSet)
    await chain.contract.write.setModel([toModel({ id: 1, paramsHash: otherHash })])
    expect(await tryPost(chain, wire)).to.equal('stored')
  })

  it('refuses impossible models and a change of parameters under a living id', async () => {
    const { contract } = await createChain()
    const set = (id: number, hash: `0x${string}`, from: number, until: number) =>
      errorOf(contract.simulate.setModel([toModel({ id, paramsHash: hash, from, until })]))
    expect(await set(24, paramsHash, 0, 1)).to.equal('InvalidModel')
    expect(await set(1, `0x${'00'.repeat(32)}`, 0, 1)).to.equal('InvalidModel')
    expect(await set(1, paramsHash, 1, 1)).to.equal('InvalidModel')
    expect(await set(0, otherHash, 0, endOfTime)).to.equal('ModelInUse')
    expect(await set(0, paramsHash, 0, 1)).to.equal(undefined)
    expect(await errorOf(contract.simulate.retireModel([1, 0]))).to.equal('UndefinedModel')
    expect(await errorOf(contract.simulate.retireModel([255, 0]))).to.equal('UndefinedModel')
    const [none, isRetired] = await contract.read.modelOf([1])
    expect([none.id, none.paramsHash, none.until, isRetired]).to.deep.equal([1, zeroHash, 0, false])
    await contract.write.setModel([toModel({ id: 2, paramsHash })])
    expect(await errorOf(contract.simulate.retireModel([1, 0]))).to.equal('UndefinedModel')
  })

  it('holds as many models as there are ids', async () => {
    const models = Array.from({ length: 24 }, (_, id) => ({ id, paramsHash, improvementBase: 2n ** 63n }))
    const chain = await createChain({ models })
    const { wire } = await sign(chain, chain.signerSet, { record: { modelId: 23 } })
    expect(await tryPost(chain, wire)).to.equal('stored')
  })

  it('kills what was observed up to now, and nothing of the next second', async () => {
    const { contract, publicClient, networkHelpers } = await createChain()
    const now = Number((await publicClient.getBlock()).timestamp) + 10
    await networkHelpers.time.setNextBlockTimestamp(now)
    const kill = (time: number) => errorOf(contract.simulate.invalidateBefore([time], { blockTag: 'pending' }))
    expect(await kill(now + 1)).to.equal(undefined)
    expect(await kill(now + 2)).to.equal('InvalidationOutOfRange')
  })

  it('threat 29: fails every read and post of a retired model, and frees its id when the last record has expired', async () => {
    const chain = await createChain()
    const { contract } = chain
    await post(chain, (await sign(chain, chain.signerSet, { record: { flags: 15 } })).wire)
    await contract.write.retireModel([0, 0])
    const retiredAt = Number((await chain.publicClient.getBlock()).timestamp)
    for (const read of [contract.read.marginOf, contract.read.isSolvent, contract.read.freeEquity]) {
      expect(await errorOf(read([borrower, 3600n]))).to.equal('RetiredModel')
    }
    expect((await contract.read.tryMarginOf([borrower, 3600n]))[0]).to.equal(5)
    expect(await tryPost(chain, (await sign(chain, chain.signerSet)).wire)).to.equal('RetiredModel')
    const revive = toModel({ id: 0, paramsHash: otherHash })
    expect(await errorOf(contract.simulate.setModel([revive]))).to.equal('ModelInUse')
    const revived = () => errorOf(contract.simulate.setModel([revive], { blockTag: 'pending' }))
    await chain.networkHelpers.time.setNextBlockTimestamp(retiredAt + 15 * 2 ** 15)
    expect(await revived()).to.equal('ModelInUse')
    await chain.networkHelpers.time.setNextBlockTimestamp(retiredAt + 15 * 2 ** 15 + 1)
    expect(await revived()).to.equal(undefined)
    await chain.networkHelpers.time.increaseTo(retiredAt + 15 * 2 ** 15 + 1)
    await contract.write.setModel([revive])
    expect(await errorOf(contract.read.marginOf([borrower, 2n ** 255n]))).to.equal('ExpiredMargin')
    const { wire } = await sign(chain, chain.signerSet, { signed: { paramsHash: otherHash } })
    expect(await tryPost(chain, wire)).to.equal('stored')
  })
})

describe('switches', () => {
  it('pauses new risk without touching liquidations, and posting without touching reads', async () => {
    const chain = await createChain()
    const { contract } = chain
    const { wire } = await sign(chain, chain.signerSet)
    await post(chain, wire)
    await contract.write.pause([1])
    expect(await errorOf(contract.read.requireMargin([borrower, 0n, 3600n]))).to.equal('RiskIncreasePaused')
    expect((await contract.read.tryMarginOf([borrower, 3600n]))[0]).to.equal(1)
    expect(await tryPost(chain, (await sign(chain, chain.signerSet)).wire)).to.equal('stored')
    await contract.write.pause([2])
    expect((await contract.read.controls())[0]).to.equal(3n)
    await contract.write.unpause([1])
    const next = await sign(chain, chain.signerSet)
    expect(await tryPost(chain, next.wire)).to.equal('PostingPaused')
    expect(await errorOf(contract.simulate.verify([next.wire]))).to.equal('PostingPaused')
    expect(await errorOf(contract.read.requireMargin([borrower, 0n, 3600n]))).to.equal(undefined)
    await contract.write.unpause([255])
    expect(await tryPost(chain, (await sign(chain, chain.signerSet)).wire)).to.equal('stored')
  })

  it('kills stored and unposted records observed before a time, for good', async () => {
    const chain = await createChain()
    const { contract } = chain
    const stored = await sign(chain, chain.signerSet)
    await post(chain, stored.wire)
    const { wire } = await sign(chain, chain.signerSet)
    const now = Number((await chain.publicClient.getBlock()).timestamp)
    await contract.write.invalidateBefore([now + 1])
    expect(await errorOf(contract.read.marginOf([borrower, 3600n]))).to.equal('InvalidatedMargin')
    expect((await contract.read.tryMarginOf([borrower, 3600n]))[0]).to.equal(4)
    expect(await tryPost(chain, wire)).to.equal('InvalidatedMargin')
    expect(await errorOf(contract.simulate.invalidateBefore([now]))).to.equal('InvalidationOutOfRange')
    expect(await errorOf(contract.simulate.invalidateBefore([now + 1]))).to.equal('InvalidationOutOfRange')
    expect(await errorOf(contract.simulate.invalidateBefore([now + 1000]))).to.equal('InvalidationOutOfRange')
    await chain.networkHelpers.mine()
    expect(await tryPost(chain, (await sign(chain, chain.signerSet)).wire)).to.equal('stored')
  })
})

describe('who may', () => {
  const calls = [
    { functionName: 'rotateSigners', args: [[addresses[0] ?? '0x'], 1] },
    { functionName: 'removeSigner', args: [addresses[0] ?? '0x'] },
    { functionName: 'setModel', args: [toModel({ id: 1, paramsHash, until: 1 })] },
    { functionName: 'moveToModel', args: [borrower, 0] },
    { functionName: 'retireModel', args: [0, 0] },
    { functionName: 'pause', args: [1] },
    { functionName: 'unpause', args: [1] },
    { functionName: 'invalidateBefore', args: [1] },
  ] as const

  it('threat 18: lets nobody without a role configure', async () => {
    const chain = await createChain()
    const stranger = chain.wallets[5]?.account.address
    if (!stranger) throw new Error('no account')
    for (const call of calls) {
      const data = encodeFunctionData({ abi: marginRegistryAbi, ...call })
      const error = await errorOf(chain.publicClient.call({ account: stranger, to: chain.registry, data }))
      expect(error, call.functionName).to.equal('AccessManagedUnauthorized')
    }
  })

  it('makes the governor wait and lets the guardian act at once, each only on its own functions', async () => {
    const probe = await createChain()
    const [, governor, guardian] = probe.wallets.map(({ account }) => account.address)
    if (!governor || !guardian) throw new Error('no accounts')
    const chain = await createChain({ governor, governorDelay: 86_400, guardians: [guardian] })
    const { contract } = chain
    const rotate = [addresses.slice(0, 3), 2] as const
    expect(await errorOf(contract.simulate.rotateSigners(rotate, { account: guardian }))).to.equal(
      'AccessManagedUnauthorized',
    )
    expect(await errorOf(contract.simulate.pause([1], { account: governor }))).to.equal('AccessManagedUnauthorized')
    expect(await errorOf(contract.simulate.unpause([1], { account: guardian }))).to.equal('AccessManagedUnauthorized')
    await contract.write.pause([1], { account: guardian })

    const rotation = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'rotateSigners', args: rotate })
    const manager = await chain.viem.getContractAt('AccessManager', chain.accessManager)
    const execute = () =>
      manager.simulate.execute([chain.registry, rotation], { account: governor }).then(
        () => 'done',
        () => 'refused',
      )
    expect(await execute()).to.equal('refused')
    await manager.write.schedule([chain.registry, rotation, 0], { account: governor })
    await chain.networkHelpers.time.increase(86_000)
    expect(await execute()).to.equal('refused')
    await chain.networkHelpers.time.increase(401)
    await manager.write.execute([chain.registry, rotation], { account: governor })
    expect((await signerSet(chain)).signers).to.deep.equal(addresses.slice(0, 3))
    expect(await manager.read.hasRole([guardianRole, governor])).to.deep.equal([false, 0])
  })

  it('leaves the deployer nothing when it names an admin', async () => {
    const probe = await createChain()
    const [, admin] = probe.wallets.map(({ account }) => account.address)
    if (!admin) throw new Error('no account')
    const chain = await createChain({ admin, governor: admin, guardians: [admin] })
    const manager = await chain.viem.getContractAt('AccessManager', chain.accessManager)
    const sender = chain.walletClient.account.address
    for (const role of [0n, 1n, 2n]) expect((await manager.read.hasRole([role, sender]))[0]).to.equal(false)
    expect((await manager.read.hasRole([0n, admin]))[0]).to.equal(true)
    expect(await errorOf(chain.contract.simulate.pause([1]))).to.equal('AccessManagedUnauthorized')
  })
})
