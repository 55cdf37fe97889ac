import * as z from "zod"

import { type Decoded, decodeJson } from "./decode-file.ts"
import {
  count,
  generationNameField,
  problemField,
  type Read,
  schemaField,
  sequenceField,
  sha256Field,
} from "./fields.ts"
import { CONTENT_FILE, MANIFEST_FILE, SCHEMA } from "./layout.ts"

/** In the node's state directory: one gzipped tar for each generation that ran. */
export const ARCHIVE_DIRECTORY = "archive"
/** `<20-digit sequence>-<12 hex>.tar.gz`: the generation's name and the suffix. */
export const ARCHIVE_NAME = /^(\d{20})-([0-9a-f]{12})\.tar\.gz$/

/** In an archive: the generation's outcome. */
export const OUTCOME_FILE = "outcome.json"
/** In an archive: the keepalived.conf made from the generation. */
export const CONFIG_FILE = "keepalived.conf"
/** In an archive: the generation's own files, including the manifest. */
export const GENERATION_PREFIX = "generation/"

/** `outcome.json`: the outcome of a generation on one node. */
export type ArchiveOutcome = Read<typeof archiveOutcomeSchema>
export const archiveOutcomeSchema = z.object({
  schema: schemaField,
  sequence: sequenceField,
  /** The generation's directory name. */
  generation: generationNameField,
  /** When it was archived, ISO 8601. For people only; no decision depends on it. */
  time: z.string().max(40),
  /** `applied`: it passed its soak time. The others: how far it got. */
  outcome: z.enum(["applied", "rejected", "rolled-back", "stranded"]),
  /** Why it is not `applied`; null where it is. */
  reason: z.string().nullable(),
  node: z.string(),
  /** The interfaces of the VIPs. */
  interfaces: z.array(z.string()),
  /** Such as `2.3.3`; null when unknown. */
  keepalivedVersion: z.string().nullable(),
  /** Checksum of the keepalived.conf in the same archive. */
  configSha256: sha256Field,
  /** Addresses that it announces, in the order of the keepalived.conf. */
  vips: z.array(z.string()),
  virtualServers: count,
  realServers: count,
  problems: z.array(problemField),
})

/** Reads the text of `outcome.json`. */
export function decodeArchiveOutcome(text: string): Decoded<ArchiveOutcome> {
  return decodeJson(OUTCOME_FILE, archiveOutcomeSchema, text)
}

/** The text of `outcome.json`. Keys are in the order of the schema, so equal outcomes give equal bytes. */
export function encodeArchiveOutcome(outcome: ArchiveOutcome): string {
  return `${JSON.stringify(archiveOutcomeSchema.parse({ schema: SCHEMA, ...outcome }), null, 2)}\n`
}

/** Name of the archive of a generation, given its directory's name. */
export function archiveName(generation: string): string {
  return `${generation}.tar.gz`
}

/** True for the names of files that our archives contain; every other name in a tar is ignored. */
export function isArchiveMember(name: string): boolean {
  if (name === OUTCOME_FILE || name === CONFIG_FILE) return true
  if (!name.startsWith(GENERATION_PREFIX)) return false
  const inner = name.slice(GENERATION_PREFIX.length)
  return inner === MANIFEST_FILE || CONTENT_FILE.test(inner)
}
