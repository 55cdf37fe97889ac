import * as z from "zod"

import { ARCHIVE_NAME } from "../archive.ts"
import { type Decoded, decodeJson } from "../decode-file.ts"
import { type Read, schemaField, sequenceField } from "../fields.ts"
import { SCHEMA } from "../layout.ts"

/** In the node's state directory: present while a user holds an older generation in place. */
export const PIN_FILE = "pin.json"

/** `pin.json`: the archive that stays in effect, whatever sync publishes. */
export type Pin = Read<typeof pinSchema>
export const pinSchema = z
  .object({
    schema: schemaField,
    /** Name of a file in the archive, `<20-digit sequence>-<12 hex>.tar.gz`. */
    archive: z.string().regex(ARCHIVE_NAME),
    /** The sequence in that name. */
    sequence: sequenceField,
    /** The reason that the user gave. */
    reason: z.string().max(500),
    /** ISO 8601. For people only; no decision depends on it. */
    pinnedAt: z.string().max(40),
  })
  .refine(({ archive, sequence }) => Number(archive.slice(0, 20)) === sequence, "archive and sequence differ")

/** Reads the text of `pin.json`. */
export function decodePin(text: string): Decoded<Pin> {
  return decodeJson(PIN_FILE, pinSchema, text)
}

/** The text of `pin.json`; keys in a fixed order. */
export function encodePin({ archive, sequence, reason, pinnedAt }: Pin): string {
  return `${JSON.stringify({ schema: SCHEMA, archive, sequence, reason, pinnedAt }, null, 2)}\n`
}
