import { createTimers } from "../time/named-timers.ts"
import type { Clock } from "../time/clock.ts"

/** Holds the newest value for a moment, so that a series of changes is written once, and writes it in the background. */
export interface WriteBehind<T> {
  /** Writes this value soon, in place of an older one that is not written yet. Never waits, never throws. */
  put(value: T): void
  /** Begins to write at once what is held. */
  flush(): void
  /** For the end: writes what is held, and resolves when no write is under way. What fails is not tried again. */
  idle(): Promise<void>
}

export interface WriteBehindOptions<T> {
  readonly clock: Clock
  /** Time from the first value of a series to its write, in ms. */
  readonly afterMs: number
  /** Writes a value; two writes never overlap. Never rejects. @returns whether the value is written. */
  readonly write: (value: T) => Promise<boolean>
  /** Time after which a failed write is tried again, in ms. Absent: only the next value is written. */
  readonly retryMs?: number
  /** Called with a value that is replaced before it was written. */
  readonly onReplaced?: (old: T, by: T) => void
}

export function createWriteBehind<T>(options: WriteBehindOptions<T>): WriteBehind<T> {
  const { clock, afterMs, write, retryMs, onReplaced } = options
  const timers = createTimers<"write">(clock)
  // A value may itself be null.
  let held: { readonly value: T } | null = null
  let work: Promise<void> = Promise.resolve()
  const later = (ms: number) => {
    if (!timers.isSet("write")) timers.set("write", ms, flush)
  }
  function flush(): void {
    timers.clear("write")
    if (held === null) return
    const taken = held
    held = null
    work = work.then(async () => {
      if ((await write(taken.value)) || retryMs === undefined) return
      held ??= taken
      later(retryMs)
    })
  }
  return {
    put: (value) => {
      if (held !== null) onReplaced?.(held.value, value)
      held = { value }
      later(afterMs)
    },
    flush,
    idle: async () => {
      flush()
      await work
      timers.clear("write")
    },
  }
}
