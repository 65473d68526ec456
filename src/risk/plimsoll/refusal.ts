import { type BaseError, UnpricedLiabilityError } from '../../core/errors.ts'
import type { MarginResult, Requirement } from '../../core/margin.ts'
import { parametersHash } from '../../core/parameters.ts'
import { leastEquity, mostEquity, mostRequirement } from '../../core/units.ts'
import { TooManyLiabilitiesError, UnrecordableMarginError } from './errors.ts'
import type { CalculateMarginOptions } from './evaluateBook.ts'

/**
 * The margin of an account, or what an account in scope enforceable is answered when it could itself have caused the refusal:
 * no requirement and the least equity that a record holds, so that refusing does not silence bad news (model section 1.4).
 *
 * @throws what `calculate` throws in scope observed, and when the account cannot cause it: market data that fail must not
 * take anybody's position.
 */
export function orRefusal(options: CalculateMarginOptions, calculate: () => MarginResult): MarginResult {
  if (options.portfolio.scope === 'observed') return calculate()
  try {
    const result = calculate()
    requireRecordable(result)
    return result
  } catch (error) {
    if (!isAccountRefusal(error)) throw error
    return refusedMargin(options, error)
  }
}

function refusedMargin(
  { portfolio, parameters }: CalculateMarginOptions,
  { name, shortMessage, metaMessages }: BaseError,
): MarginResult {
  const nothing: Requirement = { initial: 0n, maintenance: 0n }
  return {
    model: parameters.model,
    modelId: parameters.modelId,
    parametersHash: parametersHash(parameters),
    account: portfolio.account,
    scope: portfolio.scope,
    block: portfolio.block,
    refusal: { error: name, reason: shortMessage, details: metaMessages },
    equity: leastEquity,
    initialMargin: 0n,
    maintenanceMargin: 0n,
    freeEquity: leastEquity,
    ratio: { kind: 'deficit', deficit: -leastEquity },
    lines: [],
    scan: { underlyings: [], joint: [], worstJoint: null, sum: 0n, jointCharge: 0n, charge: 0n },
    positions: [],
    standalone: {
      venues: [],
      model: nothing,
      scan: nothing,
      venueOwn: null,
      savingAgainstModel: nothing,
      savingOnScan: nothing,
      savingAgainstVenues: null,
    },
    unpriced: [],
    firstLiquidations: [],
    // Nobody can tell, so nobody may rely on the contrary.
    venueCritical: true,
    withoutPhysics: [],
    nextExpiry: null,
    assumptions: ['The account holds what this model refuses, so it is answered as if it had lost everything.'],
  }
}

/** @throws {UnrecordableMarginError} when no record can carry the figures of an account. */
function requireRecordable({ equity, initialMargin, account }: MarginResult): void {
  if (equity >= leastEquity && equity <= mostEquity && initialMargin <= mostRequirement) return
  throw new UnrecordableMarginError(
    `Equity ${equity} and initial margin ${initialMargin} of ${account} fit no record.`,
    {
      metaMessages: [`A record holds equity from ${leastEquity} to ${mostEquity} and margins to ${mostRequirement}.`],
    },
  )
}

/** Whether an account can bring the refusal about by what it holds and owes. */
function isAccountRefusal(error: unknown): error is BaseError {
  return (
    error instanceof UnpricedLiabilityError ||
    error instanceof TooManyLiabilitiesError ||
    error instanceof UnrecordableMarginError
  )
}
