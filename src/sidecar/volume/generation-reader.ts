import { lstatSync } from "node:fs"
import { basename, join } from "node:path"

import type { Decoded } from "../../contract/decode.ts"
import { CONTENT_FILE, generationName, MANIFEST_FILE, MAXIMUM_FILE_BYTES } from "../../contract/layout.ts"
import { type CheckedManifest, createManifestDecoder, decodeCheckedManifest } from "../../contract/manifest-decoder.ts"
import type { Manifest, ManifestFile } from "../../contract/manifest.ts"
import { decodeFile, type DecodedFile } from "../../core/objects/decode.ts"
import { createJoin } from "../../core/objects/join.ts"
import { faultCode } from "../../kit/fault.ts"
import { readRegularFile } from "../../kit/safe-read.ts"
import { sha256Of } from "../../contract/sha256.ts"
import type { Reading } from "../ports.ts"

/** A directory's `Reading`, or that it, or something in it, is no longer there: retention may have taken it. */
export type DirectoryReading =
  Exclude<Reading, { readonly kind: "absent" }> | { readonly kind: "gone"; readonly what: string }

/**
 * Reads one generation directory.
 *
 * @param manifestSha256 What the pointer says of the manifest; null where there is no pointer, as in an archive.
 */
export type GenerationReader = (path: string, manifestSha256: string | null) => DirectoryReading

/**
 * Makes a reader that reads a file only where its checksum is new: what one generation was made of is kept for the next.
 * Nothing older than the newest generation is kept.
 */
export function createGenerationReader(): GenerationReader {
  const join = createJoin()
  const decode = createManifestDecoder()
  let known: KnownFiles = { files: [], decoded: [] }
  return (path, manifestSha256) => {
    const checked = readManifest(path, manifestSha256, decode)
    if (checked.kind !== "manifest") return checked
    const { manifest } = checked
    const files = readFiles(path, manifest.files, known)
    if (files.kind !== "files") return files
    known = files.known
    const { value, problems } = join(known.decoded)
    if (problems.length > 0) return refused("its files have problems", problems)
    const name = generationName(manifest.sequence, manifest.contentSha256)
    const { sequence } = manifest
    const generation = { sequence, name, path, manifestSha256: checked.sha256, objects: value }
    return { kind: "generation", generation }
  }
}

/**
 * Copies nothing but what the manifest names, each file whole: whoever may write the volume may lay anything else beside
 * it, of any size and kind. The files come one at a time, so that the caller may do other things in between.
 *
 * @param manifestSha256 The manifest must have this checksum.
 * @returns null where the generation is gone. @throws Where something is there that its writer never made.
 */
export function* filesOfGeneration(
  path: string,
  manifestSha256: string,
): Generator<{ readonly name: string; readonly bytes: Buffer } | null> {
  const checked = readManifest(path, null, decodeCheckedManifest)
  if (checked.kind === "manifest" && checked.sha256 !== manifestSha256)
    throw new Error(`Cannot copy "${path}": its ${MANIFEST_FILE} is another by now`)
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

function readManifest(
  path: string,
  wantedSha256: string | null,
  decode: (bytes: Buffer) => Decoded<CheckedManifest>,
): ManifestReading {
  // O_NOFOLLOW guards the last component of a path only; so each directory on the way is looked at by itself.
  const objection = directoryObjection(path)
  if (objection !== null) return objection
  const read = readRegularFile(join(path, MANIFEST_FILE), MAXIMUM_FILE_BYTES)
  if (read.kind === "absent") return { kind: "gone", what: MANIFEST_FILE }
  if (read.kind === "unsafe") return refused(`Cannot read ${MANIFEST_FILE}: ${read.reason}`)
  const sha256 = sha256Of(read.bytes)
  if (wantedSha256 !== null && sha256 !== wantedSha256) {
    return { kind: "torn", reason: `${MANIFEST_FILE} has the checksum ${sha256}, wanted ${wantedSha256}` }
  }
  const decoded = decode(read.bytes)
  if (decoded.kind === "unknown-schema") {
    return refused(
      `Cannot read ${MANIFEST_FILE}: it has schema ${decoded.schema}, wanted 1; update the older container`,
    )
  }
  if (decoded.kind === "problems") return refused(`Cannot read ${MANIFEST_FILE}`, decoded.problems)
  const { manifest, contradiction } = decoded.value
  if (contradiction !== null) return refused(contradiction)
  const [directory, name] = [basename(path), generationName(manifest.sequence, manifest.contentSha256)]
  if (wantedSha256 !== null && name !== directory)
    return refused(`the directory is called ${directory}, wanted ${name}`)
  return { kind: "manifest", manifest, bytes: read.bytes, sha256 }
}

/** The files of a generation, by name, and what each of them says. */
interface KnownFiles {
  readonly files: readonly ManifestFile[]
  readonly decoded: readonly DecodedFile[]
}

type FilesReading =
  { readonly kind: "files"; readonly known: KnownFiles } | Exclude<DirectoryReading, { readonly kind: "generation" }>

function readFiles(path: string, files: readonly ManifestFile[], before: KnownFiles): FilesReading {
  const decoded: DecodedFile[] = []
  const checkedDirectories = new Set<string>([path])
  let next = 0
  for (const file of files) {
    // Both are sorted; and what the manifest says in the same words is mostly the same object.
    if (before.files[next] !== file) next = placeOf(file.name, before.files, next)
    const known = before.files[next]
    const same = known?.name === file.name && known.sha256 === file.sha256 ? before.decoded[next] : undefined
    if (same !== undefined) {
      decoded.push(same)
      next += 1
      continue
    }
    const bytes = readFile(path, file, checkedDirectories)
    if (!Buffer.isBuffer(bytes)) return bytes
    decoded.push(decodeFile(file.name, bytes.toString("utf8")))
  }
  return { kind: "files", known: { files, decoded } }
}

/** Where a name stands among the files from a place on, or would. */
function placeOf(name: string, files: readonly ManifestFile[], from: number): number {
  let place = from
  while ((files[place]?.name ?? AFTER_ALL_NAMES) < name) place += 1
  return place
}

/** Names of files are ASCII. */
const AFTER_ALL_NAMES = "\u{7f}"

function readFile(
  root: string,
  { name, size, sha256 }: ManifestFile,
  checkedDirectories: Set<string>,
): Buffer | Exclude<DirectoryReading, { readonly kind: "generation" }> {
  // The manifest's schema has said so already; nothing else stands between a name and a path.
  if (!CONTENT_FILE.test(name)) return refused(`"${name}" is no name of a file of a generation`)
  const path = `${root}/${name}`
  const objection = wayObjection(path, checkedDirectories)
  if (objection !== null) return objection
  const read = readRegularFile(path, MAXIMUM_FILE_BYTES)
  if (read.kind === "absent") return { kind: "gone", what: name }
  if (read.kind === "unsafe") return refused(`Cannot read ${name}: ${read.reason}`)
  if (read.bytes.length !== size)
    return { kind: "torn", reason: `${name} has ${read.bytes.length} bytes, wanted ${size}` }
  const found = sha256Of(read.bytes)
  if (found !== sha256) return { kind: "torn", reason: `${name} has the checksum ${found}, wanted ${sha256}` }
  return read.bytes
}

/** Looks at the directories that lead to a file, up to one that was looked at before; the root is one of these. */
function wayObjection(path: string, checked: Set<string>): ReturnType<typeof directoryObjection> {
  const directory = path.slice(0, path.lastIndexOf("/"))
  if (checked.has(directory)) return null
  const objection = wayObjection(directory, checked) ?? directoryObjection(directory)
  if (objection === null) checked.add(directory)
  return objection
}

function directoryObjection(path: string): Exclude<DirectoryReading, { readonly kind: "generation" }> | null {
  try {
    return lstatSync(path).isDirectory() ? null : refused(`Cannot read ${path}: it is no directory`)
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
