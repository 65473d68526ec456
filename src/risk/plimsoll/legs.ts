import type { AssetKey, Underlying } from '../../core/asset.ts'
import type { Control, Position } from '../../core/position.ts'
import type { Wad } from '../../core/units.ts'

/** A token with all that its value needs; `rate` in units of the underlying per whole token. */
export type PricedToken = {
  readonly asset: AssetKey
  readonly underlying: Underlying
  readonly rate: Wad
  readonly decimals: number
}

type LegBase = {
  readonly key: string
  readonly venue: string
  /** Venues of one group fail together. */
  readonly failureGroup: string
  readonly venueAccount: string
  readonly control: Control
  readonly credit: Wad
  readonly position: Position
  /** Underlyings that its value depends on. */
  readonly underlyings: readonly Underlying[]
}

/** Tokens held (`quantity` positive) or owed (negative), whole tokens in WAD. */
export type TokenLeg = LegBase & { readonly kind: 'token'; readonly token: PricedToken; readonly quantity: Wad }

export type PerpetualLeg = LegBase & {
  readonly kind: 'perpetual'
  readonly underlying: Underlying
  /** Null where it is paid in US dollars. */
  readonly quote: PricedToken | null
  readonly size: Wad
  readonly cost: Wad
  readonly funding: Wad
}

export type OptionLeg = LegBase & {
  readonly kind: 'option'
  readonly underlying: Underlying
  readonly quote: PricedToken
  readonly right: 'call' | 'put'
  readonly strike: Wad
  readonly expiry: number
  /** Seconds to expiry, positive. */
  readonly term: number
  /** Inside the settlement window, also before anything of it is observed. */
  readonly isAveraging: boolean
  /** Share of the settlement window already observed and the average so far, outside the window both zero. */
  readonly observed: Wad
  readonly average: Wad
  readonly size: Wad
  /** Unshocked annual volatility of this side of the market. */
  readonly volatility: Wad
  readonly confidence: Wad
}

export type LiquidityLeg = LegBase & {
  readonly kind: 'liquidity'
  readonly token0: PricedToken
  readonly token1: PricedToken
  readonly liquidity: bigint
  readonly tickLower: number
  readonly tickUpper: number
  readonly fees0: bigint
  readonly fees1: bigint
}

/** An order that makes a market in a perpetual; debts in WAD of the virtual tokens. */
export type PerpetualLiquidityLeg = LegBase & {
  readonly kind: 'perpetualLiquidity'
  readonly underlying: Underlying
  readonly quote: PricedToken
  readonly liquidity: bigint
  readonly tickLower: number
  readonly tickUpper: number
  readonly baseDebt: Wad
  readonly quoteDebt: Wad
}

/** An expired option whose settlement price is known: no scenario moves it and it offsets nothing. `value` in WAD USD. */
export type SettledOptionLeg = LegBase & {
  readonly kind: 'settledOption'
  readonly underlying: Underlying
  readonly expiry: number
  readonly size: Wad
  readonly value: Wad
}

/** A debt that no scenario moves, WAD USD. */
export type FixedDebtLeg = LegBase & { readonly kind: 'fixedDebt'; readonly amount: Wad }

/** One claim after netting, resolved against parameters and market. */
export type Leg =
  | TokenLeg
  | PerpetualLeg
  | OptionLeg
  | SettledOptionLeg
  | LiquidityLeg
  | PerpetualLiquidityLeg
  | FixedDebtLeg

/** True for a claim that can be worth less than nothing. */
export function isLiability(leg: Leg): boolean {
  switch (leg.kind) {
    case 'token':
      return leg.quantity < 0n
    case 'option':
    case 'settledOption':
      return leg.size < 0n
    case 'perpetual':
    case 'perpetualLiquidity':
    case 'fixedDebt':
      return true
    case 'liquidity':
      return false
  }
}
