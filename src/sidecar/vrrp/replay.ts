import type { RoleChange } from "../../contract/node-history.ts"
import type { VrrpEvent } from "../ports.ts"

const SECOND = 1_000

/**
 * Of all that the log still keeps, what earlier agents have not seen. The log is exact to the second, so what the history
 * has of its last second is left out by its state.
 */
export function unknownEvents(events: readonly VrrpEvent[], roles: readonly RoleChange[]): readonly VrrpEvent[] {
  const last = roles.at(-1)
  if (last === undefined) return events
  const lastSecond = secondOf(Date.parse(last.time))
  const seen = new Set(roles.filter(({ time }) => secondOf(Date.parse(time)) === lastSecond).map(({ to }) => to))
  return events.filter(({ at, state }) => {
    if (at === null) return false
    return secondOf(at) > lastSecond || (secondOf(at) === lastSecond && !seen.has(state))
  })
}

function secondOf(ms: number): number {
  return Math.floor(ms / SECOND)
}
