import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"

/** Which file was read, and in which state: equal identities mean an unchanged file. */
export interface FileIdentity {
  readonly inode: bigint
  readonly size: number
  readonly modifiedNs: bigint
}

export type SafeRead =
  | { readonly kind: "file"; readonly bytes: Buffer; readonly identity: FileIdentity }
  /** Nothing has this name. */
  | { readonly kind: "absent" }
  /** Something that must not be read: a symlink, a fifo, a directory, a file above the limit, one without permission. */
  | { readonly kind: "unsafe"; readonly reason: string }

/**
 * Reads a regular file, whoever made it: never follows a symlink in the last component, never blocks on a fifo, never
 * holds more than the limit in memory. One short synchronous call, since for small files the thread pool costs more
 * than the disk.
 *
 * @param maximumBytes A longer file is `unsafe`.
 * @throws What is neither absence nor unsafety, such as EIO or EMFILE.
 */
export function readRegularFile(path: string, maximumBytes: number): SafeRead {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return whyNotOpened(error)
  }
  try {
    const stat = fstatSync(descriptor, { bigint: true })
    if (!stat.isFile()) return { kind: "unsafe", reason: "it is no regular file" }
    if (stat.size > BigInt(maximumBytes)) {
      return { kind: "unsafe", reason: `it has ${stat.size} bytes, wanted at most ${maximumBytes}` }
    }
    const bytes = readAll(descriptor, Number(stat.size) + 1)
    // A file that grew between fstat and read is still bounded: one byte more than expected is never asked for twice.
    if (bytes.length > maximumBytes) return { kind: "unsafe", reason: `it grew above ${maximumBytes} bytes` }
    return {
      kind: "file",
      bytes,
      identity: { inode: stat.ino, size: Number(stat.size), modifiedNs: stat.mtimeNs },
    }
  } finally {
    closeSync(descriptor)
  }
}

function readAll(descriptor: number, capacity: number): Buffer {
  const buffer = Buffer.allocUnsafe(capacity)
  let filled = 0
  while (filled < capacity) {
    const count = readSync(descriptor, buffer, filled, capacity - filled, null)
    if (count === 0) break
    filled += count
  }
  return buffer.subarray(0, filled)
}

function whyNotOpened(error: unknown): SafeRead {
  const code = error instanceof Error && "code" in error ? error.code : null
  switch (code) {
    case "ENOENT":
      return { kind: "absent" }
    case "ELOOP":
      return { kind: "unsafe", reason: "it is a symbolic link" }
    case "ENOTDIR":
      return { kind: "unsafe", reason: "a file stands where a directory was wanted" }
    case "EACCES":
    case "EPERM":
      return { kind: "unsafe", reason: "no permission to read it" }
    case "ENXIO":
      return { kind: "unsafe", reason: "it is no regular file" }
    case "ENAMETOOLONG":
    case "ERR_INVALID_ARG_VALUE":
      return { kind: "unsafe", reason: "the name cannot be a path" }
    default:
      throw error
  }
}
