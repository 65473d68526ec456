import { expect } from 'chai'
import { type Address, type Hex, toFunctionSelector } from 'viem'
import type { RegistryTerms } from '../../scripts/deployment/plan.ts'
import type { Finding } from '../../scripts/doctor/finding.ts'
import { examineRegistry, type RegistryExpectation } from '../../scripts/doctor/registry.ts'
import { ChainMismatchError } from '../../src/chain/errors.ts'
import { parametersHash } from '../../src/core/parameters.ts'
import { type Chain, createChain, keys, post, sign } from '../support/attestations.ts'
import { testParameters } from '../support/books.ts'
import { rejection } from '../support/rejection.ts'

const parameters = testParameters((plain) => Object.assign(plain, { chainId: 31_337 }))
const paramsHash = parametersHash(parameters)
const model = { id: parameters.modelId, paramsHash }
/** Accounts of the well-known development mnemonic, unlocked on the test chain. */
const governor = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const guardian = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'
const admin = '0x90F79bf6EB2c4f870365E785982E1f101E93b906'

const deploy = (terms: Partial<RegistryTerms> = {}) =>
  createChain({
    ...{ members: 3, threshold: 2, models: [model] },
    ...{ governor, governorDelay: 86_400, guardians: [guardian], admin },
    ...terms,
  })

function examine(chain: Chain, changes: Partial<RegistryExpectation> = {}) {
  const { registry, accessManager, publicClient } = chain
  const expectation = {
    registry,
    accessManager,
    chainId: 31_337,
    parameters: [parameters],
    fromBlock: 0n,
    blocks: 1000n,
  }
  return examineRegistry(publicClient, { ...expectation, ...changes })
}

const failures = (findings: readonly Finding[]) => findings.filter(({ status }) => status === 'error')
const unlocked = async ({ viem }: Chain, address: Address) => viem.getWalletClient(address)

/** Everything wrong must be said, and nothing else. */
async function expectErrors(chain: Chain, expected: readonly (readonly [Finding['check'], RegExp])[], changes = {}) {
  const errors = failures(await examine(chain, changes))
  expect(errors.map(({ check }) => check)).to.deep.equal(expected.map(([check]) => check))
  errors.forEach(({ detail }, i) => {
    expect(detail).to.match(expected[i]?.[1] ?? /never/)
  })
}

describe('examineRegistry', function () {
  this.timeout(120_000)

  it('finds nothing wrong with a registry that is as it should be, and names who may do what', async () => {
    const chain = await deploy()
    for (const signers of [keys.slice(0, 2), keys.slice(1, 3)]) {
      const bitmap = signers[0] === keys[0] ? 0b011 : 0b110
      const { wire } = await sign(chain, chain.signerSet, {
        signers,
        bitmap,
        record: { modelId: model.id },
        signed: { paramsHash },
      })
      await post(chain, wire)
    }
    const findings = await examine(chain)
    expect(findings.filter(({ status }) => status !== 'ok')).to.deep.equal([])
    expect(new Set(findings.map(({ check }) => check))).to.deep.equal(
      new Set(['chain', 'code', 'domain', 'roles', 'signers', 'liveness', 'models', 'pauses', 'invalidation']),
    )
    const details = findings.map(({ detail }) => detail).join('\n')
    for (const line of [
      'is the ethereum build',
      'is the OpenZeppelin AccessManager build',
      `governor: ${governor} after 86400 s`,
      `guardian: ${guardian} after 0 s`,
      `admin: ${admin} after 86400 s`,
      'set 1: 2 of 3',
    ]) {
      expect(details).to.include(line)
    }
    await rejection(examine(chain, { chainId: 1 }), ChainMismatchError)
  })

  it('knows the builds of other chains, and names changed code and a changed domain', async () => {
    const unbound = await deploy({ variant: 'unbound' })
    const code = (await examine(unbound)).find(({ check }) => check === 'code')
    expect(code).to.deep.include({ status: 'ok' }).and.have.property('detail').that.includes('unbound build')

    const chain = await deploy()
    const { registry, accessManager, publicClient, networkHelpers } = chain
    const original = (await publicClient.getCode({ address: registry })) as Hex
    const name = Buffer.from('Plimsoll').toString('hex')
    // The name is an immutable: the code is ours, but signs for another domain.
    await networkHelpers.setCode(registry, original.replaceAll(name, `${name.slice(0, -2)}6d`))
    await expectErrors(chain, [['domain', /^Plimsolm 1/]])
    await networkHelpers.setCode(registry, `${original.slice(0, -2)}ff`)
    await expectErrors(chain, [['code', /registry 0x.*no build of this package/]])
    await networkHelpers.setCode(registry, original)
    const manager = (await publicClient.getCode({ address: accessManager })) as Hex
    await networkHelpers.setCode(accessManager, `${manager.slice(0, -2)}ff`)
    await expectErrors(chain, [['code', /access manager 0x/]])
    await expectErrors(chain, [['code', /no registry at/]], { registry: guardian })
  })

  it('names what is left with the deployer, roles that need not wait, and an AccessManager that is another', async () => {
    const bare = await deploy({
      governor: undefined,
      guardians: undefined,
      admin: undefined,
      governorDelay: 0,
    } as never)
    await expectErrors(bare, [
      ['roles', /deployer 0x.* is still admin/],
      ['roles', /deployer 0x.* is still governor/],
      ['roles', /deployer 0x.* is still guardian/],
    ])
    const warnings = (await examine(bare)).filter(({ status, check }) => status === 'warning' && check === 'roles')
    expect(warnings.map(({ detail }) => detail)).to.deep.equal([
      'admin need not wait: its delay is 0 s',
      'governor need not wait: its delay is 0 s',
      'a guardian is governor too and would watch itself',
    ])
    await expectErrors(await deploy(), [['roles', /the registry obeys 0x.*, not the AccessManager/]], {
      accessManager: admin,
    })
    const late = await deploy()
    const head = await late.publicClient.getBlockNumber()
    const unseen = (await examine(late, { fromBlock: head })).filter(({ check }) => check === 'roles')
    expect(unseen.map(({ status }) => status)).to.deep.equal(['warning'])
  })

  it('names functions that ask for another role, a closed registry, a missing guardian', async () => {
    const chain = await deploy({ admin: undefined, governorDelay: 0 } as never)
    const manager = await chain.viem.getContractAt('AccessManager', chain.accessManager)
    const stillAdmin = ['roles', /still admin/] as const
    await manager.write.setTargetFunctionRole([chain.registry, ['0x6a28f000'], 0n])
    await expectErrors(chain, [stillAdmin])
    await manager.write.setTargetFunctionRole([chain.registry, [toFunctionSelector('pause(uint8)')], 1n])
    await manager.write.setRoleGuardian([1n, 0n])
    await manager.write.revokeRole([2n, guardian])
    await manager.write.setTargetClosed([chain.registry, true])
    await expectErrors(chain, [
      ['roles', /closed the registry/],
      ['roles', /pause\(uint8\) asks for role 1, not for the guardian/],
      ['roles', /cannot cancel/],
      stillAdmin,
      ['roles', /nobody is guardian/],
    ])
  })

  it('names a set that cannot sign, signers who are silent, and sets of one key', async () => {
    const chain = await deploy({ threshold: 3 })
    const { wire } = await sign(chain, chain.signerSet, { record: { modelId: model.id }, signed: { paramsHash } })
    await post(chain, wire)
    const before = await examine(chain)
    expect(before.filter(({ check }) => check === 'liveness').map(({ status }) => status)).to.deep.equal([
      'ok',
      'ok',
      'ok',
    ])
    expect(before.filter(({ status }) => status === 'warning').map(({ detail }) => detail)).to.deep.equal([
      'set 1: 3 of 3: one silent signer stops every record',
    ])
    await chain.networkHelpers.mine(20)
    const silent = (await examine(chain, { blocks: 10n })).filter(({ check }) => check === 'liveness')
    expect(silent.map(({ status }) => status)).to.deep.equal(['warning', 'warning', 'warning'])

    const { account } = await unlocked(chain, guardian)
    await chain.contract.write.removeSigner([keys[0]?.address ?? '0x'], { account })
    await expectErrors(chain, [
      ['signers', /set 2: 3 of 2: too few/],
      ['pauses', /risk-increasing use/],
    ])
    // Bits of the earlier set say nothing of this one.
    const after = (await examine(chain)).filter(({ check }) => check === 'liveness')
    expect(after.map(({ status }) => status)).to.deep.equal(['warning', 'warning'])
    const alone = await examine(await deploy({ threshold: 1 }))
    expect(alone.find(({ check }) => check === 'signers')).to.deep.include({ status: 'warning' })
  })

  it('names models of other parameters, that are absent, unknown, retired or not in force', async () => {
    const other = testParameters((plain) => Object.assign(plain, { chainId: 31_337, paperHaircut: '1' }))
    const chain = await deploy()
    await expectErrors(chain, [['models', /commits to 0x.*, the parameter set has 0x/]], { parameters: [other] })
    const absent = testParameters((plain) => Object.assign(plain, { chainId: 31_337, modelId: 7 }))
    await expectErrors(chain, [['models', /model 7 .*not defined/]], { parameters: [parameters, absent] })
    const unknown = (await examine(chain, { parameters: [] })).find(({ check }) => check === 'models')
    expect(unknown).to.deep.include({ status: 'warning' })
    const { account } = await unlocked(chain, guardian)
    await chain.contract.write.retireModel([model.id, 0], { account })
    await expectErrors(chain, [['models', /retired/]])
    await expectErrors(await deploy({ models: [{ ...model, from: 1, until: 2 }] }), [['models', /from 1 until 2 only/]])
  })

  it('names pauses and invalidated records', async () => {
    const chain = await deploy()
    const { account } = await unlocked(chain, guardian)
    await chain.contract.write.pause([3], { account })
    await expectErrors(chain, [['pauses', /risk-increasing use, posting and verification/]])
    const { timestamp } = await chain.publicClient.getBlock()
    await chain.contract.write.invalidateBefore([Number(timestamp)], { account })
    const past = (await examine(chain)).find(({ check }) => check === 'invalidation')
    expect(past).to.deep.include({ status: 'warning' })
    const next = Number((await chain.publicClient.getBlock()).timestamp) + 1
    await chain.networkHelpers.time.setNextBlockTimestamp(next)
    await chain.contract.write.invalidateBefore([next + 1], { account })
    const errors = failures(await examine(chain)).map(({ check }) => check)
    expect(errors).to.deep.equal(['pauses', 'invalidation'])
  })
})
