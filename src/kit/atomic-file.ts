import { randomBytes } from "node:crypto"
import { closeSync, constants, fstatSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { open, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"

/**
 * Replaces a file whole: readers see the old content or the new, also after a power cut.
 *
 * The temporary file `.<name>.<random>` stands beside it; after a crash it is left there, and its random name is in
 * nobody's way.
 *
 * @throws On a full disk and other faults; the old file is then untouched and the temporary one removed.
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
 * The same in one go: for small files on a volume in memory, where each turn of the thread pool costs more than the work.
 * Never for a real disk, whose fsync may take seconds.
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

/** `.<name>.<12 hex>`: beside the file, hidden, and different each time. */
export function temporaryName(name: string): string {
  return `.${name}.${randomBytes(6).toString("hex")}`
}

/**
 * Writes a new file and has it on the disk before it returns. Refuses to open what already exists.
 *
 * The size is compared afterwards: a short write on a full disk has been seen without an exception.
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

function assertWhole(path: string, arrived: number, wanted: number): void {
  if (arrived !== wanted) throw new Error(`Cannot write ${path}: ${arrived} bytes arrived, wanted ${wanted}`)
}

/** Has the names in a directory on the disk: fsync(2) of a file says nothing about its name. */
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
