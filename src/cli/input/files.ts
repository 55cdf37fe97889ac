import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs"

import { MAXIMUM_FILE_BYTES, MAXIMUM_INPUT_BYTES } from "../../core/objects/decode.ts"
import { faultCode } from "../../kit/fault.ts"
import { compare, type Problem } from "../../kit/problem.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { filesBelow, type Found } from "../../kit/files/tree.ts"
import type { FileCode } from "../problem-codes.ts"

/** A file's text under the name that places use. */
export interface FileText {
  readonly file: string
  readonly text: string
}

export interface FileTexts {
  readonly files: readonly FileText[]
  readonly problems: readonly Problem<FileCode>[]
}

const MANIFEST = /\.(?:ya?ml|json)$/

/**
 * The manifests in a directory and below: `*.yaml`, `*.yml` and `*.json`, sorted by name.
 *
 * @param directory The directory as the user gave it; the files' names begin with it.
 * @param pattern The names of files to read.
 */
export function readDirectory(directory: string, pattern = MANIFEST): FileTexts {
  const found = [...filesBelow(realpathSync(directory), pattern)].map((one) => readFound(one, directory, pattern))
  const files = found.flatMap((one) => one.files).toSorted((a, b) => compare(a.file, b.file))
  return { files, problems: found.flatMap(({ problems }) => problems) }
}

/**
 * One file that the user named: it may be a pipe, or a symbolic link to anywhere. Reads no more of an endless file than the limit.
 *
 * @throws when it cannot be read.
 */
export function readNamed(file: string): FileTexts {
  try {
    const stat = statSync(file)
    if (stat.size > MAXIMUM_INPUT_BYTES) return fileTextsOf(file, null)
    return fileTextsOf(file, stat.isFile() ? readBounded(file) : interruptible(() => readBounded(file)))
  } catch (error) {
    throw new Error(`Cannot read "${file}"`, { cause: error })
  }
}

/** Null: the input is larger than that. */
function readBounded(file: string): Buffer | null {
  const descriptor = openSync(file, "r")
  try {
    const input = createBoundedInput()
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const read = readSync(descriptor, chunk)
      if (read === 0) return input.bytes()
      if (!input.add(chunk.subarray(0, read))) return null
    }
  } finally {
    closeSync(descriptor)
  }
}

const CHUNK_BYTES = 256 * 1024

/** A read that waits for a writer blocks listeners, so Ctrl-C must end the process by itself. */
function interruptible<T>(read: () => T): T {
  const listeners = process.listeners("SIGINT")
  process.removeAllListeners("SIGINT")
  try {
    return read()
  } finally {
    for (const listener of listeners) process.on("SIGINT", listener)
  }
}

/** Collects an input, up to MAXIMUM_INPUT_BYTES. */
export function createBoundedInput() {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    /** False if it is too much. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.length
      chunks.push(chunk)
      return size <= MAXIMUM_INPUT_BYTES
    },
    bytes: () => Buffer.concat(chunks),
  }
}

/**
 * The text of bytes from a file, or from standard input. Keeps a BOM, because it is a problem of its own.
 *
 * @param bytes Null: the input is too large.
 */
export function fileTextsOf(file: string, bytes: Uint8Array | null): FileTexts {
  if (bytes === null) {
    const reason = `it has more than ${MAXIMUM_INPUT_BYTES} bytes, expected at most 64 MiB`
    return refused("FILE_TOO_LARGE", file, reason)
  }
  try {
    return { files: [{ file, text: UTF8.decode(bytes) }], problems: [] }
  } catch {
    return refused("SOURCE_NOT_UTF8", file, "it is not UTF-8 text; save it as UTF-8")
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** `.` and `dir/` add nothing to the names below them. */
function shownBelow(directory: string): string {
  return directory === "." ? "" : `${directory.replace(/\/+$/, "")}/`
}

/** @throws for the directory that the user named; a lower one may have been removed a moment ago. */
function readFound(found: Found, directory: string, pattern: RegExp): FileTexts {
  const file = `${shownBelow(directory)}${found.name}`
  switch (found.kind) {
    case "file":
      return readSafely(file, found.path)
    case "closed":
      if (found.name === "") throw new Error(`Cannot read "${directory}"`, { cause: found.error })
      return refused("SOURCE_UNREADABLE", `${file}/`, reasonOf(found.error))
    case "broken":
      return refused("SOURCE_SYMLINK", file, `it is a symbolic link, and of its target: ${reasonOf(found.error)}`)
    case "outside": {
      // A link to a file that would not be read anyway does not matter.
      if (!pattern.test(file)) return { files: [], problems: [] }
      const reason = `it is a symbolic link that leads out of "${directory}"; put a copy in its place`
      return refused("SOURCE_SYMLINK", file, reason)
    }
  }
}

function readSafely(file: string, path: string): FileTexts {
  try {
    const { size } = statSync(path)
    if (size > MAXIMUM_FILE_BYTES)
      return refused("FILE_TOO_LARGE", file, `it has ${size} bytes, expected at most 1 MiB`)
    const read = readRegularFile(path, MAXIMUM_FILE_BYTES)
    if (read.kind === "file") return fileTextsOf(file, read.bytes)
    return refused("SOURCE_UNREADABLE", file, read.kind === "absent" ? GONE : read.reason)
  } catch (error) {
    return refused("SOURCE_UNREADABLE", file, reasonOf(error))
  }
}

const GONE = "it has disappeared"

function reasonOf(error: unknown): string {
  switch (faultCode(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return GONE
    case "EACCES":
    case "EPERM":
      return "permission denied"
    case "ELOOP":
      return "it leads in a circle"
    default:
      return error instanceof Error ? error.message : String(error)
  }
}

function refused(code: FileCode, file: string, reason: string): FileTexts {
  const place = { file, line: null, column: null }
  const message = `Cannot read the file: ${reason}`
  return { files: [], problems: [{ code, severity: "error", path: [file], place, message }] }
}
