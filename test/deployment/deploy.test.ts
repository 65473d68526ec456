import { readFile, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { network } from 'hardhat'
import { isAddressEqual } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { addressesFile, addressesSource, publishAddresses } from '../../scripts/deployment/addressTable.ts'
import { deployLive, dryRun } from '../../scripts/deployment/execute.ts'
import { loadRegistryParameters } from '../../scripts/deployment/parameters.ts'
import { DeploymentError, planRegistry } from '../../scripts/deployment/plan.ts'
import { ChainMismatchError } from '../../src/chain/errors.ts'
import { toJson } from '../../src/core/canonical.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { parametersHash } from '../../src/core/parameters.ts'
import { testParameters } from '../support/books.ts'
import { temporaryDirectory } from '../support/commandLine.ts'
import { rejection } from '../support/rejection.ts'

const chainId = 31_337
const role = (digit: string) => `0x${digit.repeat(40)}` as const
/** The first account of the well-known development mnemonic. */
const payer = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')
const valid = {
  schema: 'plimsoll-registry/1',
  chainId,
  variant: 'ethereum',
  signers: [role('4'), role('3'), role('5')],
  threshold: 2,
  governor: role('6'),
  governorDelay: 172_800,
  guardians: [role('7'), role('8')],
  admin: role('9'),
  models: [{ parameters: 'parameters.json', improvementBase: '5000000' }],
}

describe('deploying a registry', function () {
  this.timeout(120_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  before(async () => {
    directory = await temporaryDirectory()
    const parameters = testParameters((plain) => Object.assign(plain, { chainId }))
    await writeFile(directory.file('parameters.json'), JSON.stringify(toJson(parameters)))
  })
  after(() => directory.remove())

  const load = async (changes: object = {}) => {
    const file = directory.file('registry.json')
    await writeFile(file, JSON.stringify({ ...valid, ...changes }))
    return loadRegistryParameters(file)
  }

  it('takes id and hash of a model from its parameter set', async () => {
    const { models, parameters } = await load()
    const [first] = parameters
    expect(models).to.deep.equal([
      {
        id: first.modelId,
        paramsHash: parametersHash(first),
        from: 0,
        until: 0xffffffff,
        improvementBase: 5_000_000n,
        improvementRate: 1_000_000_000n,
        improvementCap: 3600,
      },
    ])
  })

  it('refuses terms that cannot be, and says where', async () => {
    for (const [changes, message] of [
      [{ threshold: 4 }, /threshold: expected at most as many/],
      [{ threshold: 0 }, /threshold/],
      [{ signers: [role('3'), role('3')] }, /signers: expected each signer once/],
      [{ signers: [role('0')] }, /not zero/],
      [{ guardians: [role('6')] }, /guardians: expected guardians who are not the governor/],
      [{ guardians: [] }, /guardians/],
      [{ admin: role('0') }, /not zero/],
      [{ models: [{ ...valid.models[0], improvementRate: `${2n ** 64n}` }] }, /below 2\^64/],
      [{ governorDelay: -1 }, /governorDelay/],
      [{ models: [] }, /models/],
      [{ surprise: 1 }, /surprise/],
      [{ variant: 'arbitrum' }, /needs the registry variant ethereum/],
      [{ chainId: 42_161 }, /needs the registry variant arbitrum/],
      [{ chainId: 10 }, /is for chain 31337/],
      [{ models: [valid.models[0], valid.models[0]] }, /one id/],
      [{ models: [{ parameters: 'parameters.json', from: 5, until: 5 }] }, /before it begins/],
      [{ models: [{ parameters: 'absent.json' }] }, /absent\.json/],
    ] as const) {
      expect((await rejection(load(changes), InvalidInputError)).message, JSON.stringify(changes)).to.match(message)
    }
  })

  it('sends nothing in a dry run, says where the contracts would lie, and then puts them there', async () => {
    const { viem } = await network.create()
    const client = await viem.getPublicClient()
    const terms = await load()
    const steps = planRegistry(terms, payer.address)
    const planned = await dryRun(client, steps, { sender: payer.address, chainId })
    expect(await client.getTransactionCount({ address: payer.address })).to.equal(0)
    expect(planned.gas.MarginRegistry > 1_000_000n).to.equal(true)

    const options = { payer, chainId, directory: directory.file('journal'), confirmations: 1 }
    const deployed = await deployLive(client, steps, options)
    expect(deployed).to.deep.equal({ accessManager: planned.accessManager, registry: planned.registry })
    expect(await client.getTransactionCount({ address: payer.address })).to.equal(steps.length)

    const registry = await viem.getContractAt('MarginRegistry', deployed.registry)
    const [setId, threshold, signers] = await registry.read.signerSet()
    expect([setId, threshold, signers]).to.deep.equal([1n, 2n, [role('3'), role('4'), role('5')]])
    const [model, retired] = await registry.read.modelOf([terms.parameters[0].modelId])
    expect({ hash: model.paramsHash, base: model.improvementBase, retired }).to.deep.equal({
      hash: parametersHash(terms.parameters[0]),
      base: 5_000_000n,
      retired: false,
    })
    expect(isAddressEqual(await registry.read.authority(), deployed.accessManager)).to.equal(true)
    const manager = await viem.getContractAt('AccessManager', deployed.accessManager)
    const held = (id: bigint, account: `0x${string}`) => manager.read.hasRole([id, account])
    expect(await held(1n, role('6'))).to.deep.equal([true, 172_800])
    for (const guardian of valid.guardians) expect(await held(2n, guardian)).to.deep.equal([true, 0])
    expect(await held(0n, role('9'))).to.deep.equal([true, 172_800])
    for (const id of [0n, 1n, 2n]) expect((await held(id, payer.address))[0]).to.equal(false)

    // The journal remembers: a second run sends nothing and finds the same contracts.
    expect(await deployLive(client, steps, options)).to.deep.equal(deployed)
    expect(await client.getTransactionCount({ address: payer.address })).to.equal(steps.length)
  })

  it('refuses another chain, and names the error of a constructor that would revert', async () => {
    const { viem } = await network.create()
    const client = await viem.getPublicClient()
    const terms = await load()
    const sender = payer.address
    await rejection(dryRun(client, planRegistry(terms, sender), { sender, chainId: 1 }), ChainMismatchError)
    const steps = planRegistry({ ...terms, threshold: 9 }, sender)
    const error = await rejection(dryRun(client, steps, { sender, chainId }), DeploymentError)
    expect(error.message).to.include('ThresholdOutOfRange')
  })

  it('enters addresses into the table that the package serves, in the order of the chains', async () => {
    const source = await readFile(addressesFile, 'utf8')
    const at = (digit: string) => ({ registry: role(digit), accessManager: role('1') })
    const text = addressesSource(source, { 10: at('2'), 1: at('3') })
    expect(text).to.match(
      /addresses = \{\n {2}1: \{\n {4}registry: '0x3+',\n {4}accessManager: '0x1+',\n {2}\},\n {2}10: /,
    )
    const file = directory.file('addresses.ts')
    await writeFile(file, source)
    await publishAddresses(5, at('4'), file)
    expect(await readFile(file, 'utf8')).to.equal(addressesSource(source, { 5: at('4') }))
    expect(addressesSource(text, {})).to.equal(addressesSource(source, {}))
  })
})
