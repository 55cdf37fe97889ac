import { lstatSync } from "node:fs"
import { dirname, join } from "node:path"

import {
  GENERATIONS_DIRECTORY,
  MANIFEST_FILE,
  MAXIMUM_FILE_BYTES,
  MAXIMUM_POINTER_BYTES,
  POINTER_FILE,
} from "../../contract/layout.ts"
import { sha256Of } from "../../kit/sha256.ts"
import { faultCode } from "../../kit/fault.ts"
import { hasContent, readRegularFile } from "../../kit/files/safe-read.ts"
import type { PublishedFiles } from "./published.ts"

/** Duration of one check, in ms: a hundredth of the second between two checks. */
const BUDGET_MS = 10
/** Pause between two rounds over all files, in ms. */
const REST_MS = 10_000

export interface InspectionOptions {
  /** The volume. */
  readonly directory: string
  readonly current: () => PublishedFiles | null
  /** Milliseconds that only grow. */
  readonly now: () => number
}

/**
 * Compares the current generation with what sync published, one part at a time: another program with access to the volume, or faulty memory, can change published files without any
 * event. A round over 100 files takes 4 ms of CPU time; a round over 5,000 files of 32 MiB takes 0.14 s, in 15 checks or more.
 *
 * @returns what checks the next part. It gives the damage: the file, what was found and what was expected; null if there is none.
 */
export function createInspection({ directory, current, now }: InspectionOptions): () => string | null {
  let round: { readonly of: PublishedFiles; readonly checks: Iterator<string | null> } | null = null
  let restUntil = Number.NEGATIVE_INFINITY
  return () => {
    const published = current()
    if (published === null) return null
    const startedAt = now()
    if (round !== null && round.of !== published) round = null
    if (round === null && startedAt < restUntil) return null
    round ??= { of: published, checks: checksOf(directory, published) }
    do {
      const next = round.checks.next()
      if (next.done !== true && next.value === null) continue
      round = null
      restUntil = now() + REST_MS
      return next.value ?? null
    } while (now() - startedAt < BUDGET_MS)
    return null
  }
}

/** The checks, one after the other; each gives the damage or null. */
function* checksOf(directory: string, published: PublishedFiles): Generator<string | null, null> {
  const root = join(directory, GENERATIONS_DIRECTORY, published.directory)
  yield pointerObjection(join(directory, POINTER_FILE), published)
  yield directoryObjection(root, published.directory)
  yield fileObjection(join(root, MANIFEST_FILE), MANIFEST_FILE, published.manifestSha256)
  const looked = new Set(["."])
  for (const [name, sha256] of published.sha256ByName) {
    for (const parent of [dirname(dirname(name)), dirname(name)]) {
      if (looked.has(parent)) continue
      looked.add(parent)
      yield directoryObjection(join(root, parent), parent)
    }
    yield fileObjection(join(root, name), name, sha256)
  }
  return null
}

function pointerObjection(path: string, { pointer }: PublishedFiles): string | null {
  if (hasContent(path, Buffer.from(pointer))) return null
  const read = readRegularFile(path, MAXIMUM_POINTER_BYTES)
  if (read.kind === "file") return `${POINTER_FILE} is not what was published`
  return `${POINTER_FILE}: ${read.kind === "absent" ? "it is missing" : read.reason}`
}

function directoryObjection(path: string, name: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return `${name}: the directory is missing`
  return stat.isDirectory() ? null : `${name} is not a directory`
}

function fileObjection(path: string, name: string, expected: string): string | null {
  try {
    const read = readRegularFile(path, MAXIMUM_FILE_BYTES)
    if (read.kind === "absent") return `${name} is missing`
    if (read.kind === "unsafe") return `${name}: ${read.reason}`
    const found = sha256Of(read.bytes)
    return found === expected ? null : `${name} has the checksum ${found} (expected ${expected})`
  } catch (error) {
    // Other errors, such as too many open files, are not faults of the file.
    if (faultCode(error) !== "EIO") throw error
    return `${name}: EIO, the disk cannot read it`
  }
}
