/** Time as an input: what waits for it can be tested without waiting. */
export interface Clock {
  /** Milliseconds from some fixed moment; never goes back, not even when the machine's date is set. */
  now(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own clock. A waiting delay keeps the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  delay: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const end = () => {
        clearTimeout(timer)
        signal?.removeEventListener("abort", end)
        resolve()
      }
      const timer = setTimeout(end, Math.max(0, ms))
      signal?.addEventListener("abort", end)
    }),
}
