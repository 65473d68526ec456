import { Command } from 'commander'
import type { Hex } from 'viem'
import { decodeMessage } from '../../src/report/decodeMessage.ts'
import { errorsPage, messageReport } from '../../src/report/messageReport.ts'
import { print } from './output.ts'
import { attestationText } from './post.ts'

export const decodeCommand = new Command('decode')
  .description(
    'explain bytes: an error with or without arguments, a record of any mode, a packed record, flags, a call',
  )
  .argument('<data>', 'hex, or a file that holds it')
  .option('--json', 'print one JSON object')
  .action(async (text: string, { json }: { readonly json?: boolean }) => {
    const message = decodeMessage((await attestationText(text)).trim() as Hex)
    const docs = message.kind === 'error' ? { docs: `${errorsPage}#${message.error.name.toLowerCase()}` } : {}
    print(json, { ...message, ...docs }, () => messageReport(message))
  })
