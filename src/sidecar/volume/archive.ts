import { mkdir, readdir, rename, rm, stat, unlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as tar from "tar"
import {
  ARCHIVE_DIRECTORY,
  ARCHIVE_NAME,
  archiveName,
  type ArchiveOutcome,
  CONFIG_FILE,
  encodeArchiveOutcome,
  GENERATION_PREFIX,
  isArchiveMember,
  OUTCOME_FILE,
} from "../../contract/archive.ts"
import { MAXIMUM_FILE_BYTES, MAXIMUM_GENERATION_BYTES } from "../../contract/layout.ts"
import { syncDirectory, temporaryName, writeDurably } from "../../kit/files/atomic-file.ts"
import { compare } from "../../kit/problem.ts"
import { filesOfGeneration } from "./generation-reader.ts"

/** The contents of one archive. */
export interface ArchiveContent {
  /** The generation's directory, and its name. */
  readonly path: string
  readonly name: string
  readonly manifestSha256: string
  readonly config: string
  readonly outcome: ArchiveOutcome
}

/** An archive, as its directory shows it. */
export interface Archived {
  readonly sequence: number
  /** Its file's name. */
  readonly name: string
  /** When it was packed, soon after its generation came into effect, ISO 8601. */
  readonly time: string
}

export interface ArchiveLimits {
  /** Maximum archives. */
  readonly count: number
  /** Maximum bytes of all archives together. */
  readonly bytes: number
}

export interface Archive {
  /**
   * Packs a generation that ran: its input, the configuration, and its outcome. Equal content gives equal bytes.
   *
   * @returns false when the generation's directory is gone: a newer one has replaced it.
   */
  add(content: ArchiveContent): Promise<boolean>
  /** Unpacks the generation of an archive and returns its directory. Accepts only the names and sizes that pack() writes. */
  unpack(archive: string): Promise<string>
  /** The archives, oldest first. */
  list(): Promise<readonly Archived[]>
  /** The keepalived.conf of an archive; null if the archive does not exist, or does not have one. @throws If it cannot be read. */
  config(archive: string): Promise<string | null>
  /** Removes the oldest archives beyond the limits. @returns their number. */
  retain(limits: ArchiveLimits): Promise<number>
}

/** The same archive, which enforces the limits after each addition instead of at the next clean-up. */
export function withinLimits(archive: Archive, limits: ArchiveLimits): Archive {
  return {
    ...archive,
    add: async (content) => {
      const added = await archive.add(content)
      await archive.retain(limits)
      return added
    },
  }
}

/** state/archive/: on the node, so that it survives the pod; traffic never waits for it. */
export async function openArchive(state: string): Promise<Archive> {
  const root = join(state, ARCHIVE_DIRECTORY)
  await mkdir(root, { recursive: true, mode: 0o700 })
  for (const name of await readdir(root))
    if (name.startsWith(".")) await rm(join(root, name), { recursive: true, force: true })
  return {
    add: (content) => add(root, content),
    unpack: (archive) => unpack(root, archive),
    list: () => list(root),
    config: (archive) => configIn(root, archive),
    retain: (limits) => retain(root, limits),
  }
}

async function add(root: string, content: ArchiveContent): Promise<boolean> {
  const name = archiveName(content.name)
  const stage = join(root, temporaryName(name))
  const packed = join(root, temporaryName(name))
  try {
    await mkdir(stage, { mode: 0o700 })
    const generation = await copied(content, join(stage, GENERATION_PREFIX))
    if (generation === null) return false
    await writeDurably(join(stage, CONFIG_FILE), content.config, 0o600)
    await writeDurably(join(stage, OUTCOME_FILE), encodeArchiveOutcome(content.outcome), 0o600)
    const packable = [CONFIG_FILE, OUTCOME_FILE, ...generation.map((file) => join(GENERATION_PREFIX, file))]
    const members = packable.filter(isArchiveMember).toSorted(compare)
    // The prefix keeps a name that starts with "@" from being read as an archive to include (node-tar).
    const list = members.map((member) => `./${member}`)
    const same = { gzip: { level: 6 }, portable: true, mtime: EPOCH }
    await tar.create({ file: packed, mode: 0o600, cwd: stage, ...same, strict: true }, list)
    await assertComplete(packed, members.length)
    await rename(packed, join(root, name))
    await syncDirectory(root)
    return true
  } finally {
    await rm(stage, { recursive: true, force: true })
    await rm(packed, { force: true })
  }
}

const EPOCH = new Date(0)

/** The names of its files; null if the generation is gone, completely or in part. */
async function copied({ path, manifestSha256 }: ArchiveContent, to: string): Promise<readonly string[] | null> {
  const names: string[] = []
  for (const file of filesOfGeneration(path, manifestSha256)) {
    if (file === null) return null
    await mkdir(join(to, dirname(file.name)), { recursive: true, mode: 0o700 })
    await writeFile(join(to, file.name), file.bytes, { flag: "wx", mode: 0o600 })
    names.push(file.name)
  }
  return names
}

/** A source that disappears during packing leaves an unreadable archive, so list the archive before it gets its name. */
async function assertComplete(file: string, members: number): Promise<void> {
  let found = 0
  await tar.list({ file, strict: true, onReadEntry: () => (found += 1) })
  if (found !== members) throw new Error(`Cannot trust archive "${file}": found ${found} files, expected ${members}`)
}

async function unpack(root: string, archive: string): Promise<string> {
  if (!ARCHIVE_NAME.test(archive)) throw new Error(`Cannot unpack "${archive}": not the name of an archive`)
  const directory = join(root, temporaryName(archive))
  await mkdir(directory, { mode: 0o700 })
  let bytes = 0
  await tar.extract({
    file: join(root, archive),
    cwd: directory,
    strict: true,
    preservePaths: false,
    preserveOwner: false,
    noMtime: true,
    maxDepth: 8,
    filter: (path, entry) => {
      bytes += entry.size
      const name = path.replace(/^\.\//, "")
      const isFile = !("type" in entry) || entry.type === "File"
      return isFile && isArchiveMember(name) && entry.size <= MAXIMUM_FILE_BYTES && bytes <= MAXIMUM_GENERATION_BYTES
    },
  })
  return join(directory, GENERATION_PREFIX)
}

async function list(root: string): Promise<readonly Archived[]> {
  const found: Archived[] = []
  for (const name of (await readdir(root)).toSorted(compare)) {
    if (!ARCHIVE_NAME.test(name)) continue
    const packed = await stat(join(root, name)).catch(() => null)
    // Retention may remove it meanwhile.
    if (packed !== null) found.push({ sequence: Number(name.slice(0, 20)), name, time: packed.mtime.toISOString() })
  }
  return found
}

async function configIn(root: string, archive: string): Promise<string | null> {
  if (!ARCHIVE_NAME.test(archive)) return null
  const chunks: Buffer[] = []
  let hasConfig = false
  const file = join(root, archive)
  if ((await stat(file).catch(() => null)) === null) return null
  await tar.list({
    ...{ file, strict: true },
    filter: (path, entry) => path.replace(/^\.\//, "") === CONFIG_FILE && entry.size <= MAXIMUM_GENERATION_BYTES,
    onReadEntry: (entry) => {
      hasConfig = true
      entry.on("data", (chunk) => chunks.push(Buffer.from(chunk)))
    },
  })
  return hasConfig ? Buffer.concat(chunks).toString("utf8") : null
}

async function retain(root: string, limits: ArchiveLimits): Promise<number> {
  const names = (await readdir(root)).filter((name) => ARCHIVE_NAME.test(name)).toSorted((a, b) => compare(b, a))
  let bytes = 0
  let removed = 0
  for (const [at, name] of names.entries()) {
    bytes += (await stat(join(root, name))).size
    // The newest archive stays whatever its size, because an empty history is useless.
    if (at === 0 || (at < limits.count && bytes <= limits.bytes)) continue
    await unlink(join(root, name))
    removed += 1
  }
  return removed
}
