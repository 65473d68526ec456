type RegistryCheck =
  | 'chain'
  | 'code'
  | 'domain'
  | 'roles'
  | 'signers'
  | 'liveness'
  | 'models'
  | 'pauses'
  | 'invalidation'

type KeeperCheck =
  | 'config'
  | 'node'
  | `rpc ${number}`
  | 'rpc send'
  | 'quorum'
  | 'clock'
  | 'attestor'
  | 'threshold'
  | 'payer'
  | 'journal'
  | 'simulate'
  | 'alerts'

/** One thing that was looked at. */
export type Finding = {
  readonly check: RegistryCheck | KeeperCheck
  readonly status: 'ok' | 'warning' | 'error'
  readonly detail: string
}

type Check = Finding['check']

export const ok = (check: Check, detail: string): Finding => ({ check, status: 'ok', detail })
export const warning = (check: Check, detail: string): Finding => ({ check, status: 'warning', detail })
export const error = (check: Check, detail: string): Finding => ({ check, status: 'error', detail })
