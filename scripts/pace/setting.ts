import { join } from 'node:path'
import { type Address, createClient, http } from 'viem'
import { signerFromKey } from '../../src/attest/keystore.ts'
import { memoryLogIndex } from '../../src/core/logIndex.ts'
import { wad } from '../../src/core/units.ts'
import { signProposal } from '../../src/keeper/cosign/proposal.ts'
import type { PostEvent, RoundEvent } from '../../src/keeper/events.ts'
import { defaultFormPolicy, type FormPolicy } from '../../src/keeper/forms.ts'
import { createKeeper } from '../../src/keeper/keeper.ts'
import { defaultPostPolicy } from '../../src/keeper/policy.ts'
import { defaultRecheckPolicy } from '../../src/keeper/recheck.ts'
import { fileRootStore } from '../../src/keeper/roots.ts'
import { openJournal } from '../../src/keeper/sending/journal.ts'
import { createSender } from '../../src/keeper/sending/sender.ts'
import { loadDeployment, readDevnetAddresses } from '../cli/deployment.ts'
import { connectDevnet } from '../devnet/chain.ts'
import { parseDeployment } from '../devnet/deployment.ts'
import { deployPlimsoll, devnetPayerKey, devnetSignerKey } from '../devnet/plimsoll.ts'
import { passTime, setPrices } from '../devnet/prices.ts'
import { serveDevnet } from '../devnet/serve.ts'

/** What a measured round came to. */
type PaceRound = {
  readonly round: RoundEvent
  readonly forms: readonly string[]
  readonly posted: number
}

const gwei = 10n ** 9n
const openingPrice = 2_000n

/** A keeper of all books of a devnet on anvil, and the hands that move the devnet. */
export async function openPaceSetting(options: {
  readonly accounts: number
  readonly seed: number
  readonly deployment?: string
  readonly directory: string
}) {
  const { url, protocols, registry, parameters, books, close } = await openDevnet(options)
  const chain = connectDevnet({ transport: http(url, { timeout: 120_000 }), mode: 'anvil', pace: 'stepped' })
  const node = (await chain.client.request({ method: 'web3_clientVersion' })) as string
  const client = createClient({ transport: http(url, { timeout: 120_000 }), cacheTime: 0 })
  const payer = signerFromKey(devnetPayerKey)
  const signer = signerFromKey(devnetSignerKey)
  await chain.client.setBalance({ address: payer.address, value: 100n * wad })

  const keeperOf = (forms: FormPolicy, name: string) => {
    const journal = openJournal(join(options.directory, `${name}.db`))
    const policy = {
      fees: { floor: gwei, cap: 500n * gwei, bumpPerMille: 125n },
      ...{ dailyCap: 100n * wad, bumpAfterBlocks: 3n, privateBlocks: 6n, confirmations: 12n },
    }
    const { chainId } = protocols
    const sender = createSender({ chainId, payer, journal, reads: client, broadcasts: [client], policy })
    const rounds: RoundEvent[] = []
    const posts: PostEvent[] = []
    const keeper = createKeeper({
      client,
      deployment: { chainId, registry, parameters },
      accounts: books.map((account) => ({ account, policy: defaultPostPolicy })),
      ...{ validityCode: 6, forms, recheck: defaultRecheckPolicy, rideAlong: wad / 2n, index: memoryLogIndex() },
      roots: fileRootStore(join(options.directory, 'proofs')),
      sending: {
        ...{ sender, journal, dailyCap: policy.dailyCap },
        collect: async (proposal) => [await signProposal(signer, proposal)],
      },
      observe: (event) => {
        if (event.event === 'round') rounds.push(event)
        if (event.event === 'post') posts.push(event)
        if (event.event === 'refused') console.error(`${event.account} is refused: ${event.message}`)
      },
    })
    return async (): Promise<PaceRound> => {
      posts.length = 0
      await keeper.round((await chain.client.getBlock()).number)
      const sent = posts.filter(({ code }) => code === 'sent')
      for (const { form, code, reason } of posts) if (code !== 'sent') console.error(`${form} ${code} ${reason ?? ''}`)
      return {
        round: rounds.at(-1) as RoundEvent,
        forms: sent.map(({ form, accounts }) => `${form} of ${accounts.length}`),
        posted: sent.reduce((sum, { accounts }) => sum + accounts.length, 0),
      }
    }
  }
  return {
    node,
    direct: keeperOf(defaultFormPolicy, 'direct'),
    underRoots: keeperOf({ ...defaultFormPolicy, form: 'root' }, 'root'),
    mine: () => chain.client.mine({ blocks: 1 }),
    /** Ether at a percentage of the price at which the devnet opened. */
    move: (percent: bigint) => setPrices(chain, protocols, { ETH: (openingPrice * percent * wad) / 100n }),
    pass: (seconds: number) => passTime(chain, protocols, seconds),
    close,
  }
}

async function openDevnet(options: { readonly accounts: number; readonly seed: number; readonly deployment?: string }) {
  const { accounts, seed, deployment: file } = options
  if (file !== undefined) {
    const { rpcUrl: url, registry, parameters, accounts: named } = await loadDeployment(file)
    const books = Object.entries(named).flatMap(([name, account]) => (/^book-\d+$/.test(name) ? [account] : []))
    const close = async () => undefined
    return {
      ...{ url, registry, parameters, close, books: books.slice(0, accounts) },
      protocols: parseDeployment(JSON.stringify(await readDevnetAddresses(file))),
    }
  }
  console.error(`Opening ${accounts} books on anvil, about six transactions each: this takes minutes.`)
  const served = await serveDevnet({
    kind: 'anvil',
    books: { accounts, seed },
    onProgress: (text) => console.error(text),
  })
  const { registry, parameters } = await deployPlimsoll(served.chain, served.deployment)
  const books: readonly Address[] = Object.values(served.books)
  return { ...served, protocols: served.deployment, registry, parameters, books }
}
