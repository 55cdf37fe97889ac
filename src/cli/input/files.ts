import { closeSync, type Dirent, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs"
import { join, sep } from "node:path"

import { MAXIMUM_FILE_BYTES, MAXIMUM_INPUT_BYTES } from "../../core/objects/decode.ts"
import { faultCode } from "../../kit/fault.ts"
import { compare, type Problem } from "../../kit/problem.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
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
 * The manifests in a directory and below: `*.yaml`, `*.yml` and `*.json`, sorted by name. Names that begin with a dot are
 * skipped (`.git`, the hidden directories of a mounted ConfigMap). A symbolic link is followed if it stays in the directory,
 * and no file is read twice.
 *
 * @param directory The directory as the user gave it; the files' names begin with it.
 * @param pattern The names of files to read.
 */
export function readDirectory(directory: string, pattern = MANIFEST): FileTexts {
  const root = realpathSync(directory)
  const reader: Reader = { pattern, root, shown: directory, files: [], problems: [], seen: new Set() }
  walk(reader, { file: shownBelow(directory), path: root })
  return { files: reader.files.toSorted((a, b) => compare(a.file, b.file)), problems: reader.problems }
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
    return { files: [], problems: [fileProblem("FILE_TOO_LARGE", file, reason)] }
  }
  try {
    return { files: [{ file, text: UTF8.decode(bytes) }], problems: [] }
  } catch {
    return { files: [], problems: [fileProblem("SOURCE_NOT_UTF8", file, "it is not UTF-8 text; save it as UTF-8")] }
  }
}

/** A name as it is shown, and its path. */
interface Found {
  readonly file: string
  readonly path: string
}

interface Reader {
  readonly pattern: RegExp
  readonly root: string
  readonly shown: string
  readonly files: FileText[]
  readonly problems: Problem<FileCode>[]
  /** Real paths: two links to one file count once, and circles end. */
  readonly seen: Set<string>
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** `.` and `dir/` add nothing to the names below them. */
function shownBelow(directory: string): string {
  return directory === "." ? "" : `${directory.replace(/\/+$/, "")}/`
}

function walk(reader: Reader, { file, path }: Found): void {
  if (!isFirstVisit(reader, path)) return
  for (const entry of entriesOf(reader, { file, path })) {
    if (entry.name.startsWith(".")) continue
    const found = { file: `${file}${entry.name}`, path: join(path, entry.name) }
    if (entry.isSymbolicLink()) follow(reader, found)
    else if (entry.isDirectory()) walk(reader, { ...found, file: `${found.file}/` })
    else if (reader.pattern.test(entry.name)) readFound(reader, found)
  }
}

function entriesOf(reader: Reader, { file, path }: Found): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).toSorted((a, b) => compare(a.name, b.name))
  } catch (error) {
    // For the directory that the user named this is a fault; a lower one may have been removed a moment ago.
    if (path === reader.root) throw new Error(`Cannot read "${reader.shown}"`, { cause: error })
    reader.problems.push(fileProblem("SOURCE_UNREADABLE", file, reasonOf(error)))
    return []
  }
}

function follow(reader: Reader, { file, path }: Found): void {
  const refuse = (reason: string) => {
    // A link to a file that would not be read anyway does not matter.
    if (reader.pattern.test(file)) reader.problems.push(fileProblem("SOURCE_SYMLINK", file, reason))
  }
  try {
    const target = realpathSync(path)
    const isDirectory = statSync(target).isDirectory()
    if (!`${target}${sep}`.startsWith(`${reader.root}${sep}`))
      refuse(`it is a symbolic link that leads out of "${reader.shown}"; put a copy in its place`)
    else if (isDirectory) walk(reader, { file: `${file}/`, path: target })
    else if (reader.pattern.test(file)) readFound(reader, { file, path: target })
  } catch (error) {
    refuse(`it is a symbolic link, and of its target: ${reasonOf(error)}`)
  }
}

function readFound(reader: Reader, found: Found): void {
  if (!isFirstVisit(reader, found.path)) return
  const { files, problems } = readSafely(found)
  reader.files.push(...files)
  reader.problems.push(...problems)
}

function isFirstVisit({ seen }: Reader, path: string): boolean {
  if (seen.has(path)) return false
  seen.add(path)
  return true
}

function readSafely({ file, path }: Found): FileTexts {
  const refused = (code: FileCode, reason: string) => ({ files: [], problems: [fileProblem(code, file, reason)] })
  try {
    const { size } = statSync(path)
    if (size > MAXIMUM_FILE_BYTES) return refused("FILE_TOO_LARGE", `it has ${size} bytes, expected at most 1 MiB`)
    const read = readRegularFile(path, MAXIMUM_FILE_BYTES)
    if (read.kind === "file") return fileTextsOf(file, read.bytes)
    return refused("SOURCE_UNREADABLE", read.kind === "absent" ? GONE : read.reason)
  } catch (error) {
    return refused("SOURCE_UNREADABLE", reasonOf(error))
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

function fileProblem(code: FileCode, file: string, reason: string): Problem<FileCode> {
  const place = { file, line: null, column: null }
  return { code, severity: "error", path: [file], place, message: `Cannot read the file: ${reason}` }
}
