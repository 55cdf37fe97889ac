import { constants } from "node:fs"
import { open } from "node:fs/promises"

import { Parser, type ReadEntry } from "tar"

import { CONFIG_FILE, GENERATION_PREFIX, isArchiveMember, OUTCOME_FILE } from "../../contract/archive.ts"
import { type ArchiveOutcome, decodeArchiveOutcome } from "../../contract/archive.ts"
import { MAXIMUM_GENERATION_BYTES } from "../../contract/layout.ts"
import { decodedOrThrow } from "./volume-files.ts"
import type { FileText } from "./files.ts"

/** The contents of an archive of a generation. */
export interface Archive {
  /** Null if the archive has none: such an archive has its inputs only. */
  readonly outcome: ArchiveOutcome | null
  readonly config: string | null
  /** The generation's manifests; their names begin with the archive's path. */
  readonly manifests: readonly FileText[]
}

/**
 * Reads an archive into memory, and never unpacks it to the disk.
 *
 * @throws when the file is not an archive, is incomplete, or holds more than a generation can.
 */
export async function readArchive(path: string): Promise<Archive> {
  const texts = await membersOf(path)
  const outcome = texts.get(OUTCOME_FILE)
  const manifests: FileText[] = []
  for (const [name, text] of texts)
    if (name.startsWith(GENERATION_PREFIX)) manifests.push({ file: `${path}/${name}`, text })
  return {
    outcome: outcome === undefined ? null : decodedOrThrow(`${path}/${OUTCOME_FILE}`, decodeArchiveOutcome(outcome)),
    config: texts.get(CONFIG_FILE) ?? null,
    manifests,
  }
}

async function membersOf(path: string): Promise<ReadonlyMap<string, string>> {
  const members = new Map<string, Buffer[]>()
  let bytes = 0
  let fault: unknown = null
  const onReadEntry = (entry: ReadEntry) => {
    const name = entry.path.replace(/^\.\//, "")
    bytes += entry.size
    // An error thrown here would be lost, because the parser makes this call.
    if (bytes > LARGEST) fault ??= new Error(`it holds more than ${LARGEST} bytes`)
    if (fault !== null || entry.type !== "File" || !isArchiveMember(name)) {
      entry.resume()
      return
    }
    const chunks: Buffer[] = []
    members.set(name, chunks)
    entry.on("data", (chunk) => chunks.push(Buffer.from(chunk)))
  }
  try {
    await parsed(path, { onReadEntry, fault: () => fault })
  } catch (error) {
    throw new Error(`Cannot read the archive "${path}"`, { cause: error })
  }
  return new Map([...members].map(([name, chunks]) => [name, Buffer.concat(chunks).toString("utf8")]))
}

interface Parsing {
  readonly onReadEntry: (entry: ReadEntry) => void
  /** The fault that makes the rest useless; null while there is none. */
  readonly fault: () => unknown
}

/** Reads only up to the first fault: a small archive may unpack without end. @throws that fault. */
async function parsed(path: string, { onReadEntry, fault }: Parsing): Promise<void> {
  const parser = new Parser({ strict: true, onReadEntry })
  const ended = new Promise<void>((resolve, reject) => parser.on("end", resolve).on("error", reject))
  // It may fail while the loop waits for a chunk.
  ended.catch(() => {})
  // Non-blocking: a fifo has no end, and often no writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error("it is not a regular file")
    const chunks: AsyncIterable<Buffer> = handle.createReadStream({ autoClose: false })
    for await (const chunk of chunks) {
      parser.write(chunk)
      if (fault() !== null) throw fault()
    }
  } finally {
    await handle.close()
  }
  parser.end()
  await ended
}

/** Maximum bytes of a generation, its keepalived.conf and its outcome: each of the latter two is smaller than the first. */
const LARGEST = 3 * MAXIMUM_GENERATION_BYTES
