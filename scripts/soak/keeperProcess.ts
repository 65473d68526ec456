import { createClient, http } from 'viem'
import { signerFromKey } from '../../src/attest/keystore.ts'
import { coherentTransport } from '../../src/chain/coherentTransport.ts'
import { toJson } from '../../src/core/canonical.ts'
import { memoryLogIndex } from '../../src/core/logIndex.ts'
import { signProposal } from '../../src/keeper/cosign/proposal.ts'
import { defaultFormPolicy } from '../../src/keeper/forms.ts'
import { createKeeper } from '../../src/keeper/keeper.ts'
import { runKeeper } from '../../src/keeper/loop.ts'
import { openJournal } from '../../src/keeper/sending/journal.ts'
import { createSender } from '../../src/keeper/sending/sender.ts'
import { toAccount } from '../cli/context.ts'
import { loadDeployment } from '../cli/deployment.ts'
import { devnetPayerKey, devnetSignerKey } from '../devnet/plimsoll.ts'
import { dailyCap, feeCap, gwei, policy, recheck } from './terms.ts'

/** What a kept process is told on its command line, as JSON. */
export type KeeperProcessOptions = {
  readonly deployment: string
  readonly journal: string
  readonly urls: readonly string[]
  readonly accounts: readonly string[]
}

/** A live keeper in a process of its own, which prints its events as lines of JSON until it is told to end, or killed. */
export async function keepUntilTold({ deployment: file, journal: path, urls, accounts }: KeeperProcessOptions) {
  const deployment = await loadDeployment(file)
  const { chainId } = deployment
  const endpoints = urls.map((url, index) => ({
    name: `rpc ${index + 1}`,
    transport: http(url, { timeout: 5_000, retryCount: 0 }),
  }))
  const client = createClient({ transport: coherentTransport({ endpoints, chainId, retryDelay: 100 }), cacheTime: 0 })
  const journal = openJournal(path)
  const sendPolicy = {
    fees: { floor: gwei, cap: feeCap, bumpPerMille: 125n },
    ...{ dailyCap, bumpAfterBlocks: 1n, privateBlocks: 2n, confirmations: 12n },
  }
  const payer = signerFromKey(devnetPayerKey)
  const sender = createSender({ chainId, payer, journal, reads: client, broadcasts: [client], policy: sendPolicy })
  const signer = signerFromKey(devnetSignerKey)
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  const observe = (event: object) => console.log(JSON.stringify(toJson(event)))
  const keeper = createKeeper({
    ...{ client, deployment, observe, recheck, forms: defaultFormPolicy, validityCode: 6, index: memoryLogIndex() },
    accounts: accounts.map((name) => ({ account: toAccount(name, deployment), policy })),
    rideAlong: 5n * 10n ** 17n,
    sending: { sender, journal, dailyCap, collect: async (proposal) => [await signProposal(signer, proposal)] },
  })
  await runKeeper(keeper, { client, observe, signal: stop.signal, interval: 200 })
  journal.close()
}

const [told] = process.argv.slice(2)
if (import.meta.main && told !== undefined) await keepUntilTold(JSON.parse(told))
