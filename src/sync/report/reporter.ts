import { backoffMs } from "../../kit/time/backoff.ts"
import { faultText } from "../../kit/fault.ts"
import type { PassOutcome } from "../reconcile.ts"
import { createReportPass, type ReportPassOptions } from "./report-pass.ts"

/** Time between two reads of the sidecar's status, and minimum time between two turns, in ms. */
const TURN_MS = 1000
const SHORTEST_TURN_MS = 100

const RETRY = { firstMs: 2000, maximumMs: 60_000, jitter: 1 / 3 }

/** Reports this node's state to the cluster and, on one node, the state of all. Nothing waits for it, and no VIP depends on it. */
export interface Reporter {
  /** Gets the outcome of each pass. */
  tell(outcome: PassOutcome): void
  /** Ends cleanly. */
  stop(): Promise<void>
}

/** Starts to report. It logs a write fault once and tries again, less and less often. */
export function startReporter(options: ReportPassOptions): Reporter {
  const { clock, log, random } = options
  const stop = new AbortController()
  let wake = new AbortController()
  const turn = createReportPass(options)
  let failures = 0
  let said = ""

  /** @returns Time to wait, in ms. */
  async function takeTurn(): Promise<number> {
    try {
      await turn.run()
      failures = 0
      said = ""
      return TURN_MS
    } catch (error) {
      failures += 1
      const retryAfterMs = backoffMs(RETRY, failures, random())
      const reason = faultText(error)
      if (reason !== said && !stop.signal.aborted) log.warn("cannot report", { reason, retryAfterMs })
      said = reason
      return retryAfterMs
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      wake = new AbortController()
      const restMs = await takeTurn()
      await clock.delay(SHORTEST_TURN_MS, stop.signal)
      // A failed turn is not repeated at every pass.
      await clock.delay(restMs, failures > 0 ? stop.signal : wake.signal)
    }
  }

  const ended = run()
  return {
    tell: (outcome) => {
      turn.recordOutcome(outcome)
      wake.abort()
    },
    stop: async () => {
      stop.abort()
      wake.abort()
      await ended
      await turn.release().catch((error: unknown) => log.debug("lease not released", { reason: faultText(error) }))
    },
  }
}
