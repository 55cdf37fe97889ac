import { setTimeout } from "node:timers/promises"

/** Time as an input: tests of code that waits do not have to wait. */
export interface Clock {
  /** Milliseconds since a fixed moment; never goes back, not even when the machine's date changes. */
  now(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's clock. A pending delay keeps the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  delay: (ms, signal) => setTimeout(Math.max(0, ms), undefined, { signal }).catch(() => {}),
}
