import { expect } from 'chai'
import { type Address, maxUint256, parseAbi } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import { deployPlimsoll } from '../../../scripts/devnet/plimsoll.ts'
import { setPrices } from '../../../scripts/devnet/prices.ts'
import { approveAll, mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { creditLine } from '../../../src/adapters/creditLine.ts'
import { wad } from '../../../src/core/units.ts'
import { contextOf } from '../support/context.ts'
import type { AnySubject, ConformanceSubject, World } from '../support/subject.ts'

type Configuration = ReturnType<typeof creditLine.configuration.parse>

const lineAbi = parseAbi([
  'function deposit(uint256 amount)',
  'function withdraw(uint256 amount, bytes update)',
  'function borrow(uint256 amount, bytes update)',
  'function repay(address borrower, uint256 amount)',
  'function debtOf(address account) view returns (uint256)',
])
const million = 10n ** 6n
const contract: Address = '0x0000000000000000000000000000000000000001'

const line = ({ configuration }: World<Configuration>) => ({
  name: 'CreditLine',
  address: configuration.address,
  abi: lineAbi,
})

const subject: ConformanceSubject<Configuration, bigint> = {
  adapter: creditLine,
  venue: 'credit-line',
  control: 'consumer',
  deploy: async ({ chain, deployment }) => ({ address: (await deployPlimsoll(chain, deployment)).creditLine }),
  fund: async (user, { chain, deployment, configuration }) => {
    const { weth, usdc } = deployment.tokens
    await mintToken(sendAs(chain, deployment.operators.deployer), usdc, { to: user.address, amount: 1_000n * million })
    await wrapEther(user, weth, 2n * wad)
    await approveAll(user, [weth, usdc], [configuration.address])
  },
  open: async (user, world) => {
    await user.send(line(world), 'deposit', [wad])
    await user.send(line(world), 'borrow', [500n * million, '0x'])
  },
  openDust: async (user, world) => {
    await user.send(line(world), 'deposit', [wad])
    await user.send(line(world), 'borrow', [1n, '0x'])
  },
  actions: {
    'a deposit': (user, world) => user.send(line(world), 'deposit', [1n]),
    'a withdrawal': (user, world) => user.send(line(world), 'withdraw', [1n, '0x']),
    borrowing: (user, world) => user.send(line(world), 'borrow', [1n, '0x']),
    'a repayment': (user, world) => user.send(line(world), 'repay', [user.address, 1n]),
    'repaying all': (user, world) => user.send(line(world), 'repay', [user.address, maxUint256]),
  },
  movePrices: ({ chain, deployment }) => setPrices(chain, deployment, { ETH: 2_080n * wad, USDC: (wad * 102n) / 100n }),
  requireAsVenue: async ({ positions }, world, account) => {
    const owed = await world.client.readContract({ ...line(world), functionName: 'debtOf', args: [account] })
    const amounts = positions.map((position) => position.kind === 'consumerDebt' && position.amount)
    expect(amounts).to.deep.equal(owed === 0n ? [] : [owed * 10n ** 12n])
  },
  largest: {
    raw: maxUint256,
    context: contextOf({ address: contract }, {}),
    amounts: [maxUint256 * 10n ** 12n],
  },
  decimals: 'a credit line answers in 1e-6 USD, whatever its token.',
}

export const subjects: readonly AnySubject[] = [subject]
