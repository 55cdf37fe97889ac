import * as z from "zod"

import { type Decoded, decodeJson } from "./decode.ts"
import { type Counts, countsField, schemaField, sequenceField, sha256Field } from "./fields.ts"
import { CONTENT_FILE, MANIFEST_FILE, MAXIMUM_FILE_BYTES, MAXIMUM_FILES, SCHEMA } from "./layout.ts"
import { sha256Of } from "./sha256.ts"

/** A file of a generation. */
export interface ManifestFile {
  /** Path below the generation's directory, such as `services/default/echo.yaml`. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  readonly sha256: string
}

/** Where the objects of one kind came from. */
export interface ManifestResource {
  /** `configmaps`, `services`, `endpointslices`, `endpoints` or `nodes`. */
  readonly resource: string
  /** Always true: a generation is published only after everything was listed once. */
  readonly listed: boolean
  /** The resourceVersion of the list; null where the source has none, such as a directory. */
  readonly resourceVersion: string | null
}

/** `manifest.json`: all that a generation consists of. */
export interface Manifest {
  readonly sequence: number
  /** `contentSha256Of` the files: equal content, equal checksum. */
  readonly contentSha256: string
  readonly counts: Counts
  readonly resources: readonly ManifestResource[]
  /** Sorted by name. */
  readonly files: readonly ManifestFile[]
}

const fileSchema = z.object({
  name: z.string().regex(CONTENT_FILE),
  size: z.int().min(0).max(MAXIMUM_FILE_BYTES),
  sha256: sha256Field,
})

export const manifestSchema = z.object({
  schema: schemaField,
  sequence: sequenceField,
  contentSha256: sha256Field,
  counts: countsField,
  resources: z.array(z.object({ resource: z.string(), listed: z.boolean(), resourceVersion: z.string().nullable() })),
  files: z.array(fileSchema).max(MAXIMUM_FILES),
})

/** Reads the text of `manifest.json`. */
export function decodeManifest(text: string): Decoded<Manifest> {
  return decodeJson(MANIFEST_FILE, manifestSchema, text)
}

/**
 * Makes a `decodeManifest` that looks only at the lines which the manifest before did not have, and gives the same
 * objects for the others: of a thousand files one has changed. The result is that of `decodeManifest`.
 */
export function createManifestDecoder(): (text: string) => Decoded<Manifest> {
  let known: readonly FileLine[] = []
  return (text) => {
    const byLine = decodeByLine(text, known)
    if (byLine === null) return decodeManifest(text)
    known = byLine.lines
    return { kind: "value", value: byLine.manifest }
  }
}

/** A file as its line in the manifest says. */
interface FileLine {
  readonly line: string
  readonly file: ManifestFile
}

/** The text around the lines of files, and between them. A line feed stands in no JSON string: these are never within a value. */
const BEFORE_FILES = '\n  "files": [\n'
const BETWEEN_FILES = ",\n"
const AFTER_FILES = "\n  ]\n}\n"

/** Null where a full parser has to look: at another layout, and at all that is wrong. */
function decodeByLine(
  text: string,
  known: readonly FileLine[],
): { readonly manifest: Manifest; readonly lines: readonly FileLine[] } | null {
  const begin = text.indexOf(BEFORE_FILES)
  if (begin === -1 || !text.endsWith(AFTER_FILES)) return null
  // With no file in it the rest is JSON of its own, and only if the brackets before it are balanced.
  const around = decodeJson(MANIFEST_FILE, manifestSchema, `${text.slice(0, begin)}\n  "files": []\n}\n`)
  if (around.kind !== "value") return null
  const texts = text.slice(begin + BEFORE_FILES.length, -AFTER_FILES.length).split(BETWEEN_FILES)
  if (texts.length > MAXIMUM_FILES) return null
  const lines: FileLine[] = []
  const files: ManifestFile[] = []
  let next = 0
  for (const line of texts) {
    const before = known[next]
    const found = before?.line === line ? before : fileLine(line)
    if (found === null) return null
    // Both are sorted: what stands up to this name is done with.
    while ((known[next]?.file.name ?? AFTER_ALL_NAMES) <= found.file.name) next += 1
    lines.push(found)
    files.push(found.file)
  }
  return { manifest: { ...around.value, files }, lines }
}

/** Names of files are ASCII. */
const AFTER_ALL_NAMES = "\u{7f}"

/** As `encodeManifest` writes it: no escapes, since no name of a file needs any. */
const FILE_LINE = /^ {4}\{"name":"([^"\\]+)","size":(0|[1-9][0-9]{0,9}),"sha256":"([0-9a-f]{64})"\}$/

/** Says what `fileSchema` says of such a line; null for every other one. */
function fileLine(line: string): FileLine | null {
  const [, name = "", digits, sha256 = ""] = FILE_LINE.exec(line) ?? []
  const size = Number(digits)
  return CONTENT_FILE.test(name) && size <= MAXIMUM_FILE_BYTES ? { line, file: { name, size, sha256 } } : null
}

/** The text of `manifest.json`: one file a line, so that `diff` shows what changed. */
export function encodeManifest({ sequence, contentSha256, counts, resources, files }: Manifest): string {
  const head = { schema: SCHEMA, sequence, contentSha256, counts }
  const fields = Object.entries(head).map(([key, value]) => `  "${key}": ${JSON.stringify(value)},\n`)
  return `{\n${fields.join("")}  "resources": ${lines(resources)},\n  "files": ${lines(files)}\n}\n`
}

/**
 * The checksum that names a generation: sha256 over the lines `<sha256>  <name>`, sorted by name. The output of
 * `sha256sum` over the same files has the same checksum.
 *
 * @param files Sorted by name.
 */
export function contentSha256Of(files: readonly Pick<ManifestFile, "name" | "sha256">[]): string {
  return sha256Of(files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(""))
}

function lines(items: readonly object[]): string {
  if (items.length === 0) return "[]"
  return `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`
}
