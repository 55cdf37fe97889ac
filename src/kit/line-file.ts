import { constants } from "node:fs"
import { type FileHandle, open, rename } from "node:fs/promises"
import { readRegularFile } from "./safe-read.ts"

/** A file to which lines are added, and its predecessor: it is put aside when it is full, so that at most two are kept. */
export interface LineFile {
  readonly path: string
  /** A file of this size or more is put aside, as `<path>.old`. */
  readonly fullBytes: number
}

/**
 * Adds a line, and has it on the disk before it returns. Several programs may add to one file: each line is one write.
 *
 * A line that was cut short, by a power cut or a full disk, stays a line of its own.
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
  // By name: what others add meanwhile is in the one file or in the other.
  if (isFull) await rename(path, olderOf(path))
}

/** All lines that are kept, oldest first; none where there is no such file. @throws where one is there and cannot be read. */
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

/** Bytes beyond the limit that the last line of a file may reach. */
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
