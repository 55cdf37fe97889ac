import { lstatSync } from "node:fs"
import { basename, join } from "node:path"

import { CONTENT_FILE, generationName, MANIFEST_FILE, MAXIMUM_FILE_BYTES, SCHEMA } from "../../contract/layout.ts"
import { contradictionIn, decodeManifest, type Manifest, type ManifestFile } from "../../contract/manifest.ts"
import { decodeGenerationFile } from "../../core/objects/decode.ts"
import type { DecodedFile } from "../../core/objects/decoded-file.ts"
import { createJoin } from "../../core/objects/join.ts"
import { faultCode } from "../../kit/fault.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { sha256Of } from "../../kit/sha256.ts"
import type { Reading } from "../ports.ts"

/** The `Reading` of a directory, or that a part of it is gone: retention may have removed it. */
export type DirectoryReading =
  Exclude<Reading, { readonly kind: "absent" }> | { readonly kind: "gone"; readonly what: string }

/**
 * Reads one generation directory.
 *
 * @param manifestSha256 The manifest's checksum in the pointer; null without a pointer, as in an archive.
 */
export type GenerationReader = (path: string, manifestSha256: string | null) => DirectoryReading

/**
 * Makes a reader that reads a file only if its checksum is new: it keeps the files of one generation for the next.
 * It keeps nothing older than the newest generation.
 */
export function createGenerationReader(): GenerationReader {
  const joinObjects = createJoin()
  let known: KnownFiles = new Map()
  return (path, manifestSha256) => {
    const checked = readManifest(path, manifestSha256)
    if (checked.kind !== "manifest") return checked
    const { manifest } = checked
    const read = readFiles(path, manifest.files, known)
    if (read.kind !== "files") return read
    known = read.files
    const { value, problems } = joinObjects(Array.from(known.values(), ({ decoded }) => decoded))
    if (problems.length > 0) return refused("its files have problems", problems)
    const name = generationName(manifest.sequence, manifest.contentSha256)
    const { sequence } = manifest
    const objects = { ...value, configMaps: inOrder(value.configMaps, manifest.configMaps) }
    const generation = { sequence, name, path, manifestSha256: checked.sha256, objects }
    return { kind: "generation", generation }
  }
}

/** The ConfigMaps in the order of the manifest, which decides between two entries for one address. */
function inOrder<T>(configMaps: ReadonlyMap<string, T>, order: readonly string[]): ReadonlyMap<string, T> {
  const placeOf = new Map(order.map((name, at) => [name, at]))
  return new Map([...configMaps].toSorted(([a], [b]) => (placeOf.get(a) ?? 0) - (placeOf.get(b) ?? 0)))
}

/**
 * Copies only what the manifest names, each file completely: other programs that may write the volume can add anything,
 * of any size and kind. The files come one at a time, so that the caller can do other work in between.
 *
 * @param manifestSha256 The expected checksum of the manifest.
 * @returns null if the generation is gone. @throws When the content is not what its writer made.
 */
export function* filesOfGeneration(
  path: string,
  manifestSha256: string,
): Generator<{ readonly name: string; readonly bytes: Buffer } | null> {
  const checked = readManifest(path, null)
  if (checked.kind === "manifest" && checked.sha256 !== manifestSha256)
    throw new Error(`Cannot copy "${path}": its ${MANIFEST_FILE} has changed`)
  if (checked.kind !== "manifest") return yield nothing(path, checked)
  yield { name: MANIFEST_FILE, bytes: checked.bytes }
  const checkedDirectories = new Set<string>([path])
  for (const file of checked.manifest.files) {
    const bytes = readFile(path, file, checkedDirectories)
    if (!Buffer.isBuffer(bytes)) return yield nothing(path, bytes)
    yield { name: file.name, bytes }
  }
}

function nothing(path: string, reading: Exclude<DirectoryReading, { readonly kind: "generation" }>): null {
  if (reading.kind === "gone") return null
  throw new Error(`Cannot copy "${path}": ${reading.reason}`)
}

type ManifestReading =
  | { readonly kind: "manifest"; readonly manifest: Manifest; readonly bytes: Buffer; readonly sha256: string }
  | Exclude<DirectoryReading, { readonly kind: "generation" }>

function readManifest(path: string, wantedSha256: string | null): ManifestReading {
  // O_NOFOLLOW protects only the last component of a path, so each directory on the way is checked by itself.
  const objection = directoryObjection(path)
  if (objection !== null) return objection
  const read = readRegularFile(join(path, MANIFEST_FILE), MAXIMUM_FILE_BYTES)
  if (read.kind === "absent") return { kind: "gone", what: MANIFEST_FILE }
  if (read.kind === "unsafe") return refused(`Cannot read ${MANIFEST_FILE}: ${read.reason}`)
  const sha256 = sha256Of(read.bytes)
  if (wantedSha256 !== null && sha256 !== wantedSha256) {
    return { kind: "torn", reason: `${MANIFEST_FILE} has the checksum ${sha256}, expected ${wantedSha256}` }
  }
  const decoded = decodeManifest(read.bytes.toString("utf8"))
  if (decoded.kind === "unknown-schema") {
    return refused(
      `Cannot read ${MANIFEST_FILE}: it has schema ${decoded.schema}, expected ${SCHEMA}; update the older container`,
    )
  }
  if (decoded.kind === "problems") return refused(`Cannot read ${MANIFEST_FILE}`, decoded.problems)
  const manifest = decoded.value
  const contradiction = contradictionIn(manifest)
  if (contradiction !== null) return refused(contradiction)
  const [directory, name] = [basename(path), generationName(manifest.sequence, manifest.contentSha256)]
  if (wantedSha256 !== null && name !== directory)
    return refused(`the directory is called ${directory}, expected ${name}`)
  return { kind: "manifest", manifest, bytes: read.bytes, sha256 }
}

interface KnownFile {
  readonly sha256: string
  readonly decoded: DecodedFile
}

/** The files of a generation by name, in the order of the manifest. */
type KnownFiles = ReadonlyMap<string, KnownFile>

type FilesReading =
  { readonly kind: "files"; readonly files: KnownFiles } | Exclude<DirectoryReading, { readonly kind: "generation" }>

function readFiles(path: string, files: readonly ManifestFile[], before: KnownFiles): FilesReading {
  const decoded = new Map<string, KnownFile>()
  const checkedDirectories = new Set<string>([path])
  for (const file of files) {
    const known = before.get(file.name)
    if (known?.sha256 === file.sha256) {
      decoded.set(file.name, known)
      continue
    }
    const bytes = readFile(path, file, checkedDirectories)
    if (!Buffer.isBuffer(bytes)) return bytes
    decoded.set(file.name, { sha256: file.sha256, decoded: decodeGenerationFile(file.name, bytes.toString("utf8")) })
  }
  return { kind: "files", files: decoded }
}

function readFile(
  root: string,
  { name, size, sha256 }: ManifestFile,
  checkedDirectories: Set<string>,
): Buffer | Exclude<DirectoryReading, { readonly kind: "generation" }> {
  // The manifest's schema has already checked this; without it, no other check would protect the path.
  if (!CONTENT_FILE.test(name)) return refused(`"${name}" is not the name of a file of a generation`)
  const path = `${root}/${name}`
  const objection = wayObjection(path, checkedDirectories)
  if (objection !== null) return objection
  const read = readRegularFile(path, MAXIMUM_FILE_BYTES)
  if (read.kind === "absent") return { kind: "gone", what: name }
  if (read.kind === "unsafe") return refused(`Cannot read ${name}: ${read.reason}`)
  if (read.bytes.length !== size)
    return { kind: "torn", reason: `${name} has ${read.bytes.length} bytes, expected ${size}` }
  const found = sha256Of(read.bytes)
  if (found !== sha256) return { kind: "torn", reason: `${name} has the checksum ${found}, expected ${sha256}` }
  return read.bytes
}

/** Checks the directories that lead to a file, except those checked before; the root is one of them. */
function wayObjection(path: string, checked: Set<string>): ReturnType<typeof directoryObjection> {
  const directory = path.slice(0, path.lastIndexOf("/"))
  if (checked.has(directory)) return null
  const objection = wayObjection(directory, checked) ?? directoryObjection(directory)
  if (objection === null) checked.add(directory)
  return objection
}

function directoryObjection(path: string): Exclude<DirectoryReading, { readonly kind: "generation" }> | null {
  try {
    return lstatSync(path).isDirectory() ? null : refused(`Cannot read ${path}: it is not a directory`)
  } catch (error) {
    const code = faultCode(error)
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "gone", what: path }
    throw error
  }
}

type Refused = Extract<Reading, { readonly kind: "refused" }>

function refused(reason: string, problems: Refused["problems"] = []): Refused {
  return { kind: "refused", reason, problems }
}
