import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient, type Hex, http, keccak256 } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getBlock } from 'viem/actions'
import { encodeAttestation, encodeFlags } from '../../../src/attest/record.ts'
import { assembleAttestation, signAttestation } from '../../../src/attest/sign.ts'
import { openJournal } from '../../../src/keeper/journal.ts'
import { createSender } from '../../../src/keeper/sender.ts'
import { sendPolicy } from './sendPolicy.ts'

/** A keeper reduced to what a kill can hurt: sign, write down, send, follow. It runs until it is killed. */
async function keep(argument: string): Promise<never> {
  const { url, registry, account, journalFile, payerKey, signerKey, paramsHash } = JSON.parse(argument) as {
    readonly url: string
    readonly registry: Hex
    readonly account: Hex
    readonly journalFile: string
    readonly payerKey: Hex
    readonly signerKey: Hex
    readonly paramsHash: Hex
  }
  const client = createClient({ transport: http(url, { retryCount: 0 }), cacheTime: 0 })
  const journal = openJournal(journalFile)
  const signer = privateKeyToAccount(signerKey)
  const chainId = 31337
  const payer = privateKeyToAccount(payerKey)
  const sender = createSender({ chainId, payer, journal, reads: client, broadcasts: [client], policy: sendPolicy })
  const signerSet = { setId: 1n, threshold: 1, signers: [signer.address] }
  const flags = { validityCode: 15, confirmed: false, rootMode: false, venueCritical: false, enforceable: false }
  process.stdout.write('ready\n')

  for (;;) {
    const { number, hash, timestamp } = await getBlock(client)
    const at = { number, timestamp: Number(timestamp) }
    await sender.step(at)
    const record = {
      account,
      initialMargin: 10n,
      maintenanceMargin: 10n,
      equity: 100n,
      observedAt: at.timestamp,
      lienSeq: 0,
      modelId: 0,
      flags: encodeFlags(flags),
    }
    const unsigned = { record, blockNumber: number, portfolioRoot: hash, blockHash: hash, paramsHash, setId: 1n }
    const domain = { chainId, registry }
    const attestation = await assembleAttestation(unsigned, domain, signerSet, [
      await signAttestation(signer, unsigned, domain),
    ])
    const data = encodeAttestation(attestation)
    const about = { chainId, registry, observedAt: at.timestamp, blockNumber: number }
    const post = { id: keccak256(data), kind: 'single', accounts: [account], data, ...about } as const
    journal.decide({
      chainId,
      blockNumber: number,
      time: at.timestamp,
      account,
      code: 'first',
      post: true,
      detail: post.id,
    })
    await sender.submit(post, at)
    await sleep(5)
  }
}

// The test runner loads this file too.
const [, program, argument] = process.argv
if (program === fileURLToPath(import.meta.url) && argument !== undefined) await keep(argument)
