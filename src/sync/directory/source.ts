import { decodeFile, MAXIMUM_FILE_BYTES } from "../../core/objects/decode.ts"
import type { DecodedFile } from "../../core/objects/decoded-file.ts"
import { createJoin } from "../../core/objects/join.ts"
import { byPlace } from "../../kit/problem.ts"
import { readRegularFile } from "../../kit/files/safe-read.ts"
import { sha256Of } from "../../kit/sha256.ts"
import type { ClusterSource, SourceReading } from "../ports.ts"
import type { SourceProblemCode } from "../problem-codes.ts"
import { sourceProblem, type Tree, type TreeFile, walkTree } from "./tree.ts"

/** Time that a file that looks half written must stay unchanged before sync accepts it, in ms. */
const SETTLE_MS = 100

/** Age below which a file's next change may have the same time stamp: file system clocks are coarse. */
const CLOCK_TICK_MS = 20

const RESOURCES = ["configmaps", "endpoints", "endpointslices", "nodes", "services"].map((resource) => ({
  resource,
  listed: true,
  resourceVersion: null,
}))

export interface DirectorySource extends ClusterSource {
  /** True if names, sizes or times in the tree differ from the last reading. */
  hasChanged(): boolean
  /** Time since the last check that the reading is still current, in ms; null if the reading was not complete. */
  staleMs(): number | null
}

/**
 * A directory of manifests as the source of objects. It does not read unchanged files again.
 *
 * Editors and `cp` write in place, so a file can be half written when it is read. A file that does not end with a line feed,
 * and a broken symlink, count only if they look the same twice; complete files count at once.
 */
export function createDirectorySource(root: string, now: () => number = () => performance.now()): DirectorySource {
  const join = createJoin()
  let known: ReadonlyMap<string, KnownFile> = new Map()
  let doubtful: ReadonlySet<string> = new Set()
  let shape = ""
  let heldAt: number | null = null

  function read(): SourceReading {
    const tree = walkTree(root)
    const files = new Map(tree.files.map((file) => [file.name, readKnown(file, known.get(file.name))]))
    known = files
    shape = shapeOf(tree)
    const doubts = doubtsOf(tree, files)
    const settling = [...doubts].some((doubt) => !doubtful.has(doubt))
    doubtful = doubts
    if (settling) return { kind: "settling", retryAfterMs: SETTLE_MS }
    const joined = join([...files.values()].map(({ decoded }) => decoded))
    const unreadable = [...files.values()].flatMap(({ objection }) => objection ?? [])
    const problems = [...tree.problems, ...unreadable, ...joined.problems].sort(byPlace)
    heldAt = problems.length === 0 ? now() : null
    return { kind: "objects", objects: joined.value, problems, resources: RESOURCES }
  }

  function hasChanged(): boolean {
    const changed = shapeOf(walkTree(root)) !== shape || [...known.values()].some(({ racy }) => racy)
    if (!changed && heldAt !== null) heldAt = now()
    return changed
  }

  return { read, hasChanged, staleMs: () => (heldAt === null ? null : now() - heldAt) }
}

interface KnownFile {
  readonly identity: string
  readonly sha256: string
  readonly decoded: DecodedFile
  /** Why the file cannot be read. */
  readonly objection: ReturnType<typeof sourceProblem> | null
  /** Read so soon after its last change that another change may have the same time stamp. */
  readonly racy: boolean
  readonly endsWithinLine: boolean
}

const NOTHING: DecodedFile = { objects: [], problems: [] }

function readKnown(file: TreeFile, before: KnownFile | undefined): KnownFile {
  if (before?.identity === file.identity && !before.racy) return before
  const racy = Number(file.modifiedNs / 1_000_000n) > Date.now() - CLOCK_TICK_MS
  const base = { identity: file.identity, sha256: "", decoded: NOTHING, objection: null, racy, endsWithinLine: false }
  const objection = (code: SourceProblemCode, reason: string): KnownFile => ({
    ...base,
    objection: sourceProblem(code, file.name, reason),
  })
  // A file above the limit is not read at all; the decoder has the same limit for texts.
  const content = readRegularFile(file.path, MAXIMUM_FILE_BYTES)
  if (content.kind === "absent") return { ...base, racy: true }
  if (content.kind === "unsafe") return objection("SOURCE_UNREADABLE", content.reason)
  const sha256 = sha256Of(content.bytes)
  if (before?.sha256 === sha256) return { ...before, identity: file.identity, racy }
  const text = utf8Text(content.bytes)
  if (text === null) return objection("SOURCE_NOT_UTF8", "it is not UTF-8 text")
  return { ...base, sha256, decoded: decodeFile(file.name, text), endsWithinLine: !text.endsWith("\n") }
}

/** Null if the bytes are not UTF-8: a replacement character would turn a name into another name. */
function utf8Text(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Files that may be half written, each with its current state. */
function doubtsOf({ problems }: Tree, files: ReadonlyMap<string, KnownFile>): ReadonlySet<string> {
  const doubts = new Set(problems.filter(({ code }) => code === "SOURCE_UNREADABLE").map(({ message }) => message))
  for (const [name, { endsWithinLine, sha256 }] of files) if (endsWithinLine) doubts.add(`${name} ${sha256}`)
  return doubts
}

function shapeOf({ files, problems }: Tree): string {
  const lines = files.map(({ name, identity }) => `${name} ${identity}`)
  return [...lines, ...problems.map(({ message }) => message)].join("\n")
}
