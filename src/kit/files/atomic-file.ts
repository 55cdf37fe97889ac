import { randomBytes } from "node:crypto"
import { closeSync, constants, fstatSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { open, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"

/**
 * Replaces a whole file: readers see the old content or the new content, also after a power cut.
 *
 * The temporary file `.<name>.<random>` is in the same directory. A crash leaves it there; its random name prevents conflicts.
 *
 * @throws On a full disk and other faults; the old file is then unchanged and the temporary file removed.
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = join(dirname(path), temporaryName(basename(path)))
  try {
    await writeDurably(temporary, content, mode)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw cannotReplace(path, error)
  }
  await syncDirectory(dirname(path))
}

/**
 * The same as one synchronous call: for small files on a volume in memory, where the thread pool costs more than the work.
 * Not for a real disk, where fsync can take seconds.
 */
export function replaceFileAtOnce(path: string, content: string | Uint8Array, mode = 0o644): void {
  const temporary = join(dirname(path), temporaryName(basename(path)))
  try {
    writeDurablyAtOnce(temporary, content, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw cannotReplace(path, error)
  }
  syncDirectoryAtOnce(dirname(path))
}

function cannotReplace(path: string, error: unknown): Error {
  return new Error(`Cannot replace ${path}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  })
}

/** `.<name>.<12 hex>`: hidden, and different each time. */
export function temporaryName(name: string): string {
  return `.${name}.${randomBytes(6).toString("hex")}`
}

/**
 * Writes a new file and syncs it to disk before it returns. Refuses to open an existing file.
 *
 * It checks the size afterwards: a short write on a full disk has happened without an exception.
 */
export async function writeDurably(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content
  const handle = await open(path, NEW_FILE, mode)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
    assertWhole(path, (await handle.stat()).size, bytes.length)
  } finally {
    await handle.close()
  }
}

/** The same in one go; see `replaceFileAtOnce`. */
export function writeDurablyAtOnce(path: string, content: string | Uint8Array, mode = 0o644): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content
  const descriptor = openSync(path, NEW_FILE, mode)
  try {
    writeFileSync(descriptor, bytes)
    fsyncSync(descriptor)
    assertWhole(path, fstatSync(descriptor).size, bytes.length)
  } finally {
    closeSync(descriptor)
  }
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

function assertWhole(path: string, arrived: number, expected: number): void {
  if (arrived !== expected) throw new Error(`Cannot write ${path}: found ${arrived} bytes, expected ${expected}`)
}

/** Syncs the names in a directory to disk: fsync(2) of a file does not cover its name. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The same in one go; see `replaceFileAtOnce`. */
export function syncDirectoryAtOnce(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
