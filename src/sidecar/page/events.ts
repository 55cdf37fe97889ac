import type { NodeEvent } from "../../contract/node/history.ts"
import { compare } from "../../kit/problem.ts"
import type { PageEvent } from "./data.ts"

/** A generation that came into effect on this node and is in the archive. */
export interface Applied {
  readonly sequence: number
  /** ISO 8601. */
  readonly time: string
}

/** Maximum events that are shown. */
const MOST = 200

/** What happened on this node, newest first. */
export function eventsOf(events: readonly NodeEvent[], applied: readonly Applied[]): readonly PageEvent[] {
  const archived = applied.map(({ sequence, time }): PageEvent => {
    return { time, kind: "applied", what: `generation ${sequence} is in effect`, why: null, sequence, role: null }
  })
  return [...events.map(eventOf), ...archived].toSorted((a, b) => compare(b.time, a.time)).slice(0, MOST)
}

function eventOf(event: NodeEvent): PageEvent {
  const { time, reason: why } = event
  switch (event.kind) {
    case "role": {
      const { instance, from, to } = event
      const what = `${from.toUpperCase()} > ${to.toUpperCase()} of ${instance}`
      return { time, kind: "role", what, why, sequence: null, role: { instance, to } }
    }
    case "replaced":
      return { ...base(event), kind: "applied", what: `generation ${event.sequence} was in effect`, why }
    case "rollback":
      return { ...base(event), kind: "pin", what: `pinned to generation ${event.sequence ?? "unknown"}`, why }
    case "resume":
      return { ...base(event), kind: "resume", what: "the pin ended", why }
    case "drain":
      return { ...base({ time, sequence: null }), kind: "drain", what: "drained", why }
    case "drain-ended":
      return { ...base({ time, sequence: null }), kind: "resume", what: "the drain ended", why }
    case "trouble":
      return { ...base(event), kind: event.what, what: TROUBLES[event.what], why }
  }
}

function base({ time, sequence }: { readonly time: string; readonly sequence: number | null }) {
  return { time, sequence, role: null }
}

const TROUBLES = {
  held: "entries are not in effect as written",
  guard: "a guard holds the newest generation",
  rejected: "the newest generation is rejected",
  "rolled-back": "the newest generation did not work and was rolled back",
  stranded: "neither the newest nor the last good generation works",
  repair: "the kernel differed, and is repaired",
} as const
