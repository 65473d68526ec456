import { expect } from 'chai'
import fc from 'fast-check'
import { parseEther } from 'viem'
import {
  linkArtifact,
  loadArtifact,
  loadProjectArtifact,
  MissingArtifactError,
  UnlinkedLibraryError,
} from '../../scripts/devnet/artifacts.ts'
import { advanceTime, DevnetTransactionError, readBlockTime, sendAs } from '../../scripts/devnet/chain.ts'
import { openOption, optionTypes } from '../../scripts/devnet/lyraTrading.ts'
import { openShortPerpetual } from '../../scripts/devnet/perpTrading.ts'
import { encodeSqrtPrice } from '../../scripts/devnet/uniswapV3.ts'
import { devnetFixture } from '../support/devnet.ts'

const pool = '@aave/core-v3/artifacts/contracts/protocol/pool/Pool.sol/Pool.json'

describe('devnet: artifacts', () => {
  it('names an artifact that is not there and what to do', async () => {
    const failure = await loadArtifact('@aave/core-v3/nothing.json').catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(MissingArtifactError).with.property('message').that.includes('npm ci')
    const uncompiled = await loadProjectArtifact('contracts/Nothing.json').catch((error: unknown) => error)
    expect(uncompiled).to.be.instanceOf(MissingArtifactError).with.property('message').that.includes('hardhat build')
  })

  it('refuses an interface', async () => {
    const path = '@aave/core-v3/artifacts/contracts/interfaces/IPool.sol/IPool.json'
    const failure = await loadArtifact(path).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(MissingArtifactError)
  })

  it('writes library addresses into the bytecode and misses none', async () => {
    const artifact = await loadArtifact(pool)
    const names = Object.values(artifact.linkReferences).flatMap((references) => Object.keys(references))
    expect(names).to.include('BorrowLogic')
    const library = '0xAbCdEf0000000000000000000000000000000001'
    const linked = linkArtifact(artifact, Object.fromEntries(names.map((name) => [name, library])))
    expect(artifact.bytecode).to.include('__$')
    expect(linked.bytecode).to.match(/^0x[0-9a-f]+$/)
    expect(linked.bytecode).to.have.length(artifact.bytecode.length)
    expect(linked.bytecode).to.include(library.slice(2).toLowerCase())
    expect(() => linkArtifact(artifact, { BorrowLogic: library })).to.throw(UnlinkedLibraryError, /needs the library/)
  })
})

describe('devnet: transactions', function () {
  this.timeout(60_000)

  it('tells which call failed, with the reason that the contract gives', async () => {
    const { chain, deployment } = await devnetFixture()
    const sender = sendAs(chain, deployment.accounts.empty)
    const failure = await openShortPerpetual(sender, deployment.perpV2, parseEther('1')).catch(
      (error: unknown) => error,
    )
    expect(failure).to.be.instanceOf(DevnetTransactionError)
    expect((failure as Error).message).to.match(/^ClearingHouse.openPosition failed: CH_NEFCI/)
    expect((failure as Error).message).to.include(deployment.accounts.empty)
  })

  it('decodes an error of a contract further down', async () => {
    const { chain, deployment } = await devnetFixture()
    const failure = await openOption(sendAs(chain, deployment.accounts.naked), deployment.lyra, {
      strikeId: 2n,
      optionType: optionTypes.shortCallQuote,
      amount: parseEther('1'),
      collateral: parseEther('1'),
    }).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(DevnetTransactionError)
    expect((failure as Error).message).to.match(
      /^OptionMarket.openPosition failed: AdjustmentResultsInMinimumCollateral/,
    )
  })

  it('tells which deployment failed', async () => {
    const { chain, deployment } = await devnetFixture()
    const feed = await loadArtifact(
      '@perp/perp-oracle-contract/artifacts/contracts/PriceFeedDispatcher.sol/PriceFeedDispatcher.json',
    )
    const { empty } = deployment.accounts
    const failure = await sendAs(chain, empty)
      .deploy(feed, [empty])
      .catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(DevnetTransactionError)
    expect((failure as Error).message).to.match(/^The deployment of PriceFeedDispatcher failed: .*PFD_CNC/)
  })

  it('advances the time of the chain by what is asked', async () => {
    const { chain } = await devnetFixture()
    const before = await readBlockTime(chain)
    await advanceTime(chain, 1_800)
    expect((await readBlockTime(chain)) - before).to.equal(1_800n)
  })
})

describe('devnet: square-root prices', () => {
  it('encodes the price of Uniswap v3 documentation', () => {
    expect(encodeSqrtPrice(1n, 1n)).to.equal(2n ** 96n)
    expect(encodeSqrtPrice(1n, 4n)).to.equal(2n ** 97n)
  })

  it('is the largest integer whose square does not exceed the ratio', () => {
    const amount = fc.bigInt({ min: 1n, max: 2n ** 60n })
    fc.assert(
      fc.property(amount, amount, (amount0, amount1) => {
        const root = encodeSqrtPrice(amount0, amount1)
        const ratio = (amount1 << 192n) / amount0
        expect(root * root <= ratio && (root + 1n) * (root + 1n) > ratio).to.equal(true)
      }),
    )
  })
})
