import * as z from "zod"

import { sequenceField } from "./shared-fields.ts"
import { VRRP_STATES, type VrrpState } from "./vrrp.ts"

/** In the node's directory: the events of this node, one JSON text per line, oldest first. */
export const NODE_HISTORY_FILE = "history.jsonl"
/** Size at which that file is rotated, in bytes: room for about 300 of the longest lines, so at least that many are kept. */
export const NODE_HISTORY_BYTES = 128 * 1024

/** A change of the state of a VRRP instance on this node. */
export interface RoleChange {
  readonly kind: "role"
  /** Name of the instance. */
  readonly instance: string
  /** ISO 8601; exact to the second if it comes from keepalived's log. */
  readonly time: string
  readonly from: VrrpState
  readonly to: VrrpState
  /** The reason; null if keepalived gives none. */
  readonly reason: string | null
}

/** A user pinned an archived generation, or ended the pin. */
export interface PinChange {
  readonly kind: "rollback" | "resume"
  /** ISO 8601. */
  readonly time: string
  /** Sequence of the pinned generation; null if unknown. */
  readonly sequence: number | null
  /** The reason that the user gave; null if there is none. */
  readonly reason: string | null
}

/** A generation that was replaced before it was archived, by one with other VIPs in effect: an outage can be that short. */
export interface Replaced {
  readonly kind: "replaced"
  /** When it came into effect, ISO 8601. */
  readonly time: string
  readonly sequence: number
  /** Number of VIPs that it had in effect. */
  readonly vips: number
  /** What the next generation changed: the VIPs that it added and removed. */
  readonly reason: string
}

/** An event in a node's history that is not a generation. */
export type NodeEvent = RoleChange | PinChange | Replaced

const LONGEST_REASON = 300

const role = z.object({
  kind: z.literal("role"),
  instance: z.string(),
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
      return JSON.stringify({ kind, instance: event.instance, time, from: event.from, to: event.to, reason })
    case "rollback":
    case "resume":
      return JSON.stringify({ kind, time, sequence: event.sequence, reason })
    case "replaced":
      return JSON.stringify({ kind, time, sequence: event.sequence, vips: event.vips, reason })
  }
}

/** @returns null for an incomplete line, and for a line that another release wrote. */
export function decodeNodeEvent(line: string): NodeEvent | null {
  try {
    const parsed = schema.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
