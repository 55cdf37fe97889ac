import { join } from "node:path"

import { decodeNodeEvent, NODE_HISTORY_BYTES, NODE_HISTORY_FILE, type NodeEvent } from "../contract/node-history.ts"
import { linesOf } from "../kit/line-file.ts"

/** What happened on the node beside its generations, newest first. @throws when it is there and cannot be read. */
export function eventsOf(state: string): readonly NodeEvent[] {
  const lines = linesOf({ path: join(state, NODE_HISTORY_FILE), fullBytes: NODE_HISTORY_BYTES })
  return lines.flatMap((line) => decodeNodeEvent(line) ?? []).toReversed()
}

/** An event in words: what happened, and why. */
export function eventWords(event: NodeEvent): { readonly what: string; readonly why: string } {
  switch (event.kind) {
    case "role":
      return { what: `${event.from.toUpperCase()} > ${event.to.toUpperCase()}`, why: event.reason ?? "no reason given" }
  }
}
