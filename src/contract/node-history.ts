import * as z from "zod"

import { sequenceField } from "./fields.ts"
import { VRRP_STATES, type VrrpState } from "./vrrp.ts"

/** In the node's directory: what happened on this node, one JSON text a line, oldest first. */
export const NODE_HISTORY_FILE = "history.jsonl"
/** Size of that file at which it is put aside: some 300 of the longest lines, and at least so many are kept. */
export const NODE_HISTORY_BYTES = 128 * 1024

/** VRRP's state on this node has changed. */
export interface RoleChange {
  readonly kind: "role"
  /** ISO 8601; exact to the second where keepalived's log told it. */
  readonly time: string
  readonly from: VrrpState
  readonly to: VrrpState
  /** Why; null where keepalived gives no reason. */
  readonly reason: string | null
}

/** A person has pinned an archived generation, or has ended that. */
export interface PinChange {
  readonly kind: "rollback" | "resume"
  /** ISO 8601. */
  readonly time: string
  /** Of the pinned generation; null where nobody can tell. */
  readonly sequence: number | null
  /** In the words of the person; null where there are none. */
  readonly reason: string | null
}

/** A generation that had other VIPs in effect than the one after it, and was replaced before it was archived: an outage may be that short. */
export interface Replaced {
  readonly kind: "replaced"
  /** When it came into effect, ISO 8601. */
  readonly time: string
  readonly sequence: number
  /** How many VIPs it had in effect. */
  readonly vips: number
  /** What the generation after it changed: VIPs that came and went. */
  readonly reason: string
}

/** What the history of a node holds beside its generations. */
export type NodeEvent = RoleChange | PinChange | Replaced

const LONGEST_REASON = 300

const role = z.object({
  kind: z.literal("role"),
  time: z.iso.datetime(),
  from: z.enum(VRRP_STATES),
  to: z.enum(VRRP_STATES),
  reason: z.string().max(LONGEST_REASON).nullable(),
})
const pin = z.object({
  kind: z.enum(["rollback", "resume"]),
  time: z.iso.datetime(),
  sequence: sequenceField.nullable(),
  reason: z.string().max(LONGEST_REASON).nullable(),
})
const replaced = z.object({
  kind: z.literal("replaced"),
  time: z.iso.datetime(),
  sequence: sequenceField,
  vips: z.int().min(0),
  reason: z.string().max(LONGEST_REASON),
})
const schema = z.discriminatedUnion("kind", [role, pin, replaced])

/** The line of an event, without its line end. */
export function encodeNodeEvent(event: NodeEvent): string {
  const reason = event.reason === null ? null : event.reason.slice(0, LONGEST_REASON)
  const { kind, time } = event
  switch (event.kind) {
    case "role":
      return JSON.stringify({ kind, time, from: event.from, to: event.to, reason })
    case "rollback":
    case "resume":
      return JSON.stringify({ kind, time, sequence: event.sequence, reason })
    case "replaced":
      return JSON.stringify({ kind, time, sequence: event.sequence, vips: event.vips, reason })
  }
}

/** @returns null for half a line, and for what another release wrote. */
export function decodeNodeEvent(line: string): NodeEvent | null {
  try {
    const parsed = schema.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
