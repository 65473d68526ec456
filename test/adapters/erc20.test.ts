import { expect } from 'chai'
import { type Address, parseAbi, zeroAddress } from 'viem'
import { loadArtifact } from '../../scripts/devnet/artifacts.ts'
import { sendAs } from '../../scripts/devnet/chain.ts'
import { wrapEther } from '../../scripts/devnet/tokens.ts'
import { erc20 } from '../../src/adapters/erc20.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError, InvalidInputError } from '../../src/core/errors.ts'
import { parseWith } from '../../src/core/schema.ts'
import { devnetFixture } from '../support/devnet.ts'
import { thrown } from '../support/rejection.ts'
import { contextOf, holder } from './support/context.ts'
import { readDevnetVenue } from './support/devnetVenue.ts'

const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`

describe('erc20', () => {
  it('reads what an account holds itself, free to move', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { empty } = deployment.accounts
    await wrapEther(sendAs(chain, empty), deployment.tokens.weth, 123n)
    const { positions, requirements } = await readDevnetVenue(fixture, 'wallet', { account: empty })
    const asset = toAssetKey(deployment.chainId, deployment.tokens.weth)
    expect(positions).to.have.lengthOf(1)
    expect(positions[0]).to.include({ kind: 'balance', control: 'free', asset, amount: 123n })
    expect(requirements).to.deep.equal([])
  }).timeout(120_000)

  it('reads the native coin through a contract of the chain, as a balance of the zero address, and in its witness', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { operators } = deployment
    const { empty, naked } = deployment.accounts
    const lens =
      '@uniswap/v3-periphery/artifacts/contracts/lens/UniswapInterfaceMulticall.sol/UniswapInterfaceMulticall.json'
    const reader = await sendAs(chain, operators.deployer).deploy(await loadArtifact(lens))
    const configuration = { tokens: [], nativeReader: reader.address }
    const read = () => readDevnetVenue(fixture, 'wallet', { account: empty, configuration })
    const before = await read()
    const asset = toAssetKey(deployment.chainId, zeroAddress)
    const amount = await client.getBalance({ address: empty })
    expect(before.positions).to.have.lengthOf(1)
    expect(before.positions[0]).to.include({ kind: 'balance', control: 'free', asset, amount })
    expect(before.positions[0]?.claim.contract).to.equal(zeroAddress)

    await client.mine({ blocks: 100 })
    expect((await read()).witness).to.deep.equal(before.witness)
    await sendAs(chain, naked).send({ name: 'Nobody', address: empty, abi: parseAbi(['function x()']) }, 'x', [], 1n)
    const after = await read()
    expect(after.witness).not.to.deep.equal(before.witness)
    expect(after.positions[0]).to.include({ amount: amount + 1n })
    expect(() => parseWith(erc20.configuration, { tokens: [] }, 'wallet')).to.throw(
      InvalidInputError,
      'nothing to read',
    )
  }).timeout(120_000)

  it('lists a token that is not in the parameter set, drops an empty balance and refuses other decimals', async () => {
    const context = contextOf({ tokens: [token(1), token(2), token(3)] }, { [token(1)]: 6, [token(2)]: 6 })
    const raw = [
      { token: token(1), decimals: 6, balance: 0n },
      { token: token(2), decimals: 6, balance: 5n },
      { token: token(3), decimals: 9, balance: 7n },
    ]
    const { positions } = erc20.toPositions(raw, context)
    expect(positions.map(({ claim, venueAccount }) => [claim.contract, venueAccount.instance])).to.deep.equal([
      [token(2), holder],
      [token(3), holder],
    ])
    const wrong = [{ token: token(1), decimals: 18, balance: 0n }]
    const error = await thrown(() => erc20.toPositions(wrong, context), InconsistentReadError)
    expect(error.message).to.contain('18 decimals')
  })
})
