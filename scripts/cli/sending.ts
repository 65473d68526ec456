import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import type { Client, LocalAccount } from 'viem'
import { type Journal, openJournal } from '../../src/keeper/sending/journal.ts'
import { createSender, type Sender, type SendPolicy } from '../../src/keeper/sending/sender.ts'
import { connect, toInteger } from './context.ts'
import { toWad } from './decimal.ts'

/** Options of commands that send for a payer over a journal. */
export type SendingOptions = {
  readonly journal: string
  readonly sendRpc?: string
  readonly feeFloorGwei: string
  readonly feeCapGwei: string
  readonly dailyCapEth: string
  readonly bumpAfter: string
}

/** Adds {@link SendingOptions} to a command. */
export function withSendingOptions(command: Command): Command {
  return command
    .option('--journal <file>', 'SQLite file with everything that was decided and sent', '.plimsoll/keeper.db')
    .option('--send-rpc <url>', 'node that transactions go to first, such as a private one')
    .option('--fee-floor-gwei <number>', 'least that a transaction bids per gas', '0.05')
    .option('--fee-cap-gwei <number>', 'most that a transaction bids per gas', '100')
    .option('--daily-cap-eth <number>', 'most that is spent in 24 hours', '0.05')
    .option('--bump-after <blocks>', 'blocks that a transaction waits before it bids an eighth more', '3')
}

/** A sender over the journal that the options name, which it holds alone until `close`. */
export async function openSender(
  options: SendingOptions,
  { chainId, client, payer }: { readonly chainId: number; readonly client: Client; readonly payer: LocalAccount },
): Promise<{ readonly sender: Sender; readonly journal: Journal }> {
  const { journal: file, sendRpc, feeFloorGwei, feeCapGwei, dailyCapEth, bumpAfter } = options
  const gwei = (text: string, name: string) => toWad(text, name) / 10n ** 9n
  const bumpAfterBlocks = BigInt(toInteger(bumpAfter, '--bump-after'))
  const policy = {
    fees: {
      floor: gwei(feeFloorGwei, '--fee-floor-gwei'),
      cap: gwei(feeCapGwei, '--fee-cap-gwei'),
      bumpPerMille: 125n,
    },
    dailyCap: toWad(dailyCapEth, '--daily-cap-eth'),
    bumpAfterBlocks,
    privateBlocks: 2n * bumpAfterBlocks,
    confirmations: 12n,
  }
  return openSenderOver({ journal: file, sendRpc, policy }, { chainId, client, payer })
}

/** Where a sender keeps its journal, where it sends to first, and how it spends. */
export type SenderSettings = {
  readonly journal: string
  readonly sendRpc: string | undefined
  readonly policy: SendPolicy
}

/** A sender over a journal, which it holds alone until `close`. */
export async function openSenderOver(
  { journal: file, sendRpc, policy }: SenderSettings,
  { chainId, client, payer }: { readonly chainId: number; readonly client: Client; readonly payer: LocalAccount },
): Promise<{ readonly sender: Sender; readonly journal: Journal }> {
  await mkdir(dirname(file), { recursive: true })
  const journal = openJournal(file)
  const broadcasts = sendRpc === undefined ? ([client] as const) : ([connect([sendRpc], {}, chainId), client] as const)
  return { journal, sender: createSender({ chainId, payer, journal, reads: client, broadcasts, policy }) }
}
