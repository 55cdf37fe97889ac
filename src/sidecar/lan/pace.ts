import type { Clock } from "../../kit/time/clock.ts"

/** Limits the work that runs at a time; the rest waits. */
export function createLimit(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      // The next waiting job, if any, takes the free place.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

/** Shares the result among all calls within a time, in ms, since the work began. */
export function createMemo<T>(clock: Clock, lastingMs: number): (key: string, find: () => Promise<T>) => Promise<T> {
  let last: { readonly key: string; readonly at: number; readonly found: Promise<T> } | null = null
  return (key, find) => {
    if (last?.key !== key || clock.now() - last.at >= lastingMs) last = { key, at: clock.now(), found: find() }
    return last.found
  }
}
