import { type Clock, systemClock } from "./clock.ts"

export interface PacerOptions {
  /**
   * One pass. It reads the newest state itself; a request carries no content. It may resolve with what it cost, in ms,
   * where that is not what it took: waiting for others is no cost. Or with null where it found nothing to do: then the
   * next one need not keep the least time from it, only from the last that did something.
   */
  readonly run: () => Promise<number | null | void>
  /** How long the first request of a burst waits for the rest of it, in ms. */
  readonly gatherMs: number
  /** The least time from one start to the next, in ms. */
  readonly minimumIntervalMs: number
  /** The least time from one start to the next, as a multiple of what the last run took: 5 lets runs fill a fifth of the time. */
  readonly costFactor: number
  /** The longest pause that the cost may ask for, in ms; without limit if absent. */
  readonly maximumPauseMs?: number
  /** Asked before each wait; null or absent: runs may follow one another for ever. */
  readonly quietGap?: () => QuietGap | null
  /** Gets what a run threw. The pacer goes on; whether to request again, and when, is the caller's choice. */
  readonly onFault: (error: unknown) => void
  /** The machine's clock unless a test brings its own. */
  readonly clock?: Clock
}

/** A pause that even a steady stream of requests leaves now and then. */
export interface QuietGap {
  /** At least once in this many ms, measured from the end of the last pause. */
  readonly everyMs: number
  /** From the end of one run to the start of the next, in ms. */
  readonly lastingMs: number
}

export interface Pacer {
  /** Asks for a run that starts after this moment. Any number of requests before that start are one. */
  request(): void
  /** Resolves once nothing runs and nothing is asked for. */
  idle(): Promise<void>
  /** Starts nothing any more and resolves when the run under way has ended. Later requests are ignored. */
  stop(): Promise<void>
}

interface Run {
  readonly startedAt: number
  readonly endedAt: number
  readonly costMs: number
  /** When the last run that did something started; minus infinity before the first. */
  readonly didSomethingAt: number
  /** When the runs that follow one another without a quiet gap began. */
  readonly busySince: number
}

/**
 * Runs one pass at a time: the first request at once, the rest together and at a bearable pace.
 *
 * A run starts `gatherMs` after its first request, but no sooner after the last start than `minimumIntervalMs` and
 * `costFactor` times what that run cost. So the wait has an end whatever the stream of requests: a timer that each
 * request restarts would starve under a steady one.
 */
export function createPacer(options: PacerOptions): Pacer {
  const clock = options.clock ?? systemClock
  const stopping = new AbortController()
  let requestedAt: number | null = null
  let work: Promise<void> | null = null

  function request(): void {
    requestedAt ??= clock.now()
    work ??= untilDone()
  }

  let last: Run | null = null
  async function untilDone(): Promise<void> {
    while (requestedAt !== null) {
      await clock.delay(Math.max(0, dueAt(options, last, requestedAt) - clock.now()), stopping.signal)
      requestedAt = null
      if (!stopping.signal.aborted) last = await runOnce(options, clock, last)
    }
    // In the same step as the look at requestedAt: a request in between would find no one to serve it.
    work = null
  }

  async function idle(): Promise<void> {
    while (work !== null) await work
  }

  function stop(): Promise<void> {
    stopping.abort()
    return idle()
  }

  return { request, idle, stop }
}

function dueAt(options: PacerOptions, last: Run | null, requestedAt: number): number {
  const gathered = requestedAt + options.gatherMs
  if (last === null) return gathered
  const latest = last.endedAt + (options.maximumPauseMs ?? Number.POSITIVE_INFINITY)
  const affordable = Math.min(last.startedAt + options.costFactor * last.costMs, latest)
  const paced = Math.max(last.didSomethingAt + options.minimumIntervalMs, affordable)
  const gap = options.quietGap?.() ?? null
  const mustPause = gap !== null && last.endedAt - last.busySince >= gap.everyMs - gap.lastingMs
  return Math.max(gathered, paced, mustPause ? last.endedAt + gap.lastingMs : 0)
}

async function runOnce(options: PacerOptions, clock: Clock, last: Run | null): Promise<Run> {
  const startedAt = clock.now()
  const lastingMs = options.quietGap?.()?.lastingMs ?? 0
  const paused = last === null || startedAt - last.endedAt >= lastingMs
  let cost: number | null | void = undefined
  try {
    cost = await options.run()
  } catch (error) {
    options.onFault(error)
  }
  const endedAt = clock.now()
  return {
    startedAt,
    endedAt,
    costMs: cost ?? endedAt - startedAt,
    didSomethingAt: cost === null ? (last?.didSomethingAt ?? Number.NEGATIVE_INFINITY) : startedAt,
    busySince: paused ? startedAt : last.busySince,
  }
}
