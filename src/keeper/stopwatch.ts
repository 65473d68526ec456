import type { RoundEvent } from './events.ts'

type Stage = keyof RoundEvent['seconds']

/** Wall-clock time by stage; stages may come back. */
export function stopwatch(first: Stage): { turn(stage: Stage): void; stop(): RoundEvent['seconds'] } {
  const seconds: Record<Stage, number> = { read: 0, margin: 0, decide: 0, sign: 0, send: 0 }
  let stage = first
  let since = performance.now()
  const turn = (next: Stage) => {
    const now = performance.now()
    seconds[stage] += (now - since) / 1_000
    since = now
    stage = next
  }
  return {
    turn,
    stop: () => {
      turn(stage)
      return { ...seconds }
    },
  }
}
