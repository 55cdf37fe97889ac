import * as cron from "node-cron"
import type { Log } from "../../kit/process/log.ts"
import { type StandingFaults, standsUntilDone } from "../faults/standing-faults.ts"

/** Periodic jobs. Safety does not depend on them, because they follow the wall clock. */
export interface Jobs {
  /** Compares the kernel with what should be in effect. */
  readonly drift: () => Promise<void>
  /** Removes files that are not needed any more. */
  readonly retention: () => Promise<void>
  /** Tries a refused text again. */
  readonly retest: () => void
}

/**
 * A cron expression for an interval in seconds.
 *
 * @returns null for an interval that a cron expression cannot give evenly: it must divide a minute, or be whole minutes
 * that divide an hour.
 */
export function driftCron(seconds: number): string | null {
  if (!Number.isInteger(seconds) || seconds < 1) return null
  if (seconds < 60) return 60 % seconds === 0 ? `*/${seconds} * * * * *` : null
  const minutes = seconds / 60
  return Number.isInteger(minutes) && 60 % minutes === 0 ? `0 */${minutes} * * * *` : null
}

/** Receives the failures of jobs. */
export interface Tellers {
  readonly log: Log
  readonly faults: Pick<StandingFaults, "raise" | "clear">
}

/** The work of each job, as a fault's message names it. */
const WHAT = {
  drift: "compare the kernel with what is in effect",
  retention: "remove files that are not needed any more",
  retest: "try a refused configuration again",
} as const

/** Starts the jobs. @returns a function that stops them; a job under way runs to its end. */
export function startSchedule(jobs: Jobs, driftExpression: string, tellers: Tellers): () => Promise<void> {
  const ends = [
    schedule("drift", { expression: driftExpression, job: jobs.drift }, tellers),
    schedule("retention", { expression: EVERY_TEN_MINUTES, job: jobs.retention }, tellers),
    schedule("retest", { expression: EVERY_TEN_MINUTES, job: jobs.retest }, tellers),
  ]
  return async () => {
    for (const end of ends) await end()
  }
}

const EVERY_TEN_MINUTES = "30 */10 * * * *"

/**
 * The library computes the time of the next run from the current date. The wait is our own timer, which the date does not affect,
 * so that two runs are never further apart than the expression says. The library's own runner waits for a date: after the clock
 * went back an hour it stopped for that hour, and after a change to 2040 it first counted every minute until then.
 */
function schedule(
  name: keyof Jobs,
  { expression, job }: { readonly expression: string; readonly job: () => Promise<void> | void },
  { log, faults }: Tellers,
): () => Promise<void> {
  const task = cron.createTask(expression, job, { name, timezone: "UTC" })
  let timer: NodeJS.Timeout | undefined
  let last: Date | undefined
  let ended = false
  const run = async (): Promise<void> => {
    try {
      await standsUntilDone(faults, { key: `job ${name}`, code: "JOB_FAILED", what: WHAT[name] }, async () => job())
    } catch (error) {
      log.error("job-failed", { job: name, error })
    }
    if (!ended) wait()
  }
  const wait = (): void => {
    const [next, afterNext] = task.getNextRuns(2)
    // A timer may fire a millisecond early; that run still belongs to the awaited date.
    const due = next?.getTime() === last?.getTime() ? afterNext : next
    last = due
    timer = setTimeout(() => void run(), Math.max(0, Number(due) - Date.now())).unref()
  }
  wait()
  return async () => {
    ended = true
    clearTimeout(timer)
    await task.destroy()
  }
}
