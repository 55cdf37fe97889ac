import type { Clock } from "../../../src/kit/time/clock.ts"

const SPEED = 50
const { setTimeout: realTimeout, setInterval: realInterval } = globalThis

/** Has all timers of this process run fifty times faster than they are. */
export function hurry(): void {
  globalThis.setTimeout = ((act: () => void, ms = 0, ...rest: []) =>
    realTimeout(act, ms / SPEED, ...rest)) as typeof realTimeout
  globalThis.setInterval = (act: () => void, ms = 0, ...rest: []) => realInterval(act, ms / SPEED, ...rest)
}

/** The clock that goes with such timers. */
export const fastClock: Clock = {
  now: () => performance.now() * SPEED,
  delay: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener("abort", () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}

/** Waits for so many true milliseconds. */
export function realDelay(ms: number): Promise<void> {
  return new Promise((resolve) => realTimeout(resolve, ms))
}
