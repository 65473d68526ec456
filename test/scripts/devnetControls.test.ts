import { readFile, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { parseEther } from 'viem'
import { planBooks } from '../../scripts/devnet/bookPlan.ts'
import { type DevnetDeployment, parseDeployment } from '../../scripts/devnet/deployment.ts'
import {
  type CommandDevnet,
  type Ran,
  runCommand,
  startCommand,
  startDevnetCommand,
  temporaryDirectory,
} from '../support/commandLine.ts'
import { readFeed, readLyraSpot, readLyraStale, readPyth } from '../support/devnetViews.ts'

const json = ({ stdout }: Ran) => JSON.parse(stdout)

describe('plimsoll devnet: books and controls', function () {
  this.timeout(300_000)
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let devnet: CommandDevnet
  let deployment: DevnetDeployment

  before(async () => {
    directory = await temporaryDirectory()
    devnet = await startDevnetCommand(directory.file('devnet.json'), ['--accounts', '5', '--seed', '7'])
    deployment = parseDeployment(JSON.stringify(JSON.parse(await readFile(devnet.file, 'utf8')).protocols))
  })
  after(async () => {
    await devnet?.stop()
    await directory.remove()
  })

  const control = (...args: string[]) => runCommand(['devnet', ...args, '--deployment', devnet.file])
  const view = () => ({ client: devnet.chain.client, deployment })
  const readTime = async () => (await devnet.chain.client.getBlock()).timestamp

  it('names the accounts of its random books, of which the margin is calculated', async () => {
    const plans = planBooks({ accounts: 5, seed: 7 })
    expect(devnet.deployment.accounts).to.include(Object.fromEntries(plans.map(({ name, address }) => [name, address])))
    const ran = await runCommand(['margin', 'book-4', '--json', '--deployment', devnet.file])
    expect(ran.code, ran.stderr).to.equal(0)
    expect(json(ran)).to.have.property('equity')
  })

  it('moves the price of ether in feeds, Pyth and the option market, and says so', async () => {
    const ran = await control('set-price', 'ETH', '1600', '--json')
    expect(ran.code, ran.stderr).to.equal(0)
    expect(json(ran)).to.include({ asset: 'ETH', price: `${parseEther('1600')}` })
    expect(json(ran)).to.include.keys('block', 'timestamp')
    expect((await readFeed(view(), deployment.feeds.ethUsd)).answer).to.equal(1_600n * 10n ** 8n)
    expect((await readPyth(view(), deployment.pyth.ethUsd)).price).to.equal(1_600n * 10n ** 8n)
    expect(await readLyraSpot(view())).to.equal(parseEther('1600'))
    expect(await readLyraStale(view())).to.equal(false)
  })

  it('takes the name of an asset in any case, and a price with decimals', async () => {
    const ran = await control('set-price', 'susd', '0.97')
    expect(ran.stdout).to.match(/^sUSD is at 0\.97 USD; block \d+, 20\d\d-.*Z\.\n$/)
    expect((await readFeed(view(), deployment.feeds.susdUsd)).answer).to.equal(97_000_000n)
  })

  it('moves the volatility of the board, with its greeks renewed', async () => {
    const ran = await control('set-volatility', 'ETH', '0.9', '--json')
    expect(ran.code, ran.stderr).to.equal(0)
    const abi = [
      {
        type: 'function',
        name: 'getOptionBoard',
        stateMutability: 'view',
        inputs: [{ name: 'boardId', type: 'uint256' }],
        outputs: [
          {
            type: 'tuple',
            components: [
              { name: 'id', type: 'uint256' },
              { name: 'expiry', type: 'uint256' },
              { name: 'iv', type: 'uint256' },
              { name: 'frozen', type: 'bool' },
              { name: 'strikeIds', type: 'uint256[]' },
            ],
          },
        ],
      },
    ] as const
    const board = await devnet.chain.client.readContract({
      address: deployment.lyra.optionMarket,
      abi,
      functionName: 'getOptionBoard',
      args: [BigInt(deployment.lyra.boardId)],
    })
    expect(board).to.include({ iv: parseEther('0.9'), frozen: false })
    expect(await readLyraStale(view())).to.equal(false)
  })

  it('lets time pass with every feed renewed at its price', async () => {
    const before = await readTime()
    const { answer } = await readFeed(view(), deployment.feeds.ethUsd)
    const ran = await control('pass-time', '1h', '--json')
    expect(ran.code, ran.stderr).to.equal(0)
    const now = await readTime()
    expect(json(ran)).to.include({ seconds: 3_600, timestamp: `${now}` })
    expect(now - before >= 3_600n).to.equal(true)
    for (const feed of Object.values(deployment.feeds)) {
      expect((await readFeed(view(), feed)).updatedAt - before >= 3_600n).to.equal(true)
    }
    expect((await readFeed(view(), deployment.feeds.ethUsd)).answer).to.equal(answer)
    expect(await readLyraStale(view())).to.equal(false)
  })

  it('refuses unknown assets, prices and durations that are none, and moves nothing', async () => {
    const block = await devnet.chain.client.getBlockNumber()
    for (const [args, words] of [
      [['set-price', 'DOGE', '1'], /DOGE.*Assets: ETH, BTC, USDC, DAI, sUSD/s],
      [['set-volatility', 'BTC', '1'], /BTC.*Assets: ETH/s],
      [['set-price', 'ETH', '0'], /positive/],
      [['set-price', 'ETH', 'much'], /decimal number, got much|decimal number/],
      [['set-volatility', 'ETH', '0'], /above zero/],
      [['pass-time', '1y'], /whole number of s, m, h or d/],
      [['pass-time', '0s'], /No time/],
    ] as const) {
      const ran = await control(...args, '--json')
      expect(ran.code, args.join(' ')).to.equal(1)
      expect(json(ran).error).to.include({ name: 'InvalidInputError' })
      expect(json(ran).error.message).to.match(words)
    }
    expect(await devnet.chain.client.getBlockNumber()).to.equal(block)
    expect((await control('set-price', 'ETH')).code).to.equal(2)
  })

  it('refuses a deployment that is no devnet, and another chain', async () => {
    const content = JSON.parse(await readFile(devnet.file, 'utf8'))
    const { protocols, ...other } = content
    for (const [change, words] of [
      [other, /describes no devnet/],
      [{ ...other, protocols: {} }, /describes no devnet/],
      [{ ...content, chainId: 1 }, /serves chain 31337, not 1/],
    ] as const) {
      const file = directory.file('other.json')
      await writeFile(file, JSON.stringify(change))
      const ran = await runCommand(['devnet', 'pass-time', '1h', '--json', '--deployment', file])
      expect(ran.code).to.equal(1)
      expect(json(ran).error.name).to.equal('NoDevnetError')
      expect(json(ran).error.message).to.match(words)
    }
    expect(protocols).to.have.property('aave')
  })

  it('explains itself, and refuses books on a fork', async () => {
    const { stdout } = await runCommand(['devnet', '--help'])
    for (const word of ['set-price', 'set-volatility', 'pass-time', '--accounts', '--seed']) {
      expect(stdout).to.contain(word)
    }
    expect((await runCommand(['devnet', 'set-price', '--help'])).stdout).to.match(/<asset> <usd>/)
    const fork = ['devnet', '--fork', 'http://127.0.0.1:1', '--block', '1', '--accounts', '5']
    const { code, stderr } = await startCommand(fork).done
    expect([code, stderr]).to.deep.equal([2, 'Error: --accounts opens books on a devnet of our own, not on a fork.\n'])
  })
})
