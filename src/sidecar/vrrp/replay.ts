import type { RoleChange } from "../../contract/node/history.ts"
import type { VrrpEvent } from "../ports.ts"

const SECOND = 1_000

/**
 * The events in the log that earlier agents have not seen. The log is exact to the second, so events of the history's last
 * second are recognized by their state.
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
