import { type Clock, systemClock } from "./clock.ts"

export interface PacerOptions {
  /**
   * One pass. It reads the newest state itself; a request has no content. It may resolve with its cost in ms, if that differs
   * from its duration: waiting for others is not a cost. It resolves with null if it found nothing to do: the minimum interval
   * to the next run then counts from the last run that did something.
   */
  readonly run: () => Promise<number | null | void>
  /** Time that the first request of a burst waits for the others, in ms. */
  readonly gatherMs: number
  /** Minimum time from one start to the next, in ms. */
  readonly minimumIntervalMs: number
  /** Minimum time from one start to the next, as a multiple of the last run's cost: with 5, runs fill a fifth of the time. */
  readonly costFactor: number
  /** Maximum pause because of the cost, in ms; no limit if absent. */
  readonly maximumPauseMs?: number
  /** Called before each wait; null or absent: no quiet gaps. */
  readonly quietGap?: () => QuietGap | null
  /** Gets the error that a run threw. The pacer goes on; the caller decides whether and when to request again. */
  readonly onFault: (error: unknown) => void
  /** The machine's clock, except in tests. */
  readonly clock?: Clock
}

/** A regular pause, kept even under a steady stream of requests. */
export interface QuietGap {
  /** Maximum time from one pause to the next, in ms. */
  readonly everyMs: number
  /** Length of the pause, from the end of one run to the start of the next, in ms. */
  readonly lastingMs: number
}

export interface Pacer {
  /** Requests a run that starts after this moment. All requests before that start share one run. */
  request(): void
  /** Resolves once nothing runs and nothing is requested. */
  idle(): Promise<void>
  /** Starts no more runs and resolves when the current run has ended. Later requests are ignored. */
  stop(): Promise<void>
}

interface Run {
  readonly startedAt: number
  readonly endedAt: number
  readonly costMs: number
  /** When the last run that did something started; minus infinity before the first. */
  readonly didSomethingAt: number
  /** When the current series of runs without a quiet gap began. */
  readonly busySince: number
}

/**
 * Runs one pass at a time: it serves the first request at once, and gathers the others at a limited rate.
 *
 * A run starts `gatherMs` after its first request, but not earlier than `minimumIntervalMs`, and `costFactor` times the last
 * run's cost, after the last start. So each wait ends under any stream of requests; a timer that each request restarts would
 * never end under a steady one.
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
    // In the same step as the check of requestedAt: no run would serve a request that came in between.
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
