import * as z from "zod"

import { type Decoded, decodeJson } from "./decode-file.ts"
import {
  countsField,
  generationNameField,
  type Immutable,
  type Read,
  schemaField,
  sequenceField,
  sha256Field,
} from "./fields.ts"
import { POINTER_FILE, SCHEMA, sequenceOf } from "./layout.ts"

/** One process that writes the volume: after a restart, the same program is another writer. */
export type Writer = Immutable<z.infer<typeof writerField>>
const writerField = z.object({
  /** Source: random(4), boot_id. */
  bootId: z.string().max(64),
  pid: z.int().min(1),
  /** Seconds from boot to the start of the program. */
  startedAtUptime: z.number().min(0),
})

/** `current.json`: the current generation. */
export type Pointer = Read<typeof pointerSchema>
export const pointerSchema = z
  .object({
    schema: schemaField,
    /** Grows when, and only when, the content changes. Never a time. */
    sequence: sequenceField,
    writer: writerField,
    /** Name of the generation's directory below `generations/`; its digits are the sequence. */
    directory: generationNameField,
    /** Checksum of the bytes of that directory's `manifest.json`. */
    manifestSha256: sha256Field,
    counts: countsField,
  })
  .refine(({ directory, sequence }) => sequenceOf(directory) === sequence, "directory and sequence differ")

/** Reads the text of `current.json`. */
export function decodePointer(text: string): Decoded<Pointer> {
  return decodeJson(POINTER_FILE, pointerSchema, text)
}

/** The text of `current.json`; keys in a fixed order. */
export function encodePointer({ sequence, writer, directory, manifestSha256, counts }: Pointer): string {
  const { bootId, pid, startedAtUptime } = writer
  const value = {
    schema: SCHEMA,
    sequence,
    writer: { bootId, pid, startedAtUptime },
    directory,
    manifestSha256,
    counts,
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

/** True if both are the same process. */
export function isSameWriter(a: Writer, b: Writer): boolean {
  return a.bootId === b.bootId && a.pid === b.pid && a.startedAtUptime === b.startedAtUptime
}
