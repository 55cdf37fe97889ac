import * as z from "zod"

import { type Decoded, decodeJson } from "./decode-file.ts"
import { countsField, type Immutable, type Read, schemaField, sequenceField, sha256Field } from "./fields.ts"
import {
  configMapIn,
  CONTENT_FILE,
  MANIFEST_FILE,
  MAXIMUM_FILE_BYTES,
  MAXIMUM_FILES,
  MAXIMUM_GENERATION_BYTES,
  SCHEMA,
} from "./layout.ts"
import { compare } from "../kit/problem.ts"
import { sha256Of } from "../kit/sha256.ts"

/** A file of a generation. */
export type ManifestFile = Immutable<z.infer<typeof fileField>>
const fileField = z.object({
  /** Path below the generation's directory, such as `services/default/echo.json`. */
  name: z.string().regex(CONTENT_FILE),
  /** In bytes. */
  size: z.int().min(0).max(MAXIMUM_FILE_BYTES),
  sha256: sha256Field,
})

/** The source of the objects of one kind. */
export type ManifestResource = Immutable<z.infer<typeof resourceField>>
const resourceField = z.object({
  /** `configmaps`, `services`, `endpointslices`, `endpoints` or `nodes`. */
  resource: z.string(),
  /** Always true: sync publishes a generation only after it has listed everything once. */
  listed: z.boolean(),
  /** The resourceVersion of the list; null where the source has none, such as a directory. */
  resourceVersion: z.string().nullable(),
})

/** `manifest.json`: the list of everything in a generation. */
export type Manifest = Read<typeof manifestSchema>
export const manifestSchema = z.object({
  schema: schemaField,
  sequence: sequenceField,
  /** `contentSha256Of` the files: equal content has an equal checksum. */
  contentSha256: sha256Field,
  counts: countsField,
  resources: z.array(resourceField),
  /** `namespace/name` of the VIP ConfigMaps. Of several entries for one address, that of the first ConfigMap counts. */
  configMaps: z.array(z.string()).max(MAXIMUM_FILES),
  /** Sorted by name. */
  files: z.array(fileField).max(MAXIMUM_FILES),
})

/** Reads the text of `manifest.json`. */
export function decodeManifest(text: string): Decoded<Manifest> {
  return decodeJson(MANIFEST_FILE, manifestSchema, text)
}

/** An error in the manifest that reading it again cannot cure, because its writer broke the contract; null if there is none. */
export function contradictionIn({ configMaps, files, counts, contentSha256 }: Manifest): string | null {
  if (contentSha256Of(files) !== contentSha256) return `${MANIFEST_FILE}: contentSha256 does not match its files`
  if (!isSorted(files)) return `${MANIFEST_FILE} names a file twice, or its files are not sorted by name`
  if (counts.files !== files.length) return `${MANIFEST_FILE} counts ${counts.files} files and names ${files.length}`
  const vips = files.flatMap(({ name }) => configMapIn(name) ?? [])
  if (vips.join() !== configMaps.toSorted(compare).join())
    return `${MANIFEST_FILE} names the ConfigMaps ${configMaps.join(", ")}, and has the files of ${vips.join(", ")}`
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  if (bytes > MAXIMUM_GENERATION_BYTES)
    return `its files have ${bytes} bytes, expected at most ${MAXIMUM_GENERATION_BYTES}`
  return null
}

/** True if the files are sorted by name and each name occurs once. */
function isSorted(files: readonly ManifestFile[]): boolean {
  return files.every(({ name }, at) => (files[at - 1]?.name ?? "") < name)
}

/** The text of `manifest.json`: one file per line, so that `diff` shows what changed. */
export function encodeManifest({ sequence, contentSha256, counts, resources, configMaps, files }: Manifest): string {
  const head = { schema: SCHEMA, sequence, contentSha256, counts }
  const fields = Object.entries(head).map(([key, value]) => `  "${key}": ${JSON.stringify(value)},\n`)
  return `{\n${fields.join("")}  "resources": ${lines(resources)},\n  "configMaps": ${JSON.stringify(configMaps)},\n  "files": ${lines(files)}\n}\n`
}

/**
 * The checksum that names a generation: sha256 over the lines `<sha256>  <name>`, sorted by name. The output of
 * `sha256sum` over the same files has the same checksum.
 *
 * @param files Sorted by name.
 */
export function contentSha256Of(files: readonly Pick<ManifestFile, "name" | "sha256">[]): string {
  return sha256Of(files.map(sumLine).join(""))
}

/** A file's line in the output of `sha256sum`. */
function sumLine({ name, sha256 }: Pick<ManifestFile, "name" | "sha256">): string {
  return `${sha256}  ${name}\n`
}

function lines(items: readonly object[]): string {
  if (items.length === 0) return "[]"
  return `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`
}
