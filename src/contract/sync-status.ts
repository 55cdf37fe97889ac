import * as z from "zod"

import { flowText } from "../kit/text/yaml-text.ts"
import { type Decoded, decodeYamlFile } from "./decode-file.ts"
import {
  generationNameField,
  listLines,
  problemField,
  problemLine,
  type Read,
  schemaField,
  sequenceField,
} from "./fields.ts"
import { SCHEMA, STATUS_FILE } from "./layout.ts"

/** `desired/status.yaml`: the state of sync and of its source, for people and probes. */
export type SyncStatus = Read<typeof syncStatusSchema>
export const syncStatusSchema = z.object({
  schema: schemaField,
  /**
   * `published`: the newest input is the current generation. `held`: the input has problems, and the last good
   * generation stays. `failed`: the input is good, but sync cannot write it to the volume; the last good generation stays.
   * `waiting`: sync has not published anything yet.
   */
  state: z.enum(["published", "held", "failed", "waiting"]),
  /** When `state` last changed, ISO 8601. For people only; no decision depends on it. */
  since: z.string(),
  /** Where the objects come from, such as a directory's path. */
  source: z.string(),
  /** Sequence of the current generation; null before the first. */
  sequence: sequenceField.nullable(),
  directory: generationNameField.nullable(),
  /** Why the input is held or cannot be written; includes warnings. */
  problems: z.array(problemField),
})

/** Reads the text of `desired/status.yaml`. */
export function decodeSyncStatus(text: string): Decoded<SyncStatus> {
  return decodeYamlFile(STATUS_FILE, syncStatusSchema, text)
}

/** The text of `desired/status.yaml`; one problem per line. */
export function encodeSyncStatus(status: SyncStatus): string {
  return (
    `schema: ${SCHEMA}\n` +
    `state: ${status.state}\n` +
    `since: ${flowText(status.since)}\n` +
    `source: ${flowText(status.source)}\n` +
    `sequence: ${status.sequence}\n` +
    `directory: ${status.directory === null ? "null" : flowText(status.directory)}\n` +
    listLines("problems", status.problems, problemLine)
  )
}
