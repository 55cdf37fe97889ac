import * as cron from "node-cron"
import type { Log } from "../kit/log.ts"
import { type StandingFaults, standsUntilDone } from "./standing-faults.ts"

/** What happens now and then, whatever else happens. Nothing that safety needs hangs on it: it follows the wall clock. */
export interface Jobs {
  /** Compare the kernel with what should be in effect. */
  readonly drift: () => Promise<void>
  /** Remove what nobody needs any more. */
  readonly retention: () => Promise<void>
  /** Try again what was refused. */
  readonly retest: () => void
}

/**
 * A cron expression for every so many seconds.
 *
 * @returns null for an interval that a cron expression cannot say evenly: it must divide a minute, or be whole minutes
 * that divide an hour.
 */
export function driftCron(seconds: number): string | null {
  if (!Number.isInteger(seconds) || seconds < 1) return null
  if (seconds < 60) return 60 % seconds === 0 ? `*/${seconds} * * * * *` : null
  const minutes = seconds / 60
  return Number.isInteger(minutes) && 60 % minutes === 0 ? `0 */${minutes} * * * *` : null
}

/** Who hears of a job that failed. */
export interface Tellers {
  readonly log: Log
  readonly faults: Pick<StandingFaults, "raise" | "clear">
}

/** What each job does, as the message of a fault says it. */
const WHAT = {
  drift: "look after the kernel from time to time",
  retention: "remove what nobody needs any more",
  retest: "try again what was refused",
} as const

/** Starts the jobs. @returns a function that ends them; a job under way goes on to its end. */
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
 * The library says when, by the date of that moment; the wait is a timer of ours, which no date changes, so that two runs are
 * never further apart than the expression says. Its own runner waits for one moment of the date: when the clock was set back an
 * hour it stood still for that hour, and when it was set to 2040 it first counted every minute until then.
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
    // A timer may ring a millisecond early: then this is still the moment that was waited for.
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
