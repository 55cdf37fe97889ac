import { constants } from "node:fs"
import { type FileHandle, open, rename } from "node:fs/promises"
import { readRegularFile } from "./safe-read.ts"

/** A file to which lines are added. A full file is renamed, so that there are at most two: this file and the one before. */
export interface LineFile {
  readonly path: string
  /** Size in bytes at which the file is renamed to `<path>.old`. */
  readonly fullBytes: number
}

/**
 * Adds a line and syncs it to disk before it returns. Several programs may add to one file: each line is one write.
 *
 * A line that a power cut or a full disk cut short stays a separate line.
 *
 * @param line Without its line end.
 */
export async function addLine({ path, fullBytes }: LineFile, line: string): Promise<void> {
  const handle = await open(path, APPEND, 0o600)
  let isFull = false
  try {
    const text = `${(await endsInLine(handle)) ? "" : "\n"}${line}\n`
    await handle.appendFile(text)
    await handle.datasync()
    isFull = (await handle.stat()).size >= fullBytes
  } finally {
    await handle.close()
  }
  // A rename keeps the lines that other programs add meanwhile: they are in one of the two files.
  if (isFull) await rename(path, olderOf(path))
}

/** All kept lines, oldest first; none if there is no such file. @throws If a file exists and cannot be read. */
export function linesOf({ path, fullBytes }: LineFile): readonly string[] {
  return [olderOf(path), path].flatMap((file) => {
    const read = readRegularFile(file, fullBytes + LONGEST_LINE)
    if (read.kind === "absent") return []
    if (read.kind === "unsafe") throw new Error(`Cannot read "${file}": ${read.reason}`)
    return read.bytes
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "")
  })
}

/** Maximum bytes of the last line beyond the size limit. */
const LONGEST_LINE = 64 * 1024
const APPEND = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW

function olderOf(path: string): string {
  return `${path}.old`
}

async function endsInLine(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat()
  if (size === 0) return true
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer.toString() === "\n"
}
