/** The layout of the volume that sync writes and sidecars read. Everything here is a promise to third-party readers. */

/** The value of `schema` in every file of the contract. Another number means another contract. */
export const SCHEMA = 2

/** The commit marker: readers reach a generation only through this file. */
export const POINTER_FILE = "current.json"
/** Below the volume's root: one directory per generation. */
export const GENERATIONS_DIRECTORY = "generations"
/** In each generation: names, sizes and checksums of all its other files. */
export const MANIFEST_FILE = "manifest.json"
/** The status of the volume's writer, for people and probes. */
export const STATUS_FILE = "status.yaml"

/** In a generation: all Nodes. */
export const NODES_FILE = "nodes.json"

/** Maximum size of `manifest.json` and of each file of a generation, in bytes. */
export const MAXIMUM_FILE_BYTES = 1024 * 1024
/** Maximum total size of the files of a generation, in bytes. */
export const MAXIMUM_GENERATION_BYTES = 32 * 1024 * 1024
/** Maximum length of a VIP ConfigMap's name: with `.yaml` it must still be a valid file name. */
export const MAXIMUM_CONFIGMAP_NAME = 250
/** Maximum files in a generation, without the manifest. */
export const MAXIMUM_FILES = 5_000
/** Maximum size of `current.json`, in bytes. */
export const MAXIMUM_POINTER_BYTES = 4096

/** `<20-digit sequence>-<first 12 hex digits of the content's checksum>`. */
export const GENERATION_NAME = /^(\d{20})-([0-9a-f]{12})$/
/** A sha256 as hex digits. */
export const SHA256 = /^[0-9a-f]{64}$/
/** The only valid names for a generation's files; no other string from a manifest ever becomes part of a path. */
export const CONTENT_FILE =
  /^(?:nodes\.json|(?:vips\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9](?:[-.a-z0-9]{0,248}[a-z0-9])?\.yaml|services\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.json))$/

/** Name of a generation's directory. */
export function generationName(sequence: number, contentSha256: string): string {
  return `${String(sequence).padStart(20, "0")}-${contentSha256.slice(0, 12)}`
}

/** First 48 bits of the sha256 of a generation's content, from the generation's name. A double holds them exactly. */
export function contentHashOf(name: string): number {
  return Number.parseInt(name.slice(name.indexOf("-") + 1), 16)
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
