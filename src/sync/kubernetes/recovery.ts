import { fieldOf } from "../../kit/field.ts"
import { backoffMs } from "../../kit/time/backoff.ts"
import { ApiFault } from "../../kubernetes/api-fault.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import type { Timings } from "./timings.ts"

const LONGEST_BACKOFF_MS = 20_000

/** Number of refusals in a row that are retried like any other failure. */
const HASTY_REFUSALS = 3

/** Counts failures in a row, and gives the wait before the next try. */
export interface Recovery {
  /** Resets the waits after a while without failures. */
  settled(): void
  /** Wait after this fault, in ms; 0 if there is something better to do at once. */
  afterFault(fault: ApiFault): number
  /** Wait after a watch that ended at once without an event, in ms. */
  afterShortWatch(): number
}

/** Kinds of failures. Another kind means that the API server has changed, for example is back: then the waits start again. */
type Failure = "unreachable" | "refused" | "too old" | "garbled"

export function failureOf({ status, isGarbled }: ApiFault): Failure {
  if (isGarbled) return "garbled"
  if (status === 410) return "too old"
  return status === 403 || status === 404 ? "refused" : "unreachable"
}

/** @param random From 0 to below 1. */
export function createRecovery(patience: Timings, random: () => number): Recovery {
  let failures = 0
  let last: Failure | null = null

  function nextWait(leastMs: number): number {
    failures += 1
    // Gives one to two times the wait: 1.5 times, plus or minus a third of that.
    const pace = { firstMs: 1.5 * patience.backoffMs, maximumMs: LONGEST_BACKOFF_MS, jitter: 1 / 3 }
    return Math.max(backoffMs(pace, failures, random()), leastMs)
  }

  return {
    settled: () => {
      failures = 0
      last = null
    },
    afterFault: (fault) => {
      const failure = failureOf(fault)
      if (last !== failure) failures = 0
      last = failure
      // A version that is too old is not a failure, and an immediate list finds what an unreadable line contained. A second
      // one directly after it is a failure.
      const atOnce = (failure === "too old" || failure === "garbled") && failures === 0
      // An API server that has just started refuses requests that it allows a second later.
      const forGood = failure === "refused" && failures >= HASTY_REFUSALS
      const waitMs = nextWait(fault.retryAfterMs ?? 0)
      if (atOnce) return 0
      return forGood ? Math.round(patience.refusedMs * (1 + random())) : waitMs
    },
    afterShortWatch: () => nextWait(0),
  }
}

/** The fault in an event of the type ERROR. */
export function errorEvent(collection: Collection, object: unknown): ApiFault {
  const status = fieldOf(object, "code")
  const message = fieldOf(object, "message")
  return new ApiFault(`Cannot watch ${collectionTitle(collection)}: the API server ended it: ${String(message)}`, {
    status: typeof status === "number" ? status : null,
  })
}
