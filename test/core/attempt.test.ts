import { expect } from 'chai'
import { erc20Abi, zeroAddress } from 'viem'
import {
  BaseError,
  InconsistentReadError,
  MissingMarketDataError,
  StaleMarketDataError,
} from '../../src/core/errors.ts'
import { attempt, type PlannedCall, type ReadPlan, readTogether } from '../../src/core/readPlan.ts'
import { thrown } from '../support/rejection.ts'

const call: PlannedCall = { address: zeroAddress, abi: erc20Abi, functionName: 'decimals' }

/** Asks once per round, then fails or gives what it got. */
function* reading(rounds: number, error?: Error): ReadPlan<unknown> {
  let answers: readonly unknown[] = []
  for (let round = 0; round < rounds; round++) answers = yield [call]
  if (error !== undefined) throw error
  return answers[0]
}

function run<Result>(plan: ReadPlan<Result>): Result {
  let step = plan.next()
  for (let round = 1; step.done !== true; round++) step = plan.next(step.value.map(() => round))
  return step.value
}

describe('attempt', () => {
  const survivable = [StaleMarketDataError, MissingMarketDataError]

  it('lets the plans beside it go on, whatever round a survivable failure comes in', () => {
    for (const rounds of [0, 1, 3]) {
      const stale = new StaleMarketDataError('late')
      const outcome = run(
        readTogether([attempt(reading(rounds, stale), survivable), attempt(reading(2), survivable), reading(3)]),
      )
      expect(outcome).to.deep.equal([{ status: 'failed', error: stale }, { status: 'read', result: 2 }, 3])
    }
  })
  it('throws on what it was not allowed to survive', async () => {
    for (const error of [new InconsistentReadError('future'), new BaseError('other'), new TypeError('bug')]) {
      const plan = () => run(readTogether([attempt(reading(1, error), survivable), reading(2)]))
      expect(await thrown(plan, Error)).to.equal(error)
    }
  })
})
