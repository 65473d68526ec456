import { Command } from 'commander'
import type { Client } from 'viem'
import { getBlock, watchBlockNumber } from 'viem/actions'
import { toRpcError } from '../../src/chain/toRpcError.ts'
import { toJson } from '../../src/core/canonical.ts'
import { memoryLogIndex } from '../../src/core/logIndex.ts'
import { keepAccount } from '../../src/keeper/keepAccount.ts'
import { defaultPostPolicy } from '../../src/keeper/policy.ts'
import type { Sender } from '../../src/keeper/sender.ts'
import {
  type ChainOptions,
  type DiscoveryOption,
  discoveryOf,
  type MarketOption,
  openChain,
  sourcesOf,
  toAccount,
  toInteger,
  withChainOptions,
  withDiscoveryOption,
  withMarketOption,
} from './context.ts'
import { keeperCosignCommand } from './keeper/cosign.ts'
import { describeError, exitCodes, print } from './output.ts'
import { openSender, type SendingOptions, withSendingOptions } from './sending.ts'
import {
  loadPayer,
  loadSigners,
  type PayerOptions,
  type SignerOptions,
  withPayerOptions,
  withSignerOptions,
} from './signers.ts'

type Options = ChainOptions &
  MarketOption &
  DiscoveryOption &
  SignerOptions &
  PayerOptions &
  SendingOptions & {
    readonly live?: boolean
    readonly heartbeat: string
    readonly validity: string
    readonly rounds?: string
  }

const runCommand = withSendingOptions(
  withPayerOptions(withSignerOptions(withDiscoveryOption(withMarketOption(withChainOptions(new Command('run')))))),
)
  .description('recompute accounts on every block and post when the policy says so; sends nothing without --live')
  .argument('<accounts...>', 'addresses, or names in the deployment')
  .option('--live', 'send transactions')
  .option('--heartbeat <seconds>', 'longest age of a posted record', `${defaultPostPolicy.heartbeat}`)
  .option('--validity <code>', 'longest validity, 15 s times 2 to this power', '6')
  .option('--rounds <number>', 'stop after this many blocks')
  .action(async (names: string[], options: Options) => {
    const { deployment, client } = await openChain(options)
    const accounts = names.map((name) => toAccount(name, deployment))
    const signers = options.live ? await loadSigners(options, deployment) : []
    const sending = options.live
      ? await openSender(options, { chainId: deployment.chainId, client, payer: await loadPayer(options, deployment) })
      : undefined
    const policy = { ...defaultPostPolicy, heartbeat: toInteger(options.heartbeat, '--heartbeat') }
    const validityCode = toInteger(options.validity, '--validity')
    const last = options.rounds === undefined ? Number.POSITIVE_INFINITY : toInteger(options.rounds, '--rounds')
    // Without a file what was found lasts as long as the keeper.
    const discovery = { index: memoryLogIndex(), ...discoveryOf(options) }
    let rounds = 0
    try {
      for await (const blockNumber of blocks(client)) {
        if (sending) await follow(sending.sender, client, blockNumber)
        for (const account of accounts) {
          const about = { account, blockNumber, live: options.live === true }
          const round = { account, blockNumber, signers, sender: sending?.sender, policy, validityCode, ...discovery }
          try {
            const sources = await sourcesOf(options)
            const event = await keepAccount(client, deployment, { ...round, sources })
            log({ ...about, ...event })
            const { chainId } = deployment
            const { code, action } = event
            const decided = { chainId, blockNumber, time: event.time, account, code, post: action !== 'skipped' }
            sending?.journal.decide({ ...decided, detail: event })
          } catch (error) {
            // One account's refusal must not silence the others; the next block tries again.
            logFailure({ ...about, code: 'refused' }, error)
          }
        }
        rounds += 1
        if (rounds >= last) break
      }
    } finally {
      sending?.journal.close()
    }
  })

const unstickCommand = withSendingOptions(withPayerOptions(withChainOptions(new Command('unstick'))))
  .description(
    'cancel every transaction of the payer that is out, by empty ones with higher bids; tells only, without --live',
  )
  .option('--live', 'send transactions')
  .action(async (options: ChainOptions & PayerOptions & SendingOptions & { readonly live?: boolean }) => {
    const { deployment, client } = await openChain(options)
    const { chainId } = deployment
    const payer = await loadPayer(options, deployment)
    const { sender, journal } = await openSender(options, { chainId, client, payer })
    try {
      const { number, timestamp } = await getBlock(client)
      const out = journal.open(chainId, payer.address).map(({ nonce, hash }) => ({ nonce, hash }))
      const at = { number, timestamp: Number(timestamp) }
      const events = options.live ? await sender.unstick(at) : out.map((attempt) => ({ code: 'out', ...attempt }))
      print(options.json, { payer: payer.address, events }, () =>
        events.length === 0
          ? `Nothing of ${payer.address} is out.`
          : events.map(({ nonce, code, hash }) => `nonce ${nonce}  ${code}  ${hash}`).join('\n'),
      )
    } finally {
      journal.close()
    }
  })

/** Says what became of what is out; a node that does not answer is no reason to stop. */
async function follow(sender: Sender, client: Client, blockNumber: bigint): Promise<void> {
  try {
    const { timestamp } = await getBlock(client, { blockNumber })
    for (const { post, ...event } of await sender.step({ number: blockNumber, timestamp: Number(timestamp) })) {
      log({ blockNumber, ...event, accounts: post?.accounts ?? [] })
    }
  } catch (error) {
    logFailure({ blockNumber, code: 'sending' }, toRpcError(client, 'Following what is out', error))
  }
}

export const keeperCommand = new Command('keeper')
  .description('keep the records of accounts fresh')
  .addCommand(runCommand)
  .addCommand(unstickCommand)
  .addCommand(keeperCosignCommand)

/** One line of JSON. */
function log(event: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify(toJson(event)))
}

function logFailure(event: Readonly<Record<string, unknown>>, error: unknown): void {
  process.exitCode = exitCodes.failure
  log({ ...event, error: describeError(error) })
}

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
      if (failure) {
        logFailure({ code: 'no-block' }, toRpcError(client, 'Watching for blocks', failure))
      }
      failure = undefined
      const blockNumber = newest
      newest = undefined
      if (blockNumber !== undefined && !ended) yield blockNumber
    }
  } finally {
    stop()
  }
}
