import { expect } from 'chai'
import { type Address, erc20Abi, maxUint256, parseAbi } from 'viem'
import { sendAs } from '../../../scripts/devnet/chain.ts'
import { mintToken, wrapEther } from '../../../scripts/devnet/tokens.ts'
import { erc20 } from '../../../src/adapters/erc20.ts'
import { toAssetKey } from '../../../src/core/asset.ts'
import { contextOf } from '../support/context.ts'
import type { AnySubject, ConformanceSubject } from '../support/subject.ts'

type Configuration = ReturnType<typeof erc20.configuration.parse>

const wethAbi = parseAbi(['function withdraw(uint256 amount)'])
const million = 10n ** 6n
const token = (index: number): Address => `0x${'0'.repeat(39)}${index}`
const elsewhere: Address = '0x000000000000000000000000000000000000bEEF'

const subject: ConformanceSubject<Configuration, Parameters<typeof erc20.toPositions>[0]> = {
  adapter: erc20,
  venue: 'wallet',
  control: 'free',
  fund: async () => undefined,
  open: async ({ address }, { chain, deployment }) => {
    const minter = sendAs(chain, deployment.operators.deployer)
    await mintToken(minter, deployment.tokens.usdc, { to: address, amount: 1_000n * million })
    await wrapEther(sendAs(chain, address), deployment.tokens.weth, 10n ** 18n)
  },
  openDust: (user, { deployment }) => wrapEther(user, deployment.tokens.weth, 1n),
  actions: {
    'a transfer': (user, { deployment }) =>
      user.send({ name: 'USDC', address: deployment.tokens.usdc, abi: erc20Abi }, 'transfer', [elsewhere, 1n]),
    'wrapping ether': (user, { deployment }) => wrapEther(user, deployment.tokens.weth, 1n),
    'unwrapping all ether': (user, { deployment }) =>
      user.send({ name: 'WETH9', address: deployment.tokens.weth, abi: wethAbi }, 'withdraw', [10n ** 18n]),
    'receiving a token not held before': (user, { chain, deployment }) =>
      mintToken(sendAs(chain, deployment.operators.deployer), deployment.lyra.sUSD, { to: user.address, amount: 1n }),
  },
  requireAsVenue: async ({ positions }, { client, configuration, deployment }, account) => {
    const held = await Promise.all(
      configuration.tokens.map(async (address) => ({
        asset: toAssetKey(deployment.chainId, address),
        amount: await client.readContract({ address, abi: erc20Abi, functionName: 'balanceOf', args: [account] }),
      })),
    )
    expect(
      positions.map((position) => position.kind === 'balance' && { asset: position.asset, amount: position.amount }),
    ).to.deep.equal(held.filter(({ amount }) => amount > 0n))
  },
  largest: {
    raw: [{ token: token(1), decimals: 6, balance: maxUint256 }],
    context: contextOf({ tokens: [token(1)] }, { [token(1)]: 6 }),
    amounts: [maxUint256],
  },
  decimals: (decimals) => ({
    raw: [{ token: token(1), decimals, balance: 1n }],
    context: contextOf({ tokens: [token(1)] }, { [token(1)]: decimals }),
    amounts: [1n],
  }),
}

export const subjects: readonly AnySubject[] = [subject]
