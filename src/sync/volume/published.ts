import { mkdirSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"

import {
  GENERATIONS_DIRECTORY,
  MANIFEST_FILE,
  MAXIMUM_FILE_BYTES,
  MAXIMUM_POINTER_BYTES,
  POINTER_FILE,
  sequenceOf,
  STATUS_FILE,
} from "../../contract/layout.ts"
import { contentSha256Of, decodeManifest, type Manifest } from "../../contract/manifest.ts"
import { decodePointer, type Pointer } from "../../contract/pointer.ts"
import { decodeSyncStatus } from "../../contract/sync-status.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { sha256Of } from "../../kit/sha256.ts"
import type { Published } from "../ports.ts"

/** The current generation with the checksums of its files, by name. */
export interface PublishedFiles extends Published {
  /** The text of `current.json`. */
  readonly pointer: string
  readonly manifestSha256: string
  readonly sha256ByName: ReadonlyMap<string, string>
}

/** What an earlier process left in the volume. */
export interface Found {
  /** The current generation if it is undamaged; null if there is none, or if any byte of it is wrong. */
  readonly published: PublishedFiles | null
  /** The largest sequence number found anywhere; 0 in an empty volume. */
  readonly highestSequence: number
}

/** Makes the directories, removes what a crash left behind, and reads back the current generation. */
export function openVolume(directory: string): Found {
  const generations = join(directory, GENERATIONS_DIRECTORY)
  mkdirSync(generations, { recursive: true })
  for (const name of readdirSync(generations)) {
    if (name.startsWith(".tmp-") || name.startsWith(".trash-")) rmSync(join(generations, name), { recursive: true })
  }
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`.${POINTER_FILE}.`) || name.startsWith(`.${STATUS_FILE}.`))
      rmSync(join(directory, name), { recursive: true })
  }
  const found = readPointer(directory)
  const pointer = found?.pointer ?? null
  const named = readdirSync(generations).map((name) => sequenceOf(name) ?? 0)
  const highestSequence = Math.max(0, pointer?.sequence ?? 0, statusSequence(directory), ...named)
  return {
    published: found === null ? null : readBack(join(generations, found.pointer.directory), found),
    highestSequence,
  }
}

interface FoundPointer {
  readonly text: string
  readonly pointer: Pointer
}

function readPointer(directory: string): FoundPointer | null {
  const text = textOf(join(directory, POINTER_FILE), MAXIMUM_POINTER_BYTES)
  const decoded = text === null ? null : decodePointer(text)
  return text !== null && decoded?.kind === "value" ? { text, pointer: decoded.value } : null
}

/** The sequence that `current.json` names now, also if another program wrote it; 0 if it names none. */
export function pointedSequence(directory: string): number {
  return readPointer(directory)?.pointer.sequence ?? 0
}

/** The text of a file of the current generation; null if it does not have this file. */
export function publishedText(directory: string, current: PublishedFiles | null, file: string): string | null {
  const sha256 = current?.sha256ByName.get(file)
  if (current === null || sha256 === undefined) return null
  const text = textOf(join(directory, GENERATIONS_DIRECTORY, current.directory, file), MAXIMUM_FILE_BYTES)
  return text !== null && sha256Of(text) === sha256 ? text : null
}

function statusSequence(directory: string): number {
  const text = textOf(join(directory, STATUS_FILE), MAXIMUM_FILE_BYTES)
  const decoded = text === null ? null : decodeSyncStatus(text)
  return decoded?.kind === "value" ? (decoded.value.sequence ?? 0) : 0
}

/** Checks every byte, because the next generation links to these files. */
function readBack(path: string, { text: pointerText, pointer }: FoundPointer): PublishedFiles | null {
  const text = textOf(join(path, MANIFEST_FILE), MAXIMUM_FILE_BYTES)
  if (text === null || sha256Of(text) !== pointer.manifestSha256) return null
  const decoded = decodeManifest(text)
  if (decoded.kind !== "value" || !isWhole(path, decoded.value)) return null
  const { sequence, directory, manifestSha256 } = pointer
  const { contentSha256, configMaps, files } = decoded.value
  const sha256ByName = new Map(files.map((file) => [file.name, file.sha256]))
  return { sequence, directory, contentSha256, configMaps, pointer: pointerText, manifestSha256, sha256ByName }
}

function isWhole(path: string, { files, contentSha256 }: Manifest): boolean {
  return (
    contentSha256Of(files) === contentSha256 &&
    files.every(({ name, size, sha256 }) => {
      const read = readRegularFile(join(path, name), MAXIMUM_FILE_BYTES)
      return read.kind === "file" && read.bytes.length === size && sha256Of(read.bytes) === sha256
    })
  )
}

function textOf(path: string, maximumBytes: number): string | null {
  const read = readRegularFile(path, maximumBytes)
  return read.kind === "file" ? read.bytes.toString("utf8") : null
}
