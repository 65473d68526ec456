import { expect } from 'chai'
import { network } from 'hardhat'
import { custom } from 'viem'
import { connectDevnet } from '../../scripts/devnet/chain.ts'
import { parseDeployment } from '../../scripts/devnet/deployment.ts'
import { deployDevnet } from '../../scripts/devnet/deployProtocols.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { devnetFixture, devnetGenesis, devnetNetwork } from '../support/devnet.ts'

describe('devnet: deployment', function () {
  this.timeout(60_000)

  it('is plain JSON that reads back as itself', async () => {
    const { deployment } = await devnetFixture()
    expect(parseDeployment(JSON.stringify(deployment))).to.deep.equal(deployment)
  })

  it('refuses JSON that is not a deployment, naming the place', () => {
    expect(() => parseDeployment('{"chainId":0}')).to.throw(InvalidInputError, /chainId/)
  })

  it('has code at every address but those of the people', async () => {
    const { client, deployment } = await devnetFixture()
    const { tokens, feeds, pyth, aave, spark, uniswapV3, uniswapV4, perpV2, lyra, compoundV2, venus } = deployment
    const { morphoBlue, synthetixPerps } = deployment
    const { boardId, strikeIds, ...lyraContracts } = lyra
    expect([boardId, ...strikeIds]).to.deep.equal(['1', '1', '2', '3'])
    for (const [name, address] of Object.entries({
      ...tokens,
      ...feeds,
      pyth: pyth.contract,
      ...aave,
      ...prefixed('spark', spark),
      ...prefixed('uniswapV3', uniswapV3),
      ...prefixed('perpV2', perpV2),
      ...lyraContracts,
      ...prefixed('compoundV2', compoundV2),
      ...prefixed('venus', venus),
      morpho: morphoBlue.morpho,
      ...prefixed(
        'morpho oracle',
        Object.fromEntries(Object.entries(morphoBlue.markets).map(([name, { oracle }]) => [name, oracle])),
      ),
      ...prefixed('synthetixPerps', synthetixPerps),
      ...prefixed('uniswapV4', uniswapV4),
    })) {
      expect(await client.getCode({ address }), name).to.not.equal(undefined)
    }
  })

  it('is the same, to the state root, on another chain with the same genesis', async () => {
    const { client, deployment } = await devnetFixture()
    const { provider, close } = await network.create({ override: devnetNetwork })
    const steps: string[] = []
    const chain = connectDevnet({ transport: custom(provider), pace: 'stepped' })
    expect(await deployDevnet(chain, (text) => steps.push(text))).to.deep.equal(deployment)
    const [one, other] = [await client.getBlock(), await chain.client.getBlock()]
    await close()
    expect([other.number, other.timestamp, other.stateRoot]).to.deep.equal([one.number, one.timestamp, one.stateRoot])
    expect(steps).to.include.members([
      'Aave v3',
      'Perpetual Protocol v2',
      'Lyra Avalon',
      'Compound v2',
      'Venus',
      'Account: hedged',
    ])
  })

  it('comes back in its deployed state at every call of the fixture', async () => {
    const first = await devnetFixture()
    const before = await first.client.getBlock()
    await first.client.mine({ blocks: 3 })
    const second = await devnetFixture()
    expect((await second.client.getBlock()).hash).to.equal(before.hash)
  })

  it('takes two hours and some minutes of chain time', async () => {
    const { client } = await devnetFixture()
    const { timestamp } = await client.getBlock()
    const elapsed = timestamp - BigInt(devnetGenesis.getTime() / 1_000)
    expect(elapsed > 7_200n && elapsed < 8_400n).to.equal(true)
  })
})

function prefixed<Value>(prefix: string, record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [`${prefix}.${key}`, value]))
}
