import type { Clock } from "../../src/kit/time/clock.ts"

export interface FakeClock extends Clock {
  /** Lets `ms` milliseconds pass: what waits for a moment in them goes on at just that moment, one after the other. */
  advance(ms: number): Promise<void>
}

interface Waiting {
  readonly at: number
  readonly wake: () => void
}

/** A clock that stands still unless it is advanced. */
export function createFakeClock(): FakeClock {
  let now = 0
  const waiting = new Set<Waiting>()

  function delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const entry: Waiting = {
        at: now + ms,
        wake: () => {
          waiting.delete(entry)
          signal?.removeEventListener("abort", entry.wake)
          resolve()
        },
      }
      waiting.add(entry)
      signal?.addEventListener("abort", entry.wake)
    })
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms
    for (;;) {
      await settled()
      const next = [...waiting].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      now = Math.max(now, next.at)
      next.wake()
    }
    now = end
  }

  return { now: () => now, delay, advance }
}

/** After this, everything that waits for nothing but promises has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
