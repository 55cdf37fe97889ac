import { createHash } from "node:crypto"

import * as z from "zod"

import { type Decoded, decodeJson } from "./decode.ts"
import { type Counts, countsField, schemaField, sequenceField, sha256Field } from "./fields.ts"
import { CONTENT_FILE, MANIFEST_FILE, MAXIMUM_FILE_BYTES, MAXIMUM_FILES, SCHEMA } from "./layout.ts"

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

/** The same with the files as they are, for a look at those that are new alone. */
const aroundFilesSchema = manifestSchema.extend({ files: z.array(z.unknown()).max(MAXIMUM_FILES) })

/**
 * Reads the text of `manifest.json`.
 *
 * @param known Files of an earlier manifest, by name: what is equal was checked then, which shows from a thousand on.
 */
export function decodeManifest(text: string, known: ReadonlyMap<string, ManifestFile> = new Map()): Decoded<Manifest> {
  const around = decodeJson(MANIFEST_FILE, aroundFilesSchema, text)
  if (around.kind !== "value") return around
  const files: ManifestFile[] = []
  for (const file of around.value.files) {
    const checked = equalIn(known, file) ?? fileSchema.safeParse(file).data
    // Once more as a whole, for an error with the path.
    if (checked === undefined) return decodeJson(MANIFEST_FILE, manifestSchema, text)
    files.push(checked)
  }
  return { kind: "value", value: { ...around.value, files } }
}

function equalIn(known: ReadonlyMap<string, ManifestFile>, file: unknown): ManifestFile | undefined {
  if (known.size === 0 || typeof file !== "object" || file === null || !("name" in file)) return undefined
  const { name } = file
  const same = typeof name === "string" ? known.get(name) : undefined
  if (same === undefined || !("size" in file) || !("sha256" in file)) return undefined
  return file.size === same.size && file.sha256 === same.sha256 ? same : undefined
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

/** Checksum of a text or of bytes, as the contract writes checksums. */
export function sha256Of(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex")
}
