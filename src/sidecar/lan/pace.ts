import type { Clock } from "../../kit/clock.ts"

/** Makes what runs at most so much work at a time; the rest waits its turn. */
export function createLimit(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      // Its place goes to the next one, if there is one.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

/** Makes what finds something out once for all who ask within a time, ms, since it was begun. */
export function createMemo<T>(clock: Clock, lastingMs: number): (key: string, find: () => Promise<T>) => Promise<T> {
  let last: { readonly key: string; readonly at: number; readonly found: Promise<T> } | null = null
  return (key, find) => {
    if (last?.key !== key || clock.now() - last.at >= lastingMs) last = { key, at: clock.now(), found: find() }
    return last.found
  }
}
