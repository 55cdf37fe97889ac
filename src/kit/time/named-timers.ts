import type { Clock } from "./clock.ts"

/** One timer for each reason: setting it again replaces the earlier one. */
export interface Timers<Reason extends string> {
  /** Calls `act` after `ms` milliseconds. */
  set(reason: Reason, ms: number, act: () => void): void
  clear(reason: Reason): void
  isSet(reason: Reason): boolean
  /** Clears all timers; later calls of `set` do nothing. */
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
