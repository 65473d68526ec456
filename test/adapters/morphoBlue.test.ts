import { expect } from 'chai'
import { type Address, type Hex, pad, parseAbi, zeroAddress } from 'viem'
import { loadProjectArtifact } from '../../scripts/devnet/artifacts.ts'
import { advanceTime, DevnetTransactionError, sendAs } from '../../scripts/devnet/chain.ts'
import { type MorphoBlueMarket as DeployedMarket, toParameters } from '../../scripts/devnet/morphoBlue.ts'
import { setPrices } from '../../scripts/devnet/prices.ts'
import { approveAll, mintToken, readBalance, wrapEther } from '../../scripts/devnet/tokens.ts'
import { morphoBlue } from '../../src/adapters/morphoBlue.ts'
import { accrueInterest } from '../../src/adapters/morphoBlueInterest.ts'
import type { MorphoBlueMarket } from '../../src/adapters/morphoBlueRead.ts'
import { toAssetKey } from '../../src/core/asset.ts'
import { InconsistentReadError, InvalidInputError } from '../../src/core/errors.ts'
import { venueState } from '../../src/risk/venues/venueState.ts'
import { type DevnetFixture, devnetFixture } from '../support/devnet.ts'
import { morphoAbi, viewMorphoMarket } from '../support/morphoView.ts'
import { rejection, thrown } from '../support/rejection.ts'
import { firstPrice, shiftFromOpening } from '../support/venueShift.ts'
import { contextOf, holder } from './support/context.ts'
import { parametersOf, readDevnetVenue } from './support/devnetVenue.ts'

const wad = 10n ** 18n
const oracleAbi = parseAbi(['function price() view returns (uint256)'])

const venue = 'morpho-blue'

/** Amounts by claim. */
async function amountsOf(
  fixture: DevnetFixture,
  account: Address,
  options: { ids?: readonly string[] } = {},
): Promise<Record<string, bigint>> {
  const { positions } = await readDevnetVenue(fixture, venue, { account, ...options })
  return Object.fromEntries(
    positions.map((position) => {
      if (!('amount' in position)) throw new Error(position.kind)
      return [position.claim.id, position.amount]
    }),
  )
}

describe('morphoBlue on the devnet', function () {
  this.timeout(240_000)

  it('gives to the wei what Morpho pays and collects for the shares, at once and after years of interest and fees', async () => {
    const fixture = await devnetFixture()
    const { chain, deployment } = fixture
    const { accounts, operators, tokens } = deployment
    const { morpho, markets } = deployment.morphoBlue
    const { wethUsdc, usdcWeth } = markets
    const { isolated } = accounts
    const { maker, deployer } = operators
    for (const [account, token] of [
      [isolated, tokens.usdc],
      [maker, tokens.weth],
    ] as const) {
      await mintToken(sendAs(chain, deployer), tokens.usdc, { to: account, amount: 10n ** 12n })
      await wrapEther(sendAs(chain, account), tokens.weth, 50n * wad)
      await approveAll(sendAs(chain, account), [token], [morpho])
    }
    const debts: bigint[] = []
    for (const seconds of [1, 17, 86_400, 31_536_000, 63_072_000]) {
      await advanceTime(chain, seconds)
      for (const [account, market, legs] of [
        [isolated, wethUsdc, ['collateral', 'debt']],
        [isolated, usdcWeth, ['supply']],
        [maker, usdcWeth, ['collateral', 'debt']],
        // Who gets the fees as shares, those of this very block included.
        [deployer, wethUsdc, ['supply']],
        [deployer, usdcWeth, ['supply']],
      ] as const) {
        const held = await amountsOf(fixture, account, { ids: [wethUsdc.id, usdcWeth.id] })
        const view = await viewMorphoMarket(fixture, market, account)
        const theirs = { collateral: async () => view.collateral, debt: view.debt, supply: view.supply }
        for (const leg of legs) {
          const amount = held[`${market.id}:${leg}`] ?? 0n
          expect(amount, `${leg} of ${account} after ${seconds} s`).to.equal(await theirs[leg]())
          expect(amount > 0n, leg).to.equal(true)
        }
      }
      debts.push((await amountsOf(fixture, isolated))[`${wethUsdc.id}:debt`] ?? 0n)
    }
    // 12 % of use is 12 % a year, in the first year 12,000 · e^0.12 = 13,530 and a little more, as use grows with it.
    const [, , , year = 0n] = debts
    expect(year > 13_500n * 10n ** 6n && year < 13_600n * 10n ** 6n, `${year}`).to.equal(true)
    expect([...debts].sort((a, b) => (a < b ? -1 : 1))).to.deep.equal(debts)
  })

  it('accrues the totals of a market as Morpho does, whatever the time since it was touched', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { morpho, markets } = deployment.morphoBlue
    const irmAbi = parseAbi([
      'struct MarketParams { address loanToken; address collateralToken; address oracle; address irm; uint256 lltv; }',
      'struct Market { uint128 totalSupplyAssets; uint128 totalSupplyShares; uint128 totalBorrowAssets; uint128 totalBorrowShares; uint128 lastUpdate; uint128 fee; }',
      'function borrowRateView(MarketParams marketParams, Market market) view returns (uint256)',
    ])
    for (const seconds of [1, 3_600, 31_536_000, 315_360_000]) {
      await advanceTime(chain, seconds)
      const { timestamp } = await client.getBlock()
      for (const market of Object.values(markets)) {
        const [supplyAssets, supplyShares, borrowAssets, borrowShares, lastUpdate, fee] = await client.readContract({
          address: morpho,
          abi: morphoAbi,
          functionName: 'market',
          args: [market.id],
        })
        const rate = await client.readContract({
          address: market.irm,
          abi: irmAbi,
          functionName: 'borrowRateView',
          args: [
            toParameters(market),
            {
              totalSupplyAssets: supplyAssets,
              totalSupplyShares: supplyShares,
              totalBorrowAssets: borrowAssets,
              totalBorrowShares: borrowShares,
              lastUpdate,
              fee,
            },
          ],
        })
        const stored = { supplyAssets, supplyShares, borrowAssets, borrowShares, lastUpdate, fee }
        const { totals } = accrueInterest(stored, { rate, timestamp: Number(timestamp) })
        const view = await viewMorphoMarket(fixture, market, zeroAddress)
        expect(Object.values(totals)).to.deep.equal(view.totals)
        expect(totals.supplyShares > supplyShares && rate > 0n).to.equal(true)
      }
    }
  })

  it('makes one venue account of a loan and another of what is lent, with a claim for each leg', async () => {
    const fixture = await devnetFixture()
    const { deployment } = fixture
    const { isolated } = deployment.accounts
    const { morpho, markets } = deployment.morphoBlue
    const { wethUsdc, usdcWeth } = markets
    const { positions, requirements, rules } = await readDevnetVenue(fixture, venue, { account: isolated })
    expect(
      positions.map(({ kind, claim, venueAccount, control }) => [kind, claim.id, venueAccount.subAccount, control]),
    ).to.deep.equal([
      ['balance', `${wethUsdc.id}:collateral`, wethUsdc.id, 'venue'],
      ['debt', `${wethUsdc.id}:debt`, wethUsdc.id, 'venue'],
      ['balance', `${usdcWeth.id}:supply`, `${usdcWeth.id}:supply`, 'venue'],
    ])
    expect(new Set(positions.map(({ claim }) => claim.contract))).to.deep.equal(new Set([morpho]))
    expect(requirements).to.deep.equal([])
    const [, debt] = positions
    expect(rules).to.deep.equal([
      {
        kind: 'isolatedLoan',
        venueAccount: positions[0]?.venueAccount,
        collateral: { asset: toAssetKey(deployment.chainId, deployment.tokens.weth), amount: 10n * wad },
        debt: {
          asset: toAssetKey(deployment.chainId, deployment.tokens.usdc),
          amount: debt?.kind === 'debt' ? debt.amount : 0n,
          decimals: 6,
        },
        // 2,000 USDC per WETH: 2,000 · 1e6 / 1e18 · 1e36.
        quote: 2_000n * 10n ** 24n,
        liquidationLtv: (86n * wad) / 100n,
      },
    ])
  })

  it('follows the feeds with its oracles', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { wethUsdc, usdcWeth } = deployment.morphoBlue.markets
    await setPrices(chain, deployment, { ETH: 1_600n * wad, USDC: (8n * wad) / 10n })
    const price = ({ oracle }: DeployedMarket) =>
      client.readContract({ address: oracle, abi: oracleAbi, functionName: 'price' })
    expect(await price(wethUsdc)).to.equal(2_000n * 10n ** 24n)
    expect(await price(usdcWeth)).to.equal(10n ** 48n / 2_000n)
    await setPrices(chain, deployment, { ETH: 1_500n * wad, USDC: wad })
    expect(await price(wethUsdc)).to.equal(1_500n * 10n ** 24n)
  })

  it('finds by logs what the configuration does not list, from the first block that it names', async () => {
    const fixture = await devnetFixture()
    const { client, deployment } = fixture
    const { isolated, empty } = deployment.accounts
    const { morpho, markets } = deployment.morphoBlue
    const found = async (configuration: object, ids?: readonly string[]) => {
      const options = { account: isolated, configuration: { morpho, ...configuration }, ...(ids && { ids }) }
      const { positions } = await readDevnetVenue(fixture, venue, options)
      return positions.map(({ claim }) => claim.id)
    }
    const { wethUsdc, usdcWeth } = markets
    const [loan, lent] = [[`${wethUsdc.id}:collateral`, `${wethUsdc.id}:debt`], [`${usdcWeth.id}:supply`]]
    expect([...(await found({}))].sort()).to.deep.equal([...loan, ...lent].sort())
    const late = `${await client.getBlockNumber()}`
    expect(await found({ fromBlock: late })).to.deep.equal([])
    expect(await found({ fromBlock: late, markets: [wethUsdc.id] })).to.deep.equal(loan)
    expect(await found({}, [usdcWeth.id])).to.deep.equal(lent)
    expect((await readDevnetVenue(fixture, venue, { account: empty })).positions).to.deep.equal([])
  })

  it('refuses ids that are none of a market, and a market that is not there', async () => {
    const fixture = await devnetFixture()
    const { isolated: account } = fixture.deployment.accounts
    const text = await rejection(readDevnetVenue(fixture, venue, { account, ids: ['12'] }), InvalidInputError)
    expect(text.message).to.contain('morpho-blue').and.contain('"12"')
    const ids = [`0x${'12'.repeat(32)}`]
    const absent = await rejection(readDevnetVenue(fixture, venue, { account, ids }), InconsistentReadError)
    expect(absent.message).to.contain(ids[0] ?? '')
  })

  it('is not stopped by what strangers put for the account into a market of contracts that answer nothing', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { accounts, operators, tokens } = deployment
    const { morpho, markets } = deployment.morphoBlue
    const stranger = sendAs(chain, operators.maker)
    const token = await stranger.deploy(await loadProjectArtifact('contracts/test/TestToken.sol/TestToken.json'), [
      'SCAM',
      18,
    ])
    await mintToken(stranger, token.address, { to: stranger.address, amount: wad })
    await approveAll(stranger, [token.address], [morpho])
    const { id: _, ...template } = markets.wethUsdc
    const scam = { ...template, collateralToken: token.address, oracle: zeroAddress }
    const contract = { name: 'Morpho', address: morpho, abi: morphoAbi }
    await stranger.send(contract, 'createMarket', [{ ...scam, lltv: BigInt(scam.lltv) }])
    await stranger.send(contract, 'supplyCollateral', [
      { ...scam, lltv: BigInt(scam.lltv) },
      5n,
      accounts.isolated,
      '0x',
    ])
    // From now on nothing answers for its decimals.
    await client.setCode({ address: token.address, bytecode: '0x' })
    const { positions } = await readDevnetVenue(fixture, venue, { account: accounts.isolated })
    expect(positions).to.have.lengthOf(4)
    const given = positions.find(
      (position) => 'asset' in position && position.asset.endsWith(token.address.toLowerCase().slice(2)),
    )
    expect(given).to.include({ kind: 'balance', amount: 5n })
    expect(
      positions.filter(
        (position) => 'asset' in position && position.asset === toAssetKey(deployment.chainId, tokens.weth),
      ),
    ).to.have.lengthOf(2)
  })

  it('liquidates a cent below the price that the rule predicts and not at it, for the predicted penalty', async () => {
    const fixture = await devnetFixture()
    const { chain, client, deployment } = fixture
    const { accounts, operators, tokens } = deployment
    const { morpho, markets } = deployment.morphoBlue
    const market = markets.wethUsdc
    const parameters = parametersOf(fixture)
    // The liquidation comes some blocks later; interest of these seconds is worth less than a cent of the price.
    const { rules } = await readDevnetVenue(fixture, venue, { account: accounts.isolated })
    const [rule] = rules
    if (rule?.kind !== 'isolatedLoan') return expect.fail('a rule was expected')
    const cent = wad / 100n
    const at = (price: bigint) => venueState(rule, shiftFromOpening(parameters, { timestamp: 0 }, { ETH: price }))
    const safe = firstPrice(wad, 2_000n * wad, cent, (price) => !at(price).isLiquidatable)
    // 12,000 of debt over 10 WETH at 86 %: 1,395.35 USD.
    expect(safe).to.equal((139_535n * wad) / 100n)

    const liquidator = sendAs(chain, accounts.empty)
    await mintToken(sendAs(chain, operators.deployer), tokens.usdc, { to: accounts.empty, amount: 20_000n * 10n ** 6n })
    await approveAll(liquidator, [tokens.usdc], [morpho])
    const contract = { name: 'Morpho', address: morpho, abi: morphoAbi }
    const [, borrowShares] = await client.readContract({
      ...contract,
      abi: morphoAbi,
      functionName: 'position',
      args: [market.id, accounts.isolated],
    })
    const liquidate = () =>
      liquidator.send(contract, 'liquidate', [toParameters(market), accounts.isolated, 0n, borrowShares, '0x'])

    await setPrices(chain, deployment, { ETH: safe + cent })
    expect((await rejection(liquidate(), DevnetTransactionError)).message).to.contain('position is healthy')
    const price = safe - cent
    await setPrices(chain, deployment, { ETH: price })
    const before = await readBalance(liquidator, tokens.usdc)
    await liquidate()
    const repaid = before - (await readBalance(liquidator, tokens.usdc))
    const seized = await readBalance(liquidator, tokens.weth)
    const gain = (seized * price) / wad - repaid * 10n ** 12n
    const { penalty } = at(price)
    // 1 / (1 − 0.3 · 0.14) − 1 = 4.384 % of the debt; the seconds since are worth less than a cent.
    expect(penalty - gain < cent && gain - penalty < cent, `gain ${gain}, penalty ${penalty}`).to.equal(true)
    expect(gain > 526n * wad && gain < 527n * wad).to.equal(true)
  })
})

describe('morphoBlue', () => {
  const id: Hex = `0x${'0a'.repeat(32)}`
  const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
  const configuration = { morpho: token(9), markets: [id], fromBlock: 7n }
  const context = { ...contextOf(configuration, { [token(1)]: 6 }), ids: [] }
  const market: MorphoBlueMarket = {
    id,
    loanToken: token(1),
    collateralToken: token(2),
    liquidationLtv: wad / 2n,
    supplyShares: 0n,
    borrowShares: 0n,
    collateral: 0n,
    totals: {
      supplyAssets: 99n,
      supplyShares: 10n ** 8n,
      borrowAssets: 49n,
      borrowShares: 10n ** 8n,
      lastUpdate: 1n,
      fee: 0n,
    },
    decimals: new Map([[token(1), 6]]),
    price: 5n,
  }

  it('rounds what is supplied down and what is owed up', () => {
    // (99 + 1) / (1e8 + 1e6) of supplied, (49 + 1) / (1e8 + 1e6) of borrowed per share.
    const shares = { supplyShares: 3n * 101n * 10n ** 6n - 1n, borrowShares: 3n * 101n * 10n ** 6n + 1n }
    const { positions } = morphoBlue.toPositions(
      { isFeeRecipient: false, markets: [{ ...market, ...shares }] },
      context,
    )
    expect(positions.map((position) => ['amount' in position && position.amount, position.kind])).to.deep.equal([
      [299n, 'balance'],
      [151n, 'debt'],
    ])
  })

  it('has a rule for what is owed alone, also of a token that the parameter set does not know', () => {
    const idle = morphoBlue.toPositions({ isFeeRecipient: false, markets: [{ ...market, collateral: 7n }] }, context)
    expect(idle.rules).to.deep.equal([])
    const foreign = { ...market, loanToken: token(3), borrowShares: 1n, decimals: new Map([[token(3), 8]]) }
    const { positions, rules } = morphoBlue.toPositions({ isFeeRecipient: false, markets: [foreign] }, context)
    expect(positions.map(({ kind }) => kind)).to.deep.equal(['debt'])
    expect(rules).to.have.lengthOf(1)
  })

  it('refuses decimals that differ and ids that nobody looked for', async () => {
    const wrong = { ...market, collateral: 1n, decimals: new Map([[token(1), 18]]) }
    await thrown(
      () => morphoBlue.toPositions({ isFeeRecipient: false, markets: [wrong] }, context),
      InconsistentReadError,
    )
    const { ids: _, ...without } = context
    const error = await thrown(() => morphoBlue.read(without).next(), InvalidInputError)
    expect(error.message).to.contain('not looked for')
  })

  it('is told of by its own logs, and as the recipient of fees by every log of the market', () => {
    const wordsOf = (isFeeRecipient: boolean) =>
      morphoBlue.toldBy?.({ isFeeRecipient, markets: [market] }, context).flatMap(({ words }) => words)
    expect(wordsOf(false)).to.deep.equal([pad(holder)])
    expect(wordsOf(true)).to.deep.equal([pad(holder), id])
  })

  it('witnesses the markets of the configuration and those where something is held', () => {
    const other: Hex = `0x${'0b'.repeat(32)}`
    const calls = morphoBlue.witness({ isFeeRecipient: false, markets: [{ ...market, id: other }] }, context)
    expect(calls.map(({ functionName, args }) => [functionName, ...(args ?? [])])).to.deep.equal([
      ['position', id, holder],
      ['position', other, holder],
    ])
  })

  it('looks for supplies of either kind for the account, and for fees of any market, from the first block', () => {
    const filters = morphoBlue.discovery?.filters(context) ?? []
    expect(filters.map(({ address, event, args, fromBlock }) => [address, event.name, args, fromBlock])).to.deep.equal([
      [token(9), 'Supply', { onBehalf: holder }, 7n],
      [token(9), 'SupplyCollateral', { onBehalf: holder }, 7n],
      [token(9), 'SetFee', undefined, 7n],
    ])
    const toIds = morphoBlue.discovery?.toIds([{ eventName: 'Supply', args: { id } }], context)
    expect(toIds).to.deep.equal([id])
  })
})
