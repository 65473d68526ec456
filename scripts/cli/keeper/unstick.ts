import { Command } from 'commander'
import { getBlock } from 'viem/actions'
import { type ChainOptions, openChain, withChainOptions } from '../context.ts'
import { print } from '../output.ts'
import { openSender, type SendingOptions, withSendingOptions } from '../sending.ts'
import { loadPayer, type PayerOptions, withPayerOptions } from '../signers.ts'

export const keeperUnstickCommand = withSendingOptions(withPayerOptions(withChainOptions(new Command('unstick'))))
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
