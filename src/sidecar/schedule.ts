import * as cron from "node-cron"
import type { Log } from "../kit/log.ts"

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

/** Starts the jobs. @returns a function that ends them. */
export function startSchedule(jobs: Jobs, driftExpression: string, log: Log): () => Promise<void> {
  const tasks = [
    schedule("drift", driftExpression, jobs.drift, log),
    schedule("retention", EVERY_TEN_MINUTES, jobs.retention, log),
    schedule("retest", EVERY_TEN_MINUTES, jobs.retest, log),
  ]
  return async () => {
    for (const task of tasks) await task.destroy()
  }
}

const EVERY_TEN_MINUTES = "30 */10 * * * *"

function schedule(name: string, expression: string, job: () => Promise<void> | void, log: Log): cron.ScheduledTask {
  const options = { name, timezone: "UTC", noOverlap: true, unref: true, suppressMissedWarning: true }
  const task = cron.createTask(expression, () => job(), options)
  // The library catches what a job throws and tells it only here.
  task.on("execution:failed", (context) => log.error("job-failed", { job: name, error: context.execution?.error }))
  void task.start()
  return task
}
