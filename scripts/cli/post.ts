import { Command } from 'commander'
import type { Hex } from 'viem'
import { decodeAttestation } from '../../src/attest/record.ts'
import { postAttestation } from '../../src/registry.ts'
import { type ChainOptions, openChain, withChainOptions } from './context.ts'
import { readTextFile } from './deployment.ts'
import { print } from './output.ts'
import { loadPayer, type PayerOptions, withPayerOptions } from './signers.ts'

export const postCommand = withPayerOptions(withChainOptions(new Command('post')))
  .description('send a signed attestation to the registry; the payer need not be a signer')
  .argument('<attestation>', 'hex, or a file that holds it')
  .action(async (text: string, options: ChainOptions & PayerOptions) => {
    const { deployment, client } = await openChain(options)
    const attestation = decodeAttestation(await attestationText(text))
    const { registry } = deployment
    const payer = await loadPayer(options, deployment)
    const { hash, gasUsed } = await postAttestation(client, { registry, attestation, payer })
    print(
      options.json,
      { hash, gasUsed, account: attestation.record.account },
      () => `posted in ${hash}, ${gasUsed} gas`,
    )
  })

/** The hex of an attestation, given as such or as a file. */
export async function attestationText(text: string): Promise<Hex> {
  return (text.startsWith('0x') ? text : (await readTextFile(text)).trim()) as Hex
}
