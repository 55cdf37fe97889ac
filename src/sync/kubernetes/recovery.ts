import { backoffMs } from "../../kit/backoff.ts"
import { ApiFault } from "../api-fault.ts"
import { type Collection, collectionTitle } from "./collection.ts"
import type { Patience } from "./patience.ts"

const LONGEST_BACKOFF_MS = 20_000

/** So many refusals in a row are tried again as any failure is. */
const HASTY_REFUSALS = 3

/** Knows how often something failed in a row, and so how long to wait before the next try. */
export interface Recovery {
  /** All has been well for a while: the waits begin anew. */
  settled(): void
  /** How long to wait after this fault, in ms; 0 where there is something better to do at once. */
  afterFault(fault: ApiFault): number
  /** How long to wait after a watch that ended at once and brought nothing, in ms. */
  afterShortWatch(): number
}

/** Another kind of failure is news of the API server, such as that it is back: so the waits begin anew. */
type Failure = "unreachable" | "refused" | "too old" | "garbled"

export function failureOf({ status, isGarbled }: ApiFault): Failure {
  if (isGarbled) return "garbled"
  if (status === 410) return "too old"
  return status === 403 || status === 404 ? "refused" : "unreachable"
}

/** @param random From 0 to below 1. */
export function createRecovery(patience: Patience, random: () => number): Recovery {
  let failures = 0
  let last: Failure | null = null

  function nextWait(leastMs: number): number {
    failures += 1
    // From once to twice the wait, which is a third of it around one and a half.
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
      // A version that is too old is no one's failure, and what a line that cannot be read has told is found by a list at
      // once; a second one on its heels is a failure.
      const atOnce = (failure === "too old" || failure === "garbled") && failures === 0
      // An API server that has just started refuses what it will grant a second later.
      const forGood = failure === "refused" && failures >= HASTY_REFUSALS
      const waitMs = nextWait(fault.retryAfterMs ?? 0)
      if (atOnce) return 0
      return forGood ? Math.round(patience.refusedMs * (1 + random())) : waitMs
    },
    afterShortWatch: () => nextWait(0),
  }
}

/** The fault that an event of the type ERROR tells. */
export function errorEvent(collection: Collection, object: unknown): ApiFault {
  const status: unknown = Reflect.get(Object(object), "code")
  const message: unknown = Reflect.get(Object(object), "message")
  return new ApiFault(`Cannot watch ${collectionTitle(collection)}: the API server ended it: ${String(message)}`, {
    status: typeof status === "number" ? status : null,
  })
}
