import { Command } from 'commander'
import type { Client, LocalAccount } from 'viem'
import { getBlock } from 'viem/actions'
import { pinBlock } from '../../../src/chain/pinBlock.ts'
import { openKey } from '../../../src/keeper/keys/openKeys.ts'
import type { Journal } from '../../../src/keeper/sending/journal.ts'
import type { Sender } from '../../../src/keeper/sending/sender.ts'
import { type ChainOptions, openChain, UsageError, withChainOptions } from '../context.ts'
import { print, say } from '../output.ts'
import { openSender, openSenderOver, type SendingOptions, withSendingOptions } from '../sending.ts'
import { loadPayer, type PayerOptions, withPayerOptions } from '../signers.ts'
import { openConfigured, refuseBesideConfig, senderSettingsOf } from './configured.ts'

type Options = ChainOptions & PayerOptions & SendingOptions & { readonly config?: string; readonly live?: boolean }

export const keeperUnstickCommand = withSendingOptions(withPayerOptions(withChainOptions(new Command('unstick'))))
  .description(
    'cancel every transaction of the payer that is out, by empty ones with higher bids; tells only, without --live',
  )
  .option('--config <file>', 'keeper.yaml that names chain, payer and journal, in place of other options')
  .option('--live', 'send transactions')
  .action(async (options: Options, command: Command) => {
    const { chainId, client, payer, sender, journal } = await open(options, command)
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

type Opened = {
  readonly chainId: number
  readonly client: Client
  readonly payer: LocalAccount
  readonly sender: Sender
  readonly journal: Journal
}

async function open(options: Options, command: Command): Promise<Opened> {
  if (options.config === undefined) {
    const { deployment, client } = await openChain(options)
    const { chainId } = deployment
    const payer = await loadPayer(options, deployment)
    return { chainId, client, payer, ...(await openSender(options, { chainId, client, payer })) }
  }
  refuseBesideConfig(command, new Set(['config', 'live', 'json']))
  const { config, client } = await openConfigured(options.config)
  const { chainId } = config
  if (config.payer === undefined) throw new UsageError('The configuration names no payer, so nothing of one is out.')
  // A bid on another chain than the configuration's would cancel what is not meant.
  await pinBlock(client, { chainId })
  const payer = await openKey(config.payer, { env: process.env, warn: say })
  return { chainId, client, payer, ...(await openSenderOver(senderSettingsOf(config), { chainId, client, payer })) }
}
