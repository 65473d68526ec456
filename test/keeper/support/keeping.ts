import { signProposal } from '../../../src/keeper/cosign/proposal.ts'
import type { DecisionEvent, KeeperEvent, PostEvent, RoundEvent } from '../../../src/keeper/events.ts'
import { defaultFormPolicy } from '../../../src/keeper/forms.ts'
import { createKeeper, type KeeperOptions, type Sending } from '../../../src/keeper/keeper.ts'
import { defaultPostPolicy } from '../../../src/keeper/policy.ts'
import type { RootStore } from '../../../src/keeper/roots.ts'
import { openJournal } from '../../../src/keeper/sending/journal.ts'
import { createSender } from '../../../src/keeper/sending/sender.ts'
import { devnetPayer, devnetSigner, type PlimsollFixture } from '../../support/plimsoll.ts'
import { sendPolicy } from './sendPolicy.ts'

/** Keeps trees for as long as a test. */
export function memoryRoots(): RootStore {
  const published: Parameters<RootStore['publish']>[0][] = []
  return {
    publish: async (root) => void published.push(root),
    at: async (observedAt) => published.filter((root) => root.observedAt === observedAt),
  }
}

/** A live keeper of some accounts of the devnet, over a journal in memory, with what it tells. */
export function keeping(
  { client, ours, deployment }: PlimsollFixture,
  names: readonly (keyof PlimsollFixture['deployment']['accounts'])[],
  changes: Partial<KeeperOptions> = {},
) {
  const events: KeeperEvent[] = []
  const journal = openJournal(':memory:')
  const { chainId } = ours
  const about = { chainId, payer: devnetPayer, journal, reads: client, policy: sendPolicy }
  const sender = createSender({ ...about, broadcasts: [client] })
  const sending: Sending = {
    ...{ sender, journal, dailyCap: sendPolicy.dailyCap },
    collect: async (proposal) => [await signProposal(devnetSigner, proposal)],
  }
  const keeper = createKeeper({
    client,
    deployment: ours,
    accounts: names.map((name) => ({ account: deployment.accounts[name], policy: defaultPostPolicy })),
    validityCode: 6,
    forms: defaultFormPolicy,
    rideAlong: 5n * 10n ** 17n,
    sending,
    roots: memoryRoots(),
    observe: (event) => void events.push(event),
    ...changes,
  })
  const told = <Kind extends KeeperEvent['event']>(kind: Kind) =>
    events.filter((event): event is Extract<KeeperEvent, { readonly event: Kind }> => event.event === kind)
  return {
    keeper,
    journal,
    sending,
    events,
    /** One round at the newest block, or at another; tells what it said. */
    async round(blockNumber?: bigint) {
      events.length = 0
      await keeper.round(blockNumber ?? (await client.getBlockNumber()))
      const [summary] = told('round') as [RoundEvent]
      const decisions: readonly DecisionEvent[] = told('decision')
      const posts: readonly PostEvent[] = told('post')
      return { summary, decisions, posts, refusals: told('refused'), transactions: told('transaction') }
    },
  }
}
