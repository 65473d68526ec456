import type { EndpointEvent, KeeperEvent, KeeperObserver } from '../events.ts'

export type ObserveKeeperOptions = {
  /** Told every event in this order; `standing` first, since the others look at it. */
  readonly observers: readonly KeeperObserver[]
  /** How the nodes stand, asked after each round and each failure. */
  readonly endpoints?: () => readonly EndpointEvent[]
  /** Told of nodes whose status is another than before, and of nothing else of them; a log, for example. */
  readonly quiet?: readonly KeeperObserver[]
  /** Is told that an observer threw; what watches a keeper must not stop it. */
  readonly onError?: (error: unknown) => void
}

/** One observer of many: none of them can stop the keeper or the others. */
export function observeKeeper({
  observers,
  endpoints = () => [],
  quiet = [],
  onError = () => {},
}: ObserveKeeperOptions): KeeperObserver {
  const statuses = new Map<string, string>()

  function tell(list: readonly KeeperObserver[], event: KeeperEvent): void {
    for (const observer of list) attempt(() => observer(event), onError)
  }

  function observe(event: KeeperEvent): void {
    if (event.event !== 'endpoint') {
      tell(quiet, event)
    } else {
      if (statuses.get(event.endpoint) !== event.status) tell(quiet, event)
      statuses.set(event.endpoint, event.status)
    }
    tell(observers, event)
  }

  return (event) => {
    // Nodes first: what the others conclude from a round rests on how its nodes stood.
    if (event.event === 'round' || event.event === 'failure') {
      attempt(() => endpoints().forEach(observe), onError)
    }
    observe(event)
  }
}

function attempt(run: () => void, onError: (error: unknown) => void): void {
  try {
    run()
  } catch (error) {
    try {
      onError(error)
    } catch {
      // Whoever is told of failures has failed: nobody is left to tell, and watching must not stop the keeper.
    }
  }
}
