import type { Address } from 'viem'
import type { Sender } from '../../../scripts/devnet/chain.ts'
import type { Adapter, AdapterContext } from '../../../src/adapters/adapter.ts'
import type { VenueReading } from '../../../src/adapters/readVenue.ts'
import type { AssetKey } from '../../../src/core/asset.ts'
import type { Control } from '../../../src/core/position.ts'
import type { Wad } from '../../../src/core/units.ts'
import type { DevnetFixture } from '../../support/devnet.ts'

/** The devnet with the venue of a subject on it. */
export type World<Configuration> = DevnetFixture & {
  readonly configuration: Configuration
  readonly assets: Readonly<Record<AssetKey, { readonly decimals: number }>>
  /** Holds what the subject opens, and is the one that acts. */
  readonly account: Address
  /** Can do what `account` can; holds nothing at the venue. */
  readonly newcomer: Address
  /** Holds what the subject opens too, and does what others may do. */
  readonly bystander: Address
}

/** What a user does at the venue. */
export type Action<Configuration> = (user: Sender, world: World<Configuration>) => Promise<void>

/** A raw read made by hand, and what must come of it. */
export type PureCase<Configuration, Raw> = {
  readonly raw: Raw
  readonly context: AdapterContext<Configuration>
  /** Every amount of the positions in order: of a balance or debt `amount`, of a perpetual `size`, `cost` and `funding`, and so on. */
  readonly amounts: readonly bigint[]
  readonly venueValues?: readonly (Wad | undefined)[]
}

/** The venue's own liquidation rule, told by the venue. */
export type RuleView<Configuration> = {
  /** What is moved, by its name in the parameter set. */
  readonly underlying: string
  /** WAD USD, on both sides of the flip; the venue stands at `opening` when the rule is read. */
  readonly opening: Wad
  readonly prices: readonly Wad[]
  /** Moves the price at which the venue itself values the account. */
  setPrice(world: World<Configuration>, price: Wad): Promise<void>
  /** The venue's own check of the account. */
  isLiquidatable(world: World<Configuration>, account: Address): Promise<boolean>
  /**
   * What the venue says is left above its own rule, WAD USD, and how far ours may lie `below` it for what we round against the
   * account; `above` only where our kernel and the venue compute differently.
   */
  slack(
    world: World<Configuration>,
    account: Address,
  ): Promise<{ readonly value: Wad; readonly below: Wad; readonly above?: Wad }>
}

/**
 * What the conformance suite must know of a protocol. `fund`, `open` and every action run on the devnet as real transactions of
 * `user`; `requireAsVenue` is the heart: it asserts what was read against the protocol's own views, to the smallest unit or to a
 * unit that it names.
 */
export type ConformanceSubject<Configuration, Raw> = {
  readonly adapter: Adapter<Configuration, Raw>
  /** Name of the venue, in the parameter set of the devnet unless `deploy` is given. */
  readonly venue: string
  /** Tells subjects of one venue apart; the venue's name by default. */
  readonly title?: string
  readonly control: Control
  /** Deploys what the devnet does not have; gives the configuration as a parameter set would write it. */
  deploy?(fixture: DevnetFixture): Promise<unknown>
  /** Gives tokens and approvals for opening and for every action. */
  fund: Action<Configuration>
  /** Opens the position that all cases read; where the venue lends it owes something, where it has margin it uses some. */
  open: Action<Configuration>
  /** Opens the smallest position that the venue takes, 1 wei if it can be. */
  openDust: Action<Configuration>
  /** Everything that the owner can do there, each done by an account that did `open`; opening something new included. */
  readonly actions: Readonly<Record<string, Action<Configuration>>>
  /** Likewise, where what comes of it is a position that the adapter refuses. */
  readonly refusedActions?: Readonly<Record<string, Action<Configuration>>>
  /** Moves every price that the venue looks at; by default ether to 2,080 USD and back time. */
  movePrices?(world: World<Configuration>): Promise<void>
  /** Lets time pass as the venue needs it (feeds renewed, keepers run). */
  passTime?(world: World<Configuration>, seconds: number): Promise<void>
  requireAsVenue(reading: VenueReading, world: World<Configuration>, account: Address): Promise<void>
  /** Absent for a venue that liquidates nobody. */
  readonly rule?: RuleView<Configuration>
  /** A raw read whose every amount is as large as its type allows. */
  readonly largest: PureCase<Configuration, Raw>
  /** A raw read with a token of so many decimals; or why the venue has no such thing. */
  readonly decimals: ((decimals: number) => PureCase<Configuration, Raw>) | string
}

/** A subject of any protocol, as the suite holds it. */
// biome-ignore lint/suspicious/noExplicitAny: a list of subjects cannot name each one's types.
export type AnySubject = ConformanceSubject<any, any>
