import { writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { toJson } from '../../src/core/canonical.ts'
import { claimKey } from '../../src/core/position.ts'
import { formatSnapshot } from '../../src/core/snapshot.ts'
import { wad } from '../../src/core/units.ts'
import { lendingPool } from '../risk/venues/support/rules.ts'
import { assets, balance, debt, portfolioOf, testMarket, testParameters } from '../support/books.ts'
import { type Ran, runCommand, temporaryDirectory } from '../support/commandLine.ts'

describe('plimsoll ladder and whatif', function () {
  this.timeout(120_000)
  const weth = balance(assets.weth, 10n * wad, { venue: 'lending', id: 'weth' })
  const loan = debt(assets.usdc, 12_000n * 10n ** 6n, { venue: 'lending', id: 'loan' })
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let files: { readonly snapshot: string; readonly parameters: string }

  before(async () => {
    directory = await temporaryDirectory()
    files = { snapshot: directory.file('account.json'), parameters: directory.file('parameters.json') }
    const rule = lendingPool({
      venueAccount: weth.venueAccount,
      collaterals: [
        {
          asset: assets.weth,
          amount: 10n * wad,
          decimals: 18,
          quote: 2_000n * 10n ** 8n,
          liquidationThreshold: 8_250,
          bonus: 500,
        },
      ],
      debts: [{ asset: assets.usdc, amount: 12_000n * 10n ** 6n, decimals: 6, quote: 10n ** 8n }],
    })
    const portfolio = { ...portfolioOf(weth, loan), rules: [rule] }
    const snapshot = { schema: 'plimsoll-snapshot/1', portfolio, market: testMarket(), witnesses: [] } as const
    await writeFile(files.snapshot, formatSnapshot(snapshot))
    await writeFile(files.parameters, JSON.stringify(toJson(testParameters())))
  })
  after(() => directory.remove())

  /** No node and no deployment: whatever reaches for a chain fails. */
  const run = (command: string, ...args: string[]): Promise<Ran> =>
    runCommand([
      command,
      files.snapshot,
      ...args,
      ...['--parameters', files.parameters, '--rpc', 'http://127.0.0.1:1', '--deployment', directory.file('none.json')],
    ])

  it('shows one axis with spot as a line, who liquidates where, and what to move', async () => {
    const { code, stdout, stderr } = await run('ladder', '--underlying', 'ETH', '--grid', '0.2')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout).to.match(/1,454\.55 +-27\.28 % +lending liquidates when below +2,545\.50/)
    expect(stdout).to.match(/2,000\.00 +--- now/)
    expect(stdout).to.include('lending liquidates: nowhere up to 20,000.00')
    expect(stdout).to.include(
      "So that lending does not liquidate within 30.00 % of today's ETH: repay 450 USDC (450.00 USD); or add",
    )
    expect(stdout).to.include('prices looked at are 0.25 % and 20.00 % apart, crossings found to 0.01 USD')
    const json = JSON.parse((await run('ladder', '--underlying', 'ETH', '--grid', '0.2', '--json')).stdout)
    expect(json.underlyings[0].needs[0].alternatives[0][0]).to.deep.include({ action: 'repay', amount: '450000000' })
  })

  it('answers any number of what-ifs from one file without a chain', async () => {
    const changes = directory.file('changes.json')
    await writeFile(changes, JSON.stringify([{ kind: 'confidence', underlying: 'ETH', confidence: `${wad / 2n}` }]))
    const asked = [
      ['--price', 'ETH=1600'],
      ['--remove', claimKey(loan.claim)],
      ['--resize', `${claimKey(loan.claim)}=0.5`],
      ['--set', 'rules.lending.collaterals.WETH.liquidationThreshold=7800'],
      ['--changes', changes],
    ]
    const ran = await Promise.all(asked.map((args) => run('whatif', ...args, '--json', '--no-ladder')))
    expect(ran.map(({ code }) => code)).to.deep.equal([0, 0, 0, 0, 0])
    const answers = ran.map(({ stdout }) => JSON.parse(stdout))
    expect(answers.map(({ difference }) => difference.equity)).to.deep.equal([
      '-4000000000',
      '12000000000',
      '6000000000',
      '0',
      '0',
    ])
    expect(new Set(answers.map(({ before }) => before.margin.initialMargin)).size).to.equal(1)
    expect(BigInt(answers[4].difference.initialMargin) > 0n).to.equal(true)
  })

  it('prints before, after and difference, and what is liquidated first', async () => {
    const { stdout } = await run('whatif', '--set', 'rules.lending.collaterals.WETH.liquidationThreshold=7800')
    expect(stdout).to.match(/equity +8,000\.00 +8,000\.00 +0\.00/)
    expect(stdout).to.match(/first liquidation, before: lending liquidates at ETH 1,454\.55/)
    expect(stdout).to.match(/first liquidation, after: lending liquidates at ETH 1,538\.47/)
  })

  it('refuses what is not there, by name', async () => {
    const cases = [
      [['whatif', '--remove', 'nothing'], 'UnknownClaimError'],
      [['whatif', '--set', 'parameters.lines.nothing=1'], 'UnknownPathError'],
      [['whatif', '--set', 'elsewhere.x=1'], 'InvalidInputError'],
      [['whatif', '--price', 'ETH'], 'InvalidInputError'],
      [['whatif', '--price', 'DOGE=1'], 'MissingMarketDataError'],
      [['ladder', '--underlying', 'BTC'], 'InvalidInputError'],
    ] as const
    const ran = await Promise.all(cases.map(([[command, ...args]]) => run(command, ...args, '--json')))
    ran.forEach(({ code, stdout }, index) => {
      expect([code, JSON.parse(stdout).error.name]).to.deep.equal([1, cases[index]?.[1]])
    })
  })
})
