import type { TimsClass, TimsParameters } from './parameters.ts'

const highCapitalization: TimsClass = {
  range: { down: 0.08, up: 0.06 },
  exercise: 'european',
  productGroup: 'high-capitalization',
}
const broadIndex: TimsClass = { range: { down: 0.1, up: 0.1 }, exercise: 'european' }
const equity: TimsClass = { range: { down: 0.15, up: 0.15 }, exercise: 'american' }
const coin: TimsClass = { ...equity, exercise: 'european' }

/**
 * Ranges and the minimum of FINRA rule 4210(g) and Cboe rule 10.4. Membership of the high-capitalization group and its 90 %
 * are those of OCC's published parameters; crypto-assets, which the rule does not know, have the range of a share.
 */
export const timsDefaults: TimsParameters = {
  schema: 'plimsoll-model/1',
  model: 'tims',
  name: 'finra-4210g',
  pointsPerSide: 5,
  steps: 100,
  minimumPerContract: { option: 0.375, future: 0.375 },
  underlyings: {
    SPY: { class: 'SPX', exercise: 'american' },
    XSP: { class: 'SPX' },
    XEO: { class: 'OEX' },
    DIA: { class: 'DJX', exercise: 'american' },
    IWM: { class: 'RUT', exercise: 'american' },
  },
  classes: {
    SPX: highCapitalization,
    OEX: highCapitalization,
    DJX: highCapitalization,
    RUT: broadIndex,
    BTC: coin,
    ETH: coin,
  },
  otherClasses: equity,
  productGroups: { 'high-capitalization': { offset: 0.9 } },
}
