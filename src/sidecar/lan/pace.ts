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

/** Shares the result among all calls with the same key within a time, in ms, since the work began. */
export function createMemo<T>(clock: Clock, lastingMs: number): (key: string, find: () => Promise<T>) => Promise<T> {
  const shared = new Map<string, { readonly at: number; readonly found: Promise<T> }>()
  return (key, find) => {
    for (const [other, { at }] of shared) if (clock.now() - at >= lastingMs) shared.delete(other)
    const { found } = shared.get(key) ?? { found: find() }
    if (!shared.has(key)) shared.set(key, { at: clock.now(), found })
    return found
  }
}
