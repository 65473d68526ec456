import { expect } from 'chai'
import { parseAbi } from 'viem'
import { InconsistentReadError } from '../../src/core/errors.ts'
import { type PlannedCall, type ReadPlan, readAll, readTogether } from '../../src/core/readPlan.ts'
import { readOnce, type SharedPlans } from '../../src/core/sharedPlan.ts'

const abi = parseAbi(['function at(uint256 id) view returns (uint256)'])
const call = (id: bigint) =>
  ({ address: '0x00000000000000000000000000000000000000AA', abi, functionName: 'at', args: [id] }) as const

/** Two rounds: the second asks what the first answered. */
function* chain(started: { times: number }): ReadPlan<bigint> {
  started.times += 1
  const [first, other] = yield* readAll([call(1n), call(2n)])
  const [second] = yield* readAll([call(first + other)])
  return second * 10n
}

const answerOf = ({ args }: PlannedCall) => (args?.[0] as bigint) + 100n

/** Runs plans in lockstep as a reader of many does, in the given order each round; counts the calls that are asked. */
function run<Result>(
  plans: readonly ReadPlan<Result>[],
  order: (round: number) => number[] = () => plans.map((_, index) => index),
) {
  const outcomes: (Result | Error | undefined)[] = plans.map(() => undefined)
  let asked: (readonly PlannedCall[] | undefined)[] = plans.map(() => undefined)
  let count = 0
  const resume = (index: number, values?: readonly unknown[]) => {
    const plan = plans[index] as ReadPlan<Result>
    try {
      let step = values === undefined ? plan.next() : plan.next(values)
      while (step.done !== true && step.value.length === 0) step = plan.next([])
      asked[index] = step.done === true ? undefined : step.value
      if (step.done === true) outcomes[index] = step.value
      else count += step.value.length
    } catch (error) {
      outcomes[index] = error as Error
      asked[index] = undefined
    }
  }
  for (const index of order(0)) resume(index)
  for (let round = 1; asked.some((calls) => calls !== undefined) && round < 20; round++) {
    const now = asked
    asked = [...asked]
    for (const index of order(round)) {
      const calls = now[index]
      if (calls !== undefined) resume(index, calls.map(answerOf))
    }
  }
  return { outcomes, count }
}

describe('readOnce', () => {
  it('runs a plan once for all, whoever is answered first, and gives each the result', () => {
    for (const order of [
      () => [0, 1, 2, 3],
      () => [3, 2, 1, 0],
      (round: number) => (round % 2 === 0 ? [2, 0, 3, 1] : [1, 3, 0, 2]),
    ]) {
      const shared: SharedPlans = new Map()
      const started = { times: 0 }
      const plans = Array.from({ length: 4 }, () => readOnce(shared, 'chain', () => chain(started)))
      const { outcomes } = run(plans, order)
      // (1 + 100) + (2 + 100) = 203, which answers 303.
      expect(outcomes).to.deep.equal([3_030n, 3_030n, 3_030n, 3_030n])
      expect(started.times).to.equal(1)
      expect(run([readOnce(shared, 'chain', () => chain(started))])).to.deep.equal({ outcomes: [3_030n], count: 0 })
    }
  })

  it('asks little of those that wait', () => {
    const shared: SharedPlans = new Map()
    const plans = Array.from({ length: 10 }, () => readOnce(shared, 'chain', () => chain({ times: 0 })))
    expect(run(plans).count).to.equal(3 + 9 * 2)
  })

  it('goes on where the first of them was given up', () => {
    const shared: SharedPlans = new Map()
    const started = { times: 0 }
    const first = readOnce(shared, 'chain', () => chain(started))
    first.next()
    const { outcomes } = run([1, 2].map(() => readOnce(shared, 'chain', () => chain(started))))
    expect(outcomes).to.deep.equal([3_030n, 3_030n])
    expect(started.times).to.equal(1)
  })

  it('gives each the error of the plan, and none of another name', () => {
    const shared: SharedPlans = new Map()
    function* failing(): ReadPlan<bigint> {
      yield* readAll([call(1n)])
      throw new InconsistentReadError('wrong')
    }
    const plans = [
      readOnce(shared, 'failing', failing),
      readOnce(shared, 'failing', failing),
      readOnce(shared, 'chain', () => chain({ times: 0 })),
    ]
    const { outcomes } = run(plans)
    expect(outcomes.slice(0, 2).every((outcome) => outcome instanceof InconsistentReadError)).to.equal(true)
    expect(outcomes[2]).to.equal(3_030n)
  })

  it('runs beside others in one plan, and by itself where nothing is shared', () => {
    const shared: SharedPlans = new Map()
    const together = () => readTogether([readOnce(shared, 'chain', () => chain({ times: 0 })), readAll([call(7n)])])
    expect(run([together(), together()]).outcomes).to.deep.equal([
      [3_030n, [107n]],
      [3_030n, [107n]],
    ])
    const started = { times: 0 }
    run([1, 2].map(() => readOnce(undefined, 'chain', () => chain(started))))
    expect(started.times).to.equal(2)
  })
})
