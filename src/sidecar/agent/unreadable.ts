import type { Touches } from "./ports.ts"
import type { Observation } from "./observe.ts"

/** Time after which a generation with wrong checksums does not count as being written any more, in ms. */
const TORN_MS = 10_000
/** Wait before a torn generation is read again, in ms: at first, and after `TORN_MS`. */
const RETRY_MS = 250
const LATE_RETRY_MS = 2_000

/**
 * Raises a fault when the newest generation cannot be read, until one can: at once for content that a correct writer never
 * makes, and after ten seconds for a wrong checksum or size. A torn generation is read again and again.
 */
export function noteUnreadable(
  next: Observation,
  { state, ports, timers, requestObserve }: Touches<"state" | "timers" | "requestObserve", "clock" | "faults">,
): void {
  const { tornSince } = state.known()
  const isLasting = tornSince !== null && ports.clock.now() - tornSince >= TORN_MS
  if (tornSince !== null) timers.set("torn", isLasting ? LATE_RETRY_MS : RETRY_MS, requestObserve)
  const isRefused = next.kind === "no-generation" && next.reading === "refused"
  if (next.kind === "no-generation" && (isRefused || isLasting))
    ports.faults.raise("generation", {
      code: "GENERATION_UNREADABLE",
      message:
        `Cannot read the newest generation: ${next.reason}; what runs goes on; ` +
        "sync publishes it again when it finds the damage; look at sync's log, and for other programs that write to desired/",
    })
  else if (tornSince === null) ports.faults.clear("generation")
}
