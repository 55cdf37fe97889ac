/** The layout of the volume that sync writes and sidecars read. Everything here is promised to third parties. */

/** The number in `schema` of every file of the contract. Another number is another contract. */
export const SCHEMA = 1

/** The commit marker: the only name through which a generation is ever reached. */
export const POINTER_FILE = "current.json"
/** Below the volume's root: one directory a generation. */
export const GENERATIONS_DIRECTORY = "generations"
/** In each generation: names, sizes and checksums of all its other files. */
export const MANIFEST_FILE = "manifest.json"
/** What the writer of a volume says of itself; for people and probes. */
export const STATUS_FILE = "status.yaml"

/** In a generation: the VIP ConfigMap. */
export const VIPS_FILE = "vips.yaml"
/** In a generation: all Nodes. */
export const NODES_FILE = "nodes.yaml"

/** Largest `manifest.json` and largest file of a generation, in bytes. */
export const MAXIMUM_FILE_BYTES = 1024 * 1024
/** Largest sum of the files of a generation, in bytes. */
export const MAXIMUM_GENERATION_BYTES = 32 * 1024 * 1024
/** Most files in a generation, the manifest aside. */
export const MAXIMUM_FILES = 5_000
/** Largest `current.json`, in bytes. */
export const MAXIMUM_POINTER_BYTES = 4096

/** `<20-digit sequence>-<first 12 hex digits of the content's checksum>`. */
export const GENERATION_NAME = /^(\d{20})-([0-9a-f]{12})$/
/** A sha256 as hex digits. */
export const SHA256 = /^[0-9a-f]{64}$/
/** The only names a generation's files have; no other string of a manifest is ever made part of a path. */
export const CONTENT_FILE =
  /^(?:vips\.yaml|nodes\.yaml|services\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.yaml)$/

/** Name of a generation's directory. */
export function generationName(sequence: number, contentSha256: string): string {
  return `${String(sequence).padStart(20, "0")}-${contentSha256.slice(0, 12)}`
}

/** Sequence number in a generation's name; null for any other name. */
export function sequenceOf(name: string): number | null {
  const [, digits] = GENERATION_NAME.exec(name) ?? []
  const sequence = Number(digits)
  return digits !== undefined && Number.isSafeInteger(sequence) && sequence > 0 ? sequence : null
}

/** Name of the file that holds a Service and its endpoints; both parts must be DNS labels. */
export function serviceFile(namespace: string, name: string): string {
  return `services/${namespace}/${name}.yaml`
}
