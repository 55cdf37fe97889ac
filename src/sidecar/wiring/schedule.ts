import * as cron from "node-cron"
import type { Log } from "../../kit/process/log.ts"
import type { Clock } from "../../kit/time/clock.ts"
import { type StandingFaults, standsUntilDone } from "../faults/standing-faults.ts"

/** Receives the failures of jobs. */
export interface Tellers {
  readonly clock: Clock
  readonly log: Log
  readonly faults: Pick<StandingFaults, "raise" | "clear">
}

/** The work of each job, as a fault's message names it. */
const WHAT = {
  drift: "compare the kernel with what is in effect",
  retention: "remove files that are not needed any more",
  retest: "try a refused configuration again",
} as const

/**
 * Starts the comparisons of the kernel with what should be in effect, on the monotonic clock. A comparison that takes longer
 * than the interval, or starts late, skips the times that it missed.
 *
 * @returns a function that ends them; a comparison under way runs to its end.
 */
export function startComparisons(compare: () => Promise<void>, everyMs: number, tellers: Tellers): () => void {
  const { clock } = tellers
  const ending = new AbortController()
  const { signal } = ending
  const repeat = async (): Promise<void> => {
    const startedAt = clock.now()
    for (;;) {
      await clock.delay(everyMs - ((clock.now() - startedAt) % everyMs), signal)
      if (signal.aborted) return
      await attempt("drift", compare, tellers)
    }
  }
  void repeat()
  return () => ending.abort()
}

/** Work that may happen at any time of the day. Safety does not depend on it, because it follows the date. */
export interface Chores {
  /** Removes files that are not needed any more. */
  readonly retention: () => Promise<void>
  /** Tries a refused text again. */
  readonly retest: () => void
}

/** When the sidecar does its chores, as a cron expression with seconds. */
export const CHORES_AT = "30 */10 * * * *"

/** Starts the chores. @returns a function that ends them; a chore under way runs to its end. */
export function startChores({ retention, retest }: Chores, expression: string, tellers: Tellers): () => Promise<void> {
  const ends = [
    schedule("retention", { expression, job: retention }, tellers),
    schedule("retest", { expression, job: retest }, tellers),
  ]
  return async () => {
    for (const end of ends) await end()
  }
}

/**
 * The library computes the time of the next run from the current date. The wait is our own, which the date does not affect,
 * so that two runs are never further apart than the expression says. The library's own runner waits for a date: after the clock
 * went back an hour it stopped for that hour, and after a change to 2040 it first counted every minute until then.
 */
function schedule(
  name: keyof Chores,
  { expression, job }: { readonly expression: string; readonly job: () => Promise<void> | void },
  tellers: Tellers,
): () => Promise<void> {
  const task = cron.createTask(expression, job, { name, timezone: "UTC" })
  const ending = new AbortController()
  const { signal } = ending
  const repeat = async (): Promise<void> => {
    let last: Date | undefined
    for (;;) {
      const [next, afterNext] = task.getNextRuns(2)
      // A wait may end a millisecond early; that run still belongs to the awaited date.
      const due = next?.getTime() === last?.getTime() ? afterNext : next
      last = due
      await tellers.clock.delay(Number(due) - Date.now(), signal)
      if (signal.aborted) return
      await attempt(name, job, tellers)
    }
  }
  void repeat()
  return async () => {
    ending.abort()
    await task.destroy()
  }
}

/** Never throws: a failure is reported until the job succeeds. */
async function attempt(
  name: keyof typeof WHAT,
  job: () => Promise<void> | void,
  { log, faults }: Tellers,
): Promise<void> {
  try {
    await standsUntilDone(faults, { key: `job ${name}`, code: "JOB_FAILED", what: WHAT[name] }, async () => job())
  } catch (error) {
    log.error("job-failed", { job: name, error })
  }
}
