import { backoffMs } from "../../kit/backoff.ts"
import { faultText } from "../../kit/fault.ts"
import type { PassOutcome } from "../reconcile.ts"
import { createTurn, type TurnOptions } from "./turn.ts"

/** How often it looks at what the sidecar says, and the least time between two turns. */
const TURN_MS = 1000
const SHORTEST_TURN_MS = 100

const RETRY = { firstMs: 2000, maximumMs: 60_000, jitter: 1 / 3 }

/** Tells the cluster how this node fares and, at one node, how all do. Nothing waits for it, and no VIP depends on it. */
export interface Reporter {
  /** Hears how each pass of sync ended. */
  tell(outcome: PassOutcome): void
  /** Ends in order. */
  stop(): Promise<void>
}

/** Starts to report; what cannot be written is logged once and tried again, more and more rarely. */
export function startReporter(options: TurnOptions): Reporter {
  const { clock, log, random } = options
  const stop = new AbortController()
  let wake = new AbortController()
  const turn = createTurn(options)
  let failures = 0
  let said = ""

  /** Gives for how long to rest. */
  async function takeTurn(): Promise<number> {
    try {
      await turn.take()
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
      // A turn that failed is not taken again for every pass.
      await clock.delay(restMs, failures > 0 ? stop.signal : wake.signal)
    }
  }

  const ended = run()
  return {
    tell: (outcome) => {
      turn.tell(outcome)
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
