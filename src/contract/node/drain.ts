import * as z from "zod"

import { type Decoded, decodeJson } from "../decode-file.ts"
import { type Immutable, type Read, schemaField } from "../fields.ts"
import { SCHEMA } from "../layout.ts"

/** In the node's state directory: present while a user keeps this node from holding VIPs. */
export const DRAIN_FILE = "drain.json"

/** Maximum length of the reason, in characters. */
const LONGEST_REASON = 500

/** `drain.json`: the node hands its VIPs over, and takes them only if no other node announces them. */
export type Drain = Read<typeof drainSchema>
export const drainSchema = z.object({
  schema: schemaField,
  /** The reason that the user gave. */
  reason: z.string().max(LONGEST_REASON),
  /** ISO 8601. It tells one drain from the next: each hands the VIPs over once. */
  drainedAt: z.iso.datetime(),
})

/** That a node is drained, in its status and its report. */
export type Drained = Immutable<z.infer<typeof drainedField>>
export const drainedField = z.object({
  /** ISO 8601. */
  since: z.iso.datetime(),
  reason: z.string().max(LONGEST_REASON),
})

/** Reads the text of `drain.json`. */
export function decodeDrain(text: string): Decoded<Drain> {
  return decodeJson(DRAIN_FILE, drainSchema, text)
}

/** The text of `drain.json`; keys in a fixed order. */
export function encodeDrain({ reason, drainedAt }: Pick<Drain, "reason" | "drainedAt">): string {
  return `${JSON.stringify({ schema: SCHEMA, reason, drainedAt }, null, 2)}\n`
}
