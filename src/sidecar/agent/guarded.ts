import type { Guarded } from "../../core/model/guards.ts"
import type { Touches } from "./ports.ts"

/**
 * What the next change must not remove at once: the running configuration, or before a start, the one that ran last.
 *
 * @returns null when there is nothing to lose, or when a user pinned a generation.
 */
export function guardedBy({
  state,
  ports,
  options,
}: Touches<"state" | "options", "clock" | "isPinned" | "lastKnownGood" | "sourceAge">): Guarded | null {
  const { inEffect, endpointsLostSince, history } = state.known()
  const good = ports.lastKnownGood()?.record ?? null
  const model = inEffect?.model ?? history.past.model ?? good?.model ?? null
  if (model === null || ports.isPinned()) return null
  return {
    model,
    nodes: (history.past.model === null ? good?.past.nodeCount : history.past.nodeCount) ?? 0,
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
