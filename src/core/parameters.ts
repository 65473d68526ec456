import { z } from 'zod'
import { canonicalHash } from './canonical.ts'
import { InvalidInputError } from './errors.ts'
import { assetKey, fraction, integer, name, natural, parseWith, positive } from './schema.ts'
import { wad } from './units.ts'

const scenario = z.strictObject({
  id: name.refine((id) => id !== 'still', 'is reserved for a class that does not move'),
  kind: z.enum(['range', 'absolute']),
  move: integer,
  vol: z.enum(['up', 'down', 'none']),
  weight: fraction,
})

const jointRow = z.strictObject({
  id: z.string().min(1),
  regime: z.string().min(1),
  /** Scenario id, or `still`, of every class. */
  take: z.record(name, name),
  weight: fraction,
})

/** A rate of the initial and of the maintenance requirement. */
const ratePair = z
  .strictObject({ initial: natural, maintenance: natural })
  .refine(({ initial, maintenance }) => maintenance <= initial, 'the maintenance rate exceeds the initial rate')

/** A source named by its id; the rest of the entry is checked by the source itself. */
const sourceEntry = z.looseObject({ source: z.string().min(1) })

const seconds = z.int().positive()

/**
 * The dynamic multiplier of a price scan range: `fixed` at its floor, or from the volatility of a price history relative to
 * the long-run one, raised at once and released slowly. Always between floor and clamp.
 */
const multiplier = z.discriminatedUnion('rule', [
  z.strictObject({ rule: z.literal('fixed'), floor: positive, clamp: positive }),
  z.strictObject({
    rule: z.literal('history'),
    floor: positive,
    clamp: positive,
    /** Daily volatility at which the range was calibrated: the multiplier there is 1. */
    longRunVolatility: positive,
    /** Seconds after which a squared return counts half. */
    halfLife: seconds,
    /** The most that the multiplier falls in a day. */
    releasePerDay: positive,
    /** Seconds of history before the block that must be there. */
    lookback: seconds,
    /** Seconds between samples, and from the newest to the block, beyond which the history has a gap. */
    maximumGap: seconds,
    history: sourceEntry,
  }),
])

/** The JSON form of {@link MarginParameters}. */
export const parametersSchema = z.strictObject({
  schema: z.literal('plimsoll-parameters/1'),
  model: z.literal('plimsoll-1'),
  modelId: z.int().min(0).max(23),
  name: z.string().min(1),
  chainId: z.int().positive(),

  /** Scenarios of each class of underlying, in the order of their index. */
  classes: z.record(name, z.strictObject({ scenarios: z.array(scenario).min(1) })),
  jointRows: z.array(jointRow),
  underlyings: z.record(
    name,
    z.strictObject({
      class: name,
      /** Price scan range as a fraction of the price. */
      range: natural,
      multiplier,
      /** Cost of selling size: half spread, daily volatility, average daily volume in WAD USD over all venues. */
      liquidity: z.strictObject({ halfSpread: ratePair, dailyVolatility: natural, averageDailyVolume: natural }),
    }),
  ),
  volatilityShock: z.strictObject({
    up: natural,
    down: natural,
    minimumUp: natural,
    shortTermPower: natural,
    longTermPower: natural,
    /** Seconds: term at which the shock is neither scaled up nor down, and shortest term. */
    referenceTerm: z.int().positive(),
    shortestTerm: z.int().positive(),
  }),
  /** `d`: 1 gives no credit between underlyings. */
  decorrelation: fraction,
  decorrelationMinimum: fraction,
  credit: z.strictObject({ free: fraction, venue: fraction, enforceable: fraction }),
  paperHaircut: fraction,
  /** Taken off the payoff of an expired long option that is not settled. */
  expiredHaircut: fraction,
  /** Whether scenarios include what venues do to a leg that their own rule liquidates. */
  venuePhysics: z.enum(['on', 'off']),
  /** A venue account that liquidates within this move of one underlying is critical. */
  criticalDistance: fraction,
  maximumClaims: z.int().positive(),

  lines: z.strictObject({
    scan: ratePair,
    /** Rate of spot per naked short option. */
    shortOptionMinimum: ratePair,
    /** Rate of spot on delta that only offsets other delta. */
    hedgedDeltaMinimum: ratePair,
    /** Coefficient of the square-root impact. */
    liquidity: z.strictObject({ impact: ratePair }),
    oracleConfidence: z.strictObject({ threshold: fraction }),
    /** Rate of spot on options net short at a venue on their last day. */
    settlementGap: ratePair,
    venueFailure: z.strictObject({ recovery: fraction }),
    /** Two-sided error bound of the kernel, as a fraction of the forward. */
    arithmetic: z.strictObject({ epsilon: natural }),
  }),

  assets: z.record(
    assetKey,
    z.strictObject({
      symbol: z.string().min(1),
      decimals: z.int().min(0).max(36),
      underlying: name,
      /** Units of the underlying in one whole token. */
      rate: sourceEntry,
      /** Basis shock of a wrapped asset, zero for the underlying itself. */
      basis: ratePair,
    }),
  ),
  prices: z.record(name, sourceEntry),
  volatilities: z.record(name, sourceEntry),
  venues: z.array(
    z.strictObject({
      id: name,
      adapter: name,
      /** Venues of one group fail together; those of one adapter by default. */
      failureGroup: name.optional(),
      configuration: z.looseObject({}),
    }),
  ),
})

/** Below this no parameter set may go, whatever it says of itself. */
const leastDecorrelation = (75n * wad) / 100n

/** Every constant that can change a result, as data. */
export type MarginParameters = z.output<typeof parametersSchema>

/** How the scan range of an underlying follows its volatility. */
export type RangeMultiplierRule = MarginParameters['underlyings'][string]['multiplier']

/** The part of a multiplier rule that a price history drives. */
export type HistoryMultiplierRule = Extract<RangeMultiplierRule, { readonly rule: 'history' }>

/**
 * Reads a parameter set and refuses one that contradicts itself.
 *
 * @throws {InvalidInputError} naming the field.
 */
export function parseParameters(value: unknown): MarginParameters {
  const parameters = parseWith(parametersSchema, value, 'The parameter set')
  const problems = [...referenceProblems(parameters), ...rangeProblems(parameters)]
  if (problems.length > 0) {
    throw new InvalidInputError('The parameter set contradicts itself.', { metaMessages: problems })
  }
  return parameters
}

/** The hash that a record commits to and a model registry holds. */
export function parametersHash(parameters: MarginParameters): `0x${string}` {
  const known = hashes.get(parameters)
  if (known !== undefined) return known
  const hash = canonicalHash(parameters)
  hashes.set(parameters, hash)
  return hash
}

/** A parameter set is read-only and large, and every result names its hash. */
const hashes = new WeakMap<MarginParameters, `0x${string}`>()

function* referenceProblems({
  classes,
  underlyings,
  assets,
  prices,
  jointRows,
  venues,
  decorrelation,
  decorrelationMinimum,
}: MarginParameters): Generator<string> {
  if (decorrelationMinimum < leastDecorrelation) {
    yield `decorrelationMinimum: ${decorrelationMinimum} is below ${leastDecorrelation}, which no parameter set may undercut`
  }
  if (decorrelation < wad) yield* uncoveredScenarios(classes, jointRows)
  if (decorrelation < decorrelationMinimum)
    yield `decorrelation: ${decorrelation} is below the minimum ${decorrelationMinimum}`
  for (const [name, entry] of Object.entries(underlyings)) {
    if (!Object.hasOwn(classes, entry.class)) yield `underlyings.${name}.class: no class ${entry.class}`
    if (!Object.hasOwn(prices, name)) yield `prices: nothing for underlying ${name}`
    yield* multiplierProblems(`underlyings.${name}.multiplier`, entry.multiplier)
  }
  for (const [key, asset] of Object.entries(assets)) {
    if (!Object.hasOwn(underlyings, asset.underlying))
      yield `assets.${key}.underlying: no underlying ${asset.underlying}`
  }
  for (const name of Object.keys(prices))
    if (!Object.hasOwn(underlyings, name)) yield `prices.${name}: no such underlying`
  for (const row of jointRows) {
    for (const name of Object.keys(classes)) {
      const taken = row.take[name]
      if (taken === undefined) yield `jointRows.${row.id}.take: nothing for class ${name}`
      else if (taken !== 'still' && !classes[name]?.scenarios.some(({ id }) => id === taken)) {
        yield `jointRows.${row.id}.take.${name}: no scenario ${taken}`
      }
    }
    for (const name of Object.keys(row.take))
      if (!Object.hasOwn(classes, name)) yield `jointRows.${row.id}.take: no class ${name}`
  }
  for (const [name, { scenarios }] of Object.entries(classes)) yield* repeated(`classes.${name}.scenarios`, scenarios)
  yield* repeated('jointRows', jointRows)
  yield* repeated('venues', venues)
}

/** Credit between underlyings rests on the joint rows, so every scenario of a class that moves by a range must be in one. */
function* uncoveredScenarios(
  classes: MarginParameters['classes'],
  jointRows: MarginParameters['jointRows'],
): Generator<string> {
  for (const [name, { scenarios }] of Object.entries(classes)) {
    if (scenarios.every(({ kind }) => kind === 'absolute')) continue
    for (const { id } of scenarios) {
      if (jointRows.some(({ take }) => take[name] === id)) continue
      yield `jointRows: no row takes scenario ${id} of class ${name}, which credit between underlyings needs`
    }
  }
}

function* repeated(where: string, items: readonly { id: string }[]): Generator<string> {
  const seen = new Set<string>()
  for (const { id } of items) {
    if (seen.has(id)) yield `${where}: ${id} is listed twice`
    seen.add(id)
  }
}

/**
 * A history must reach back to where any earlier peak has been released, and four half-lives further, so that the volatility
 * at that peak is known to a sixteenth.
 */
function* multiplierProblems(where: string, rule: RangeMultiplierRule): Generator<string> {
  if (rule.floor > rule.clamp) yield `${where}: the floor exceeds the clamp`
  else if (rule.rule === 'history') {
    const release = Number(((rule.clamp - rule.floor) * 86_400n) / rule.releasePerDay) + 1
    const least = release + 4 * rule.halfLife
    if (rule.lookback < least) yield `${where}.lookback: ${rule.lookback} s, but release and half-life take ${least} s`
    if (rule.maximumGap > rule.lookback) yield `${where}.maximumGap: exceeds the lookback`
  }
}

/** A price must stay positive in every scenario, also at the largest range multiplier. */
function* rangeProblems({ classes, underlyings }: MarginParameters): Generator<string> {
  for (const [name, { class: className, range, multiplier }] of Object.entries(underlyings)) {
    for (const { id, kind, move } of classes[className]?.scenarios ?? []) {
      const shift = kind === 'absolute' ? move : (move * ((range * multiplier.clamp) / wad)) / wad
      if (wad + shift <= 0n) yield `underlyings.${name}: scenario ${id} takes the price to zero or below`
    }
  }
}
