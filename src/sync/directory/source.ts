import { decodeFile, MAXIMUM_FILE_BYTES } from "../../core/objects/decode.ts"
import type { DecodedFile } from "../../core/objects/decoded-file.ts"
import { createJoin } from "../../core/objects/join.ts"
import { byPlace } from "../../kit/problem.ts"
import { readRegularFile } from "../../kit/safe-read.ts"
import { sha256Of } from "../../kit/sha256.ts"
import type { ClusterSource, SourceReading } from "../ports.ts"
import type { SourceProblemCode } from "../problem-codes.ts"
import { sourceProblem, type Tree, type TreeFile, walkTree } from "./tree.ts"

/** How long a file that looks half written is given before it is taken as it is. */
const SETTLE_MS = 100

/** A file changed so short a time ago that the next change may carry the same time: clocks of file systems tick. */
const CLOCK_TICK_MS = 20

const RESOURCES = ["configmaps", "endpoints", "endpointslices", "nodes", "services"].map((resource) => ({
  resource,
  listed: true,
  resourceVersion: null,
}))

export interface DirectorySource extends ClusterSource {
  /** True when the tree is not what was read last, as far as names, sizes and times tell. */
  hasChanged(): boolean
  /** How long ago it was last seen that what was read still holds, in ms; null where what was read was not whole. */
  staleMs(): number | null
}

/**
 * A directory of manifests as the source of objects. Files that did not change are not read again.
 *
 * Editors and `cp` write in place, so a file can be met half written. One that does not end with a line end, and a
 * symlink to nowhere, is believed only when it looks the same twice; whole files are believed at once.
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
  /** Why it could not be read. */
  readonly objection: ReturnType<typeof sourceProblem> | null
  /** Read so soon after its last change that another one may hide behind the same time. */
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
  // A file above the limit is not read at all; the decoder's own limit says the same to those who hold a text.
  const content = readRegularFile(file.path, MAXIMUM_FILE_BYTES)
  if (content.kind === "absent") return { ...base, racy: true }
  if (content.kind === "unsafe") return objection("SOURCE_UNREADABLE", content.reason)
  const sha256 = sha256Of(content.bytes)
  if (before?.sha256 === sha256) return { ...before, identity: file.identity, racy }
  const text = utf8Text(content.bytes)
  if (text === null) return objection("SOURCE_NOT_UTF8", "it is no UTF-8 text")
  return { ...base, sha256, decoded: decodeFile(file.name, text), endsWithinLine: !text.endsWith("\n") }
}

/** Null where the bytes are no UTF-8: a replaced character would make another name of a name. */
function utf8Text(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** What may be the middle of a change, each with the state it was met in. */
function doubtsOf({ problems }: Tree, files: ReadonlyMap<string, KnownFile>): ReadonlySet<string> {
  const doubts = new Set(problems.filter(({ code }) => code === "SOURCE_UNREADABLE").map(({ message }) => message))
  for (const [name, { endsWithinLine, sha256 }] of files) if (endsWithinLine) doubts.add(`${name} ${sha256}`)
  return doubts
}

function shapeOf({ files, problems }: Tree): string {
  const lines = files.map(({ name, identity }) => `${name} ${identity}`)
  return [...lines, ...problems.map(({ message }) => message)].join("\n")
}
