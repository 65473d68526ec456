import { Command } from 'commander'
import type { Client, Hex } from 'viem'
import { InvalidInputError } from '../../src/core/errors.ts'
import { type PostOptions, postAttestation, postBatch, postLeaf, postRoot } from '../../src/registry.ts'
import { type DecodedMessage, decodeMessage } from '../../src/report/decodeMessage.ts'
import { type ChainOptions, openChain, withChainOptions } from './context.ts'
import { readTextFile } from './deployment.ts'
import { print } from './output.ts'
import { loadPayer, type PayerOptions, withPayerOptions } from './signers.ts'

export const postCommand = withPayerOptions(withChainOptions(new Command('post')))
  .description('send a signed attestation, batch, root or leaf to the registry; the payer need not be a signer')
  .argument('<attestation>', 'hex, or a file that holds it')
  .action(async (text: string, options: ChainOptions & PayerOptions) => {
    const { deployment, client } = await openChain(options)
    const message = decodeMessage(await attestationText(text))
    const { registry } = deployment
    const posted = await postOf(client, message, { registry, payer: await loadPayer(options, deployment) })
    print(options.json, posted, () => `posted in ${posted.hash}, ${posted.gasUsed} gas`)
  })

async function postOf(client: Client, message: DecodedMessage, to: PostOptions) {
  switch (message.kind) {
    case 'record': {
      const { attestation } = message
      return { ...(await postAttestation(client, { ...to, attestation })), account: attestation.record.account }
    }
    case 'batch':
      return postBatch(client, { ...to, batch: message.batch })
    case 'root':
      return postRoot(client, { ...to, root: message.root })
    case 'leaf':
      return { ...(await postLeaf(client, { ...to, leaf: message.leaf })), account: message.leaf.record.account }
    default:
      throw new InvalidInputError(`This cannot be posted: it is a ${message.kind}.`)
  }
}

/** The hex of an attestation, given as such or as a file. */
export async function attestationText(text: string): Promise<Hex> {
  return (text.startsWith('0x') ? text : (await readTextFile(text)).trim()) as Hex
}
