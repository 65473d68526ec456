import type { Underlying } from './asset.ts'
import type { Wad } from './units.ts'

/** A shock of one underlying. `move` is a fraction of the range (`range`) or of the price (`absolute`), WAD. */
export type Scenario = {
  readonly id: string
  readonly kind: 'range' | 'absolute'
  readonly move: Wad
  readonly vol: 'up' | 'down' | 'none'
  /** Share of the loss that counts, WAD. */
  readonly weight: Wad
}

/** A shock of all underlyings together: each class takes the named scenario of its list or stands still. */
export type JointRow = {
  readonly id: string
  readonly regime: string
  readonly take: Readonly<Record<string, string>>
  readonly weight: Wad
}

/** What one scenario does to one underlying. */
export type Shock = { readonly underlying: Underlying; readonly scenario: Scenario }
