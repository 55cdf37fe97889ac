import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"
import { faultCode } from "../fault.ts"
import { jsonIn } from "../text/json-text.ts"

export type SafeRead =
  | { readonly kind: "file"; readonly bytes: Buffer }
  /** Nothing has this name. */
  | { readonly kind: "absent" }
  /** A file that must not be read: a symlink, a fifo, a directory, a file above the size limit or without permission. */
  | { readonly kind: "unsafe"; readonly reason: string }

/**
 * Reads a regular file safely, also one from another program: never follows a symlink in the last component, never blocks on a
 * fifo, never holds more than the limit in memory. One short synchronous call, because for small files the thread pool costs
 * more than the disk.
 *
 * @param maximumBytes A larger file is `unsafe`.
 * @throws Other faults, such as EIO or EMFILE.
 */
export function readRegularFile(path: string, maximumBytes: number): SafeRead {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return whyNotOpened(error)
  }
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) return { kind: "unsafe", reason: "it is not a regular file" }
    if (stat.size > maximumBytes) {
      return { kind: "unsafe", reason: `it has ${stat.size} bytes, expected at most ${maximumBytes}` }
    }
    const bytes = readAll(descriptor, stat.size)
    if (bytes.length > maximumBytes) return { kind: "unsafe", reason: `it grew above ${maximumBytes} bytes` }
    return { kind: "file", bytes }
  } finally {
    closeSync(descriptor)
  }
}

/** The content of a JSON file; undefined if it cannot be read, or is not valid JSON. */
export function readJson(path: string, maximumBytes: number): unknown {
  const read = readRegularFile(path, maximumBytes)
  return read.kind === "file" ? jsonIn(read.bytes.toString()) : undefined
}

/**
 * Whether a regular file has exactly this content; as safe as `readRegularFile`.
 *
 * Also false if the file cannot be read: the caller has the bytes and can write it again.
 */
export function hasContent(path: string, bytes: Uint8Array): boolean {
  try {
    const read = readRegularFile(path, bytes.length)
    return read.kind === "file" && read.bytes.equals(bytes)
  } catch {
    return false
  }
}

/** Reads at most one byte more than the size: enough to detect a file that has grown, and still limited. */
function readAll(descriptor: number, size: number): Buffer {
  const buffer = Buffer.allocUnsafe(size + 1)
  let filled = 0
  let count: number
  do {
    count = readSync(descriptor, buffer, filled, size + 1 - filled, null)
    filled += count
  } while (count > 0 && filled < size)
  return buffer.subarray(0, filled)
}

function whyNotOpened(error: unknown): SafeRead {
  switch (faultCode(error)) {
    case "ENOENT":
      return { kind: "absent" }
    case "ELOOP":
      return { kind: "unsafe", reason: "it is a symbolic link" }
    case "ENOTDIR":
      return { kind: "unsafe", reason: "a part of its path is not a directory" }
    case "EACCES":
    case "EPERM":
      return { kind: "unsafe", reason: "no permission to read it" }
    case "ENXIO":
      return { kind: "unsafe", reason: "it is not a regular file" }
    case "ENAMETOOLONG":
    case "ERR_INVALID_ARG_VALUE":
      return { kind: "unsafe", reason: "the name cannot be a path" }
    default:
      throw error
  }
}
