import { redactWhole } from '../../../src/chain/redact.ts'
import { valueRedactor } from '../../../src/chain/redactValue.ts'
import type { Secrets } from '../../../src/chain/secrets.ts'
import type { DecisionEvent, KeeperEvent, RoundEvent } from '../../../src/keeper/events.ts'
import type { KeeperLog } from '../../../src/keeper/observe/log.ts'
import { formatQuoteUnits } from '../../../src/report/money.ts'
import { say } from '../output.ts'

/** What a person at a terminal reads: accounts that rest are not named. */
export function textLog(secrets: Secrets): KeeperLog {
  const redacted = valueRedactor(secrets)
  return {
    observe(event) {
      const text = toText(event)
      if (text !== undefined) console.log(redactWhole(text, secrets))
    },
    say: (_, fields) => say(JSON.stringify(redacted(fields))),
  }
}

function toText(event: KeeperEvent): string | undefined {
  switch (event.event) {
    case 'started':
      return `Keeping ${event.accounts} accounts${event.live ? '' : '; nothing is sent without --live'}.`
    case 'draining':
      return 'Finishing what is begun…'
    case 'stopped':
      return 'Stopped.'
    case 'decision':
      return event.action === 'skipped' ? undefined : decisionText(event)
    case 'refused':
      return `${event.account}  REFUSED  ${event.error}: ${event.message}`
    case 'post': {
      const { form, code, accounts, hash, reason } = event
      const parts = [`  ${form} of ${accounts.length}`, code, hash, reason].filter((part) => part !== undefined)
      return parts.join('  ')
    }
    case 'transaction':
      return `  nonce ${event.nonce}  ${event.code}  ${event.hash}`
    case 'round':
      return roundText(event)
    case 'failure':
      return `FAILED  ${event.stage}  ${event.error}: ${event.message}`
    case 'cosign':
      return event.code === 'signed' ? undefined : `  co-signer ${event.peer}  ${event.code}  ${event.reason ?? ''}`
    case 'payer':
    case 'endpoint':
      // What is wrong with a node is said by who talks to it.
      return undefined
  }
}

function decisionText({ account, code, action, equity, initialMargin, ageSeconds }: DecisionEvent): string {
  const figures = `equity ${formatQuoteUnits(equity)}  IM ${formatQuoteUnits(initialMargin, 'up')}`
  const age = ageSeconds === undefined ? 'no record yet' : `last post ${ageSeconds} s ago`
  return `${account}  ${figures}  ${age}\n  ${action === 'posting' ? 'POST' : 'WOULD POST'}  ${code}`
}

function roundText({ blockNumber, blockHash, accounts, recomputed, refused, posts, seconds }: RoundEvent): string {
  const spent = Object.values(seconds).reduce((total, part) => total + part, 0)
  const counts = `${accounts} accounts, ${recomputed} calculated, ${refused} refused, ${posts} sent`
  return `round at block ${blockNumber} (${blockHash.slice(0, 10)})  ${counts}  ${spent.toFixed(2)} s`
}
