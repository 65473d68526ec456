import { Command } from 'commander'
import type { Address } from 'viem'
import { watchBlockNumber } from 'viem/actions'
import { toJson } from '../../src/core/canonical.ts'
import { type KeeperEvent, keepAccount } from '../../src/keeper/keepAccount.ts'
import { defaultPostPolicy } from '../../src/keeper/policy.ts'
import { type ChainOptions, openChain, toAccount, toInteger, withChainOptions } from './context.ts'
import { printError } from './output.ts'
import {
  loadPayer,
  loadSigners,
  type PayerOptions,
  type SignerOptions,
  withPayerOptions,
  withSignerOptions,
} from './signers.ts'

type Options = ChainOptions &
  SignerOptions &
  PayerOptions & {
    readonly live?: boolean
    readonly heartbeat: string
    readonly validity: string
    readonly rounds?: string
  }

const runCommand = withPayerOptions(withSignerOptions(withChainOptions(new Command('run'))))
  .description('recompute accounts on every block and post when the policy says so; sends nothing without --live')
  .argument('<accounts...>', 'addresses, or names in the deployment')
  .option('--live', 'send transactions')
  .option('--heartbeat <seconds>', 'longest age of a posted record', `${defaultPostPolicy.heartbeat}`)
  .option('--validity <code>', 'longest validity, 15 s times 2 to this power', '6')
  .option('--rounds <number>', 'stop after this many blocks')
  .action(async (names: string[], options: Options) => {
    const { deployment, client } = await openChain(options)
    const accounts = names.map((name) => toAccount(name, deployment))
    const signers = await loadSigners(options, deployment)
    const payer = options.live ? await loadPayer(options, deployment) : undefined
    const policy = { ...defaultPostPolicy, heartbeat: toInteger(options.heartbeat, '--heartbeat') }
    const validityCode = toInteger(options.validity, '--validity')
    const last = options.rounds === undefined ? Number.POSITIVE_INFINITY : toInteger(options.rounds, '--rounds')
    const log = (account: Address, blockNumber: bigint, event: KeeperEvent) =>
      console.log(JSON.stringify(toJson({ account, blockNumber, live: payer !== undefined, ...event })))

    let rounds = 0
    for await (const blockNumber of blocks(client)) {
      for (const account of accounts) {
        try {
          log(
            account,
            blockNumber,
            await keepAccount(client, deployment, { account, blockNumber, signers, payer, policy, validityCode }),
          )
        } catch (error) {
          // One account's refusal or a node's hiccup must not silence the others; the reason goes to the log and the next block tries again.
          process.exitCode = 1
          printError(true, error)
        }
      }
      rounds += 1
      if (rounds >= last) break
    }
  })

export const keeperCommand = new Command('keeper')
  .description('keep the records of accounts fresh')
  .addCommand(runCommand)

/** Block numbers as they come; blocks that pass during a round are skipped. */
async function* blocks(client: Parameters<typeof watchBlockNumber>[0]): AsyncGenerator<bigint> {
  let newest: bigint | undefined
  let failure: Error | undefined
  let wake = () => {}
  const stop = watchBlockNumber(client, {
    emitOnBegin: true,
    pollingInterval: 500,
    onBlockNumber: (blockNumber) => {
      newest = blockNumber
      wake()
    },
    onError: (error) => {
      failure = error
      wake()
    },
  })
  const end = () => {
    ended = true
    wake()
  }
  let ended = false
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  try {
    while (!ended) {
      if (newest === undefined && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (failure) printError(true, failure)
      failure = undefined
      const blockNumber = newest
      newest = undefined
      if (blockNumber !== undefined && !ended) yield blockNumber
    }
  } finally {
    stop()
  }
}
