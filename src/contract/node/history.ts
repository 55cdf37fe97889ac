import * as z from "zod"

import { jsonIn } from "../../kit/text/json-text.ts"
import { count, type Immutable, sequenceField } from "../fields.ts"
import { VRRP_STATES } from "../vrrp.ts"

/** In the node's directory: the events of this node, one JSON text per line, oldest first. */
export const NODE_HISTORY_FILE = "history.jsonl"
/** Size at which that file is rotated, in bytes: room for about 300 of the longest lines, so at least that many are kept. */
export const NODE_HISTORY_BYTES = 128 * 1024

const LONGEST_REASON = 300
const reason = z.string().max(LONGEST_REASON)

/** A change of the state of a VRRP instance on this node. */
export type RoleChange = Immutable<z.infer<typeof role>>
const role = z.object({
  kind: z.literal("role"),
  /** Name of the instance. */
  instance: z.string(),
  /** ISO 8601; exact to the second if it comes from keepalived's log. */
  time: z.iso.datetime(),
  from: z.enum(VRRP_STATES),
  to: z.enum(VRRP_STATES),
  /** The reason; null if keepalived gives none. */
  reason: reason.nullable(),
})

/** A user pinned an archived generation, or ended the pin. */
export type PinChange = Immutable<z.infer<typeof pin>>
const pin = z.object({
  kind: z.enum(["rollback", "resume"]),
  time: z.iso.datetime(),
  /** Sequence of the pinned generation; null if unknown. */
  sequence: sequenceField.nullable(),
  /** The reason that the user gave; null if there is none. */
  reason: reason.nullable(),
})

/** A user drained the node, or ended that. */
export type DrainChange = Immutable<z.infer<typeof drain>>
const drain = z.object({
  kind: z.enum(["drain", "drain-ended"]),
  time: z.iso.datetime(),
  /** The reason that the user gave; null if there is none. */
  reason: reason.nullable(),
})

/** A generation that was replaced before it was archived, by one with other VIPs in effect: an outage can be that short. */
export type Replaced = Immutable<z.infer<typeof replaced>>
const replaced = z.object({
  kind: z.literal("replaced"),
  /** When it came into effect, ISO 8601. */
  time: z.iso.datetime(),
  sequence: sequenceField,
  /** Number of VIPs that it had in effect. */
  vips: count,
  /** What the next generation changed: the VIPs that it added and removed. */
  reason,
})

/** Something that a person may look for later: input that is not in effect as written, or another program's change. */
export type Trouble = Immutable<z.infer<typeof trouble>>
const trouble = z.object({
  kind: z.literal("trouble"),
  /**
   * `held`: entries are not in effect as written. `guard`: a guard holds a change that removes too much. `rejected`,
   * `rolled-back`, `stranded`: how the pass ended. `repair`: the kernel differed from the configuration, and was repaired.
   */
  what: z.enum(["held", "guard", "rejected", "rolled-back", "stranded", "repair"]),
  time: z.iso.datetime(),
  /** Sequence of the generation that it is about; null if unknown. */
  sequence: sequenceField.nullable(),
  reason,
})

/** An event in a node's history that is not a generation. */
export type NodeEvent = RoleChange | PinChange | DrainChange | Replaced | Trouble
const schema = z.discriminatedUnion("kind", [role, pin, drain, replaced, trouble])

/** The line of an event, without its line end; keys in the order of the schema. */
export function encodeNodeEvent(event: NodeEvent): string {
  const reason = event.reason === null ? null : event.reason.slice(0, LONGEST_REASON)
  return JSON.stringify(schema.parse({ ...event, reason }))
}

/** @returns null for an incomplete line, and for a line that another release wrote. */
export function decodeNodeEvent(line: string): NodeEvent | null {
  const parsed = schema.safeParse(jsonIn(line))
  return parsed.success ? parsed.data : null
}
