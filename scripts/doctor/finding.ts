/** One thing that was looked at. */
export type Finding = {
  readonly check: 'chain' | 'code' | 'domain' | 'roles' | 'signers' | 'liveness' | 'models' | 'pauses' | 'invalidation'
  readonly status: 'ok' | 'warning' | 'error'
  readonly detail: string
}

type Check = Finding['check']

export const ok = (check: Check, detail: string): Finding => ({ check, status: 'ok', detail })
export const warning = (check: Check, detail: string): Finding => ({ check, status: 'warning', detail })
export const error = (check: Check, detail: string): Finding => ({ check, status: 'error', detail })
