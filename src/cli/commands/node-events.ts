import { join } from "node:path"

import {
  decodeNodeEvent,
  encodeNodeEvent,
  NODE_HISTORY_BYTES,
  NODE_HISTORY_FILE,
  type NodeEvent,
} from "../../contract/node/history.ts"
import { faultText } from "../../kit/fault.ts"
import { addLine, linesOf } from "../../kit/files/line-file.ts"
import type { Terminal } from "../output/terminal.ts"

/** The events of the node beside its generations, newest first. @throws when the file exists but cannot be read. */
export function eventsOf(state: string): readonly NodeEvent[] {
  const lines = linesOf({ path: join(state, NODE_HISTORY_FILE), fullBytes: NODE_HISTORY_BYTES })
  return lines.flatMap((line) => decodeNodeEvent(line) ?? []).toReversed()
}

/** Adds an event to the history. If that fails, the action stays done, and a note is printed. */
export async function noteEvent(state: string, terminal: Pick<Terminal, "err">, event: NodeEvent): Promise<void> {
  try {
    await addLine({ path: join(state, NODE_HISTORY_FILE), fullBytes: NODE_HISTORY_BYTES }, encodeNodeEvent(event))
  } catch (error) {
    terminal.err(`note: Cannot write the history of this node: ${faultText(error)}\n`)
  }
}

/** An event in words: what happened, and why. The instance of a role is named if the events are about several. */
export function eventWords(event: NodeEvent, hasSeveral: boolean): { readonly what: string; readonly why: string } {
  switch (event.kind) {
    case "role":
      return {
        what: `${event.from.toUpperCase()} > ${event.to.toUpperCase()}${hasSeveral ? ` of ${event.instance}` : ""}`,
        why: event.reason ?? "no reason given",
      }
    case "trouble":
      return { what: event.what, why: event.reason }
    case "replaced":
      return { what: "applied", why: event.reason }
    case "rollback":
      return { what: `rollback to ${event.sequence}`, why: event.reason ?? "no reason given" }
    case "drain":
      return { what: "drain", why: event.reason ?? "no reason given" }
    case "drain-ended":
      return { what: "drain ended", why: event.reason ?? "" }
    case "resume":
      return { what: "resume", why: event.sequence === null ? "" : `generation ${event.sequence} is no longer pinned` }
  }
}
