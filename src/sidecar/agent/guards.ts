import type { Touches } from "./ports.ts"
import type { Guarding } from "./observe.ts"

/**
 * What the next step must not remove at once: the running configuration, or before a start, the one that ran last.
 *
 * @returns null when there is nothing to lose, or when a user pinned a generation.
 */
export function guardingOf({
  state,
  ports,
  options,
}: Touches<"state" | "options", "clock" | "isPinned" | "lastKnownGood" | "sourceAge">): Guarding | null {
  const { inEffect, endpointsLostSince, history } = state.known()
  const good = ports.lastKnownGood()?.record ?? null
  const before = inEffect?.model ?? history.past.model ?? good?.model ?? null
  if (before === null || ports.isPinned()) return null
  return {
    before,
    nodesBefore: (history.past.model === null ? good?.past.nodeCount : history.past.nodeCount) ?? 0,
    percent: options.guard.percent,
    believesInLostEndpoints: isBelieved(ports.clock.now(), endpointsLostSince),
  }

  /** The loss has lasted long enough, and sync has read its source since it began. */
  function isBelieved(now: number, since: number | null): boolean {
    if (since === null || now - since < options.guard.endpointsMs) return false
    const age = ports.sourceAge()
    return age.kind === "age" && age.seconds * 1000 < now - since
  }
}
