import type { Clock } from "./clock.ts"

/** One timer for each reason: a later wish for the same reason replaces the earlier one. */
export interface Timers<Reason extends string> {
  /** Has `act` called after `ms` milliseconds. */
  set(reason: Reason, ms: number, act: () => void): void
  clear(reason: Reason): void
  isSet(reason: Reason): boolean
  /** Clears all of them; nothing can be set any more. */
  stop(): void
}

export function createTimers<Reason extends string>(clock: Clock): Timers<Reason> {
  const waiting = new Map<Reason, AbortController>()
  let stopped = false
  const clear = (reason: Reason) => {
    waiting.get(reason)?.abort()
    waiting.delete(reason)
  }
  return {
    set: (reason, ms, act) => {
      clear(reason)
      if (stopped) return
      const mine = new AbortController()
      waiting.set(reason, mine)
      void clock.delay(Math.max(0, ms), mine.signal).then(() => {
        if (mine.signal.aborted) return
        waiting.delete(reason)
        act()
      })
    },
    clear,
    isSet: (reason) => waiting.has(reason),
    stop: () => {
      stopped = true
      for (const reason of waiting.keys()) clear(reason)
    },
  }
}
