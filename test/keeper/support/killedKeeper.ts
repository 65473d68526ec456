import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Address, createClient, custom, type Hex, http, keccak256 } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { getBlock } from 'viem/actions'
import { encodeAttestation, encodeFlags } from '../../../src/attest/record.ts'
import { assembleAttestation, signAttestation } from '../../../src/attest/sign.ts'
import { type Journal, openJournal } from '../../../src/keeper/sending/journal.ts'
import { createSender } from '../../../src/keeper/sending/sender.ts'
import { sendPolicy } from './sendPolicy.ts'

/** Points of a keeper's life, in the order in which a post passes them; it says each as it gets there. */
export const lifePoints = [
  'ready',
  'read',
  'stepped',
  'planning',
  'planned',
  'sending',
  'sent',
  'submitted',
  'mined',
] as const

export type KilledKeeper = {
  readonly url: string
  readonly registry: Address
  readonly account: Address
  readonly journalFile: string
  readonly payerKey: Hex
  readonly signerKey: Hex
  readonly paramsHash: Hex
}

const chainId = 31337

/** A keeper reduced to what a kill can hurt: sign, write down, send, follow. It runs until SIGTERM, or until it is killed. */
async function run({ url, registry, account, journalFile, payerKey, signerKey, paramsHash }: KilledKeeper) {
  // Synchronously, so that whoever waits for a line knows what has happened and what has not.
  const say = (point: (typeof lifePoints)[number]) => writeSync(1, `${point}\n`)
  const node = http(url, { retryCount: 0 })({})
  const client = createClient({
    cacheTime: 0,
    transport: custom({
      request: async (request) => {
        const isSending = request.method === 'eth_sendRawTransaction'
        if (isSending) say('sending')
        const result = await node.request(request)
        if (isSending) say('sent')
        return result
      },
    }),
  })
  const file = openJournal(journalFile)
  const journal: Journal = {
    ...file,
    plan(...planned) {
      say('planning')
      file.plan(...planned)
      say('planned')
    },
  }
  const signer = privateKeyToAccount(signerKey)
  const payer = privateKeyToAccount(payerKey)
  const sender = createSender({ chainId, payer, journal, reads: client, broadcasts: [client], policy: sendPolicy })
  const signerSet = { setId: 1n, threshold: 1, signers: [signer.address] }
  const flags = { validityCode: 15, confirmed: false, rootMode: false, venueCritical: false, enforceable: false }
  let stopped = false
  process.once('SIGTERM', () => {
    stopped = true
  })
  say('ready')
  while (!stopped) {
    const { number, hash, timestamp } = await getBlock(client)
    const at = { number, timestamp: Number(timestamp) }
    say('read')
    const events = await sender.step(at)
    say('stepped')
    if (events.some(({ code }) => code === 'mined')) say('mined')
    const record = {
      ...{ account, initialMargin: 10n, maintenanceMargin: 10n, equity: 100n, lienSeq: 0, modelId: 0 },
      observedAt: at.timestamp,
      flags: encodeFlags(flags),
    }
    const unsigned = { record, blockNumber: number, portfolioRoot: hash, blockHash: hash, paramsHash, setId: 1n }
    const domain = { chainId, registry }
    const signature = await signAttestation(signer, unsigned, domain)
    const data = encodeAttestation(await assembleAttestation(unsigned, domain, signerSet, [signature]))
    const about = { chainId, registry, observedAt: at.timestamp, blockNumber: number }
    const decision = { chainId, blockNumber: number, time: at.timestamp, account, code: 'first', post: true }
    journal.decide({ ...decision, detail: null })
    await sender.submit({ id: keccak256(data), kind: 'single', accounts: [account], data, ...about }, at)
    say('submitted')
    await sleep(5)
  }
  journal.close()
}

// Hardhat imports every file of the tests.
if (process.argv[1] === fileURLToPath(import.meta.url)) await run(JSON.parse(process.argv[2] ?? ''))
