import type { PlannedCall, ReadPlan } from './readPlan.ts'

/** What the accounts of one venue at one block have read together, by name. */
export type SharedPlans = Map<string, SharedPlan>

/** A plan that many others wait for; `round` counts the answers that it was given. */
type SharedPlan = {
  readonly plan: ReadPlan<unknown>
  calls: readonly PlannedCall[]
  round: number
  end?: { readonly result: unknown } | { readonly error: unknown }
}

/**
 * Runs a plan whose result is the same for whoever asks, once for all: the first that is answered carries it on, and the others
 * wait by asking for one call of the same round. Without `shared` it runs as it is.
 *
 * @example
 * const reserves = yield* readOnce(context.shared, 'reserves', () => readReserves(pool))
 */
export function* readOnce<Result>(
  shared: SharedPlans | undefined,
  name: string,
  start: () => ReadPlan<Result>,
): ReadPlan<Result> {
  if (shared === undefined) return yield* start()
  const known = shared.get(name)
  const plan = known ?? { plan: start(), calls: [], round: 0 }
  if (known === undefined) {
    shared.set(name, plan)
    carryOn(plan, () => plan.plan.next())
  }
  let isFirst = known === undefined
  while (plan.end === undefined) {
    const { round, calls } = plan
    const answers: readonly unknown[] = yield isFirst ? calls : calls.slice(0, 1)
    if (plan.round > round) continue
    // Whoever was to carry it on has been refused meanwhile, or waits for an answer that this one has.
    if (isFirst || calls.length === 1) carryOn(plan, () => plan.plan.next(answers))
    else isFirst = true
  }
  if ('error' in plan.end) throw plan.end.error
  return plan.end.result as Result
}

function carryOn(plan: SharedPlan, next: () => IteratorResult<readonly PlannedCall[], unknown>): void {
  plan.round += 1
  try {
    const step = next()
    if (step.done === true) plan.end = { result: step.value }
    else plan.calls = step.value
  } catch (error) {
    plan.end = { error }
  }
}
