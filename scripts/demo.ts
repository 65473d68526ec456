import hre from 'hardhat'
import { type Address, BaseError, ContractFunctionRevertedError, custom, encodeFunctionData, parseUnits } from 'viem'
import { creditLineAbi, marginOracleAbi, marginRegistryAbi } from '../src/attest/abi.ts'
import { signerFromKey } from '../src/attest/keystore.ts'
import { postAttestation } from '../src/registry.ts'
import { breakdownReport, positionsReport } from '../src/report/marginReport.ts'
import { formatQuoteUnits } from '../src/report/money.ts'
import { scenarioGrid } from '../src/report/scenarioGrid.ts'
import { attest } from './cli/attest.ts'
import { advanceTime, connectDevnet, type DevnetChain, sendAs } from './devnet/chain.ts'
import { deployDevnet } from './devnet/deployProtocols.ts'
import { deployPlimsoll, devnetPayerKey, devnetSignerKey } from './devnet/plimsoll.ts'
import { setPrices } from './devnet/prices.ts'
import { approveAll, wrapEther } from './devnet/tokens.ts'

process.exitCode = await demo()

async function demo(): Promise<number> {
  const progress = (text: string) => console.error(`  … ${text}`)
  progress('Compiling the contracts')
  await hre.tasks.getTask('build').run({ quiet: true })
  const { provider } = await hre.network.create({
    network: 'default',
    // Venus' comptroller is larger than EIP-170 allows.
    override: { initialDate: new Date('2025-06-01T00:00:00Z'), allowUnlimitedContractSize: true },
  })
  const chain = connectDevnet({ transport: custom(provider, { retryCount: 0 }), pace: 'stepped' })
  const deployment = await deployDevnet(chain, progress)
  progress('Margin registry and credit line')
  const plimsoll = await deployPlimsoll(chain, deployment)
  const { registry, creditLine, parameters } = plimsoll
  const { hedged, naked } = deployment.accounts
  const ours = { chainId: deployment.chainId, registry, parameters }
  const sign = (account: Address) =>
    attest(chain.client, ours, { account, validityCode: 6, signers: [signerFromKey(devnetSignerKey)] })
  const post = async ({ attestation }: Awaited<ReturnType<typeof sign>>) =>
    postAttestation(chain.client, { registry, attestation, payer: signerFromKey(devnetPayerKey) })

  title('1. Read: one account, four protocols, one block')
  const first = await sign(hedged)
  const { number, hash } = first.result.block
  console.log(`account ${hedged}, block ${number} ${hash}`)
  console.log(positionsReport(first.result, parameters.assets))

  title('2. Margin: every position revalued in every scenario')
  for (const underlying of first.result.scan.underlyings) {
    if (underlying.underlying === 'ETH') console.log(scenarioGrid(underlying))
    else console.log(`${underlying.underlying}: charge ${usd(underlying.charge / 10n ** 12n)} in ${underlying.worst}`)
  }
  console.log(`\n${breakdownReport(first.result)}`)

  title('3. Attest and post')
  console.log(`${(first.wire.length - 2) / 2} bytes: ${first.wire}`)
  const firstPost = await post(first)
  console.log(`first post ${firstPost.gasUsed} gas`)
  await advanceTime(chain, 12)
  const update = await post(await sign(hedged))
  console.log(`update ${update.gasUsed} gas, the consumer's check ${await gasOfCheck(chain, registry, hedged)} gas`)

  title('4. Use: a credit line lends 60 % on its collateral, 85 % to accounts with verified free margin')
  await post(await sign(naked))
  const borrow = (name: string, account: Address, amount: number) =>
    tryBorrow(chain, { creditLine, account, name, amount })
  for (const [name, account] of [
    ['hedged', hedged],
    ['naked', naked],
  ] as const) {
    await putUpCollateral(chain, { creditLine, weth: deployment.tokens.weth, account })
    console.log(await borrow(`${name}, on 10 WETH alone,`, account, 12_000))
    console.log(await borrow(`${name}, on its record,`, account, 1_000))
  }

  title('5. ETH falls by 20 %')
  await setPrices(chain, deployment, { ETH: 1600n * 10n ** 18n })
  await advanceTime(chain, 400)
  console.log(await borrow('hedged, on its old record,', hedged, 100))
  const second = await sign(hedged)
  await post(second)
  for (const [when, { result }] of [
    ['before', first],
    ['after, the loan counted', second],
  ] as const) {
    const { equity, initialMargin, freeEquity } = result
    console.log(
      `${when}: equity ${usd(equity)}, initial margin ${formatQuoteUnits(initialMargin, 'up')}, free ${usd(freeEquity)}`,
    )
  }
  console.log(await borrow('hedged, on its fresh record,', hedged, 100))
  return 0
}

/** The oracle's errors reach a borrower through the credit line. */
function borrowAbi() {
  return [...creditLineAbi, ...marginOracleAbi] as const
}

function usd(value: bigint): string {
  return formatQuoteUnits(value)
}

function title(text: string): void {
  console.log(`\n${text}\n${'─'.repeat(text.length)}`)
}

/** Gas of `requireMargin` in a consumer's transaction, without the 21,000 and the calldata of a transaction of its own. */
async function gasOfCheck(chain: DevnetChain, registry: Address, account: Address): Promise<bigint> {
  const data = encodeFunctionData({ abi: marginRegistryAbi, functionName: 'requireMargin', args: [account, 0n, 300n] })
  const total = await chain.client.estimateGas({ account, to: registry, data })
  const bytes = data.slice(2).match(/../g) ?? []
  return total - 21_000n - bytes.reduce((gas, byte) => gas + (byte === '00' ? 4n : 16n), 0n)
}

async function putUpCollateral(
  chain: DevnetChain,
  { creditLine, weth, account }: { creditLine: Address; weth: Address; account: Address },
): Promise<void> {
  const sender = sendAs(chain, account)
  const amount = parseUnits('10', 18)
  await wrapEther(sender, weth, amount)
  await approveAll(sender, [weth], [creditLine])
  await sender.send({ name: 'CreditLine', address: creditLine, abi: creditLineAbi }, 'deposit', [amount])
}

async function tryBorrow(
  chain: DevnetChain,
  { creditLine, account, name, amount }: { creditLine: Address; account: Address; name: string; amount: number },
): Promise<string> {
  const args = [parseUnits(`${amount}`, 6), '0x'] as const
  const order = { address: creditLine, abi: borrowAbi(), functionName: 'borrow', args, account } as const
  const wish = `${name} borrows ${amount} USDC: `
  try {
    await chain.client.simulateContract(order)
  } catch (error) {
    return `${wish}refused, ${refusalOf(error)}`
  }
  await sendAs(chain, account).send({ name: 'CreditLine', address: creditLine, abi: creditLineAbi }, 'borrow', args)
  const debt = await chain.client.readContract({
    address: creditLine,
    abi: creditLineAbi,
    functionName: 'debtOf',
    args: [account],
  })
  return `${wish}granted, owes ${usd(debt)}`
}

/** The custom error of a refused call with its arguments. */
function refusalOf(error: unknown): string {
  if (!(error instanceof BaseError)) throw error
  const reverted = error.walk((link) => link instanceof ContractFunctionRevertedError)
  if (!(reverted instanceof ContractFunctionRevertedError) || !reverted.data) throw error
  return `${reverted.data.errorName}(${(reverted.data.args ?? []).join(', ')})`
}
