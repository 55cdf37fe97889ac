/** The layout of the volume that sync writes and sidecars read. Everything here is promised to third parties. */

/** The number in `schema` of every file of the contract. Another number is another contract. */
export const SCHEMA = 2

/** The commit marker: the only name through which a generation is ever reached. */
export const POINTER_FILE = "current.json"
/** Below the volume's root: one directory a generation. */
export const GENERATIONS_DIRECTORY = "generations"
/** In each generation: names, sizes and checksums of all its other files. */
export const MANIFEST_FILE = "manifest.json"
/** What the writer of a volume says of itself; for people and probes. */
export const STATUS_FILE = "status.yaml"

/** In a generation: all Nodes. */
export const NODES_FILE = "nodes.json"

/** Largest `manifest.json` and largest file of a generation, in bytes. */
export const MAXIMUM_FILE_BYTES = 1024 * 1024
/** Largest sum of the files of a generation, in bytes. */
export const MAXIMUM_GENERATION_BYTES = 32 * 1024 * 1024
/** Longest name of a VIP ConfigMap: with `.yaml` it must be a name that a file can have. */
export const MAXIMUM_CONFIGMAP_NAME = 250
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
  /^(?:nodes\.json|(?:vips\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9](?:[-.a-z0-9]{0,248}[a-z0-9])?\.yaml|services\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.json))$/

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

/** Name of the file that holds a VIP ConfigMap; its name has at most MAXIMUM_CONFIGMAP_NAME characters. */
export function vipsFile(namespace: string, name: string): string {
  return `vips/${namespace}/${name}.yaml`
}

/** `namespace/name` of the ConfigMap that a file of a generation holds; null for every other file. */
export function configMapIn(file: string): string | null {
  return /^vips\/(.+)\.yaml$/.exec(file)?.[1] ?? null
}

/** Name of the file that holds a Service and its endpoints; both parts must be DNS labels. */
export function serviceFile(namespace: string, name: string): string {
  return `services/${namespace}/${name}.json`
}
