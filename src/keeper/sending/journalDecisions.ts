import type { Address } from 'viem'
import type { PinnedBlock } from '../../core/portfolio.ts'
import type { Decided } from '../decide.ts'
import type { DecisionEvent } from '../events.ts'
import { isPosted } from '../report.ts'
import type { Journal } from './journal.ts'

/**
 * Writes the decisions of rounds into a journal: all that lead to a post, and of the others the first of a row of equal ones, or
 * a thousand accounts would fill a disk by saying that nothing happened.
 */
export function journalDecisions(
  journal: Journal,
  chainId: number,
): (decided: readonly Decided[], block: PinnedBlock) => void {
  const lastCode = new Map<Address, DecisionEvent['code']>()
  return (decided, { number, timestamp }) => {
    const news = decided.filter(({ evaluated: { account }, code }) => isPosted(code) || lastCode.get(account) !== code)
    if (news.length === 0) return
    journal.decide(
      ...news.map(({ evaluated: { account, record, last }, code }) => ({
        ...{ chainId, blockNumber: number, time: timestamp, account, code, post: isPosted(code) },
        detail: {
          equity: record.equity,
          initialMargin: record.initialMargin,
          maintenanceMargin: record.maintenanceMargin,
          ...(last && {
            last: { equity: last.equity, initialMargin: last.initialMargin, observedAt: last.observedAt },
          }),
        },
      })),
    )
    for (const { evaluated, code } of news) lastCode.set(evaluated.account, code)
  }
}
