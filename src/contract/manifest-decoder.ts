import type { Decoded } from "./decode.ts"
import { CONTENT_FILE, MAXIMUM_FILE_BYTES, MAXIMUM_FILES } from "./layout.ts"
import {
  bytesOf,
  contradictionIn,
  decodeManifest,
  type FilesSum,
  isSorted,
  type Manifest,
  type ManifestFile,
  sumLine,
  sumOf,
} from "./manifest.ts"
import { sha256Of } from "./sha256.ts"

/** A manifest, and what in it contradicts itself. */
export interface CheckedManifest {
  readonly manifest: Manifest
  /** As `contradictionIn` says. */
  readonly contradiction: string | null
}

/** Reads the bytes of `manifest.json`, and goes through what they say. */
export function decodeCheckedManifest(bytes: Buffer): Decoded<CheckedManifest> {
  const decoded = decodeManifest(bytes.toString("utf8"))
  if (decoded.kind !== "value") return decoded
  const manifest = decoded.value
  return { kind: "value", value: { manifest, contradiction: contradictionIn(manifest, sumOf(manifest.files)) } }
}

/**
 * Makes a `decodeCheckedManifest` that looks only at the lines which the manifest before did not have, and gives the same
 * objects for the others: of a thousand files one has changed. The result is that of `decodeCheckedManifest`.
 */
export function createManifestDecoder(): (bytes: Buffer) => Decoded<CheckedManifest> {
  let last = NO_LINES
  return (bytes) => {
    const [around, section] = partsOf(bytes) ?? []
    if (around === undefined || section === undefined) return decodeCheckedManifest(bytes)
    const lines = fileLinesOf(section, last)
    // With no file in it the rest is JSON of its own, and only if the brackets before it are balanced.
    const decoded = lines === null ? null : decodeManifest(around)
    if (lines === null || decoded?.kind !== "value") return decodeCheckedManifest(bytes)
    last = lines
    const manifest = { ...decoded.value, files: lines.files }
    return { kind: "value", value: { manifest, contradiction: contradictionIn(manifest, lines.sum) } }
  }
}

/** What stands around the lines of files, and between them. A line feed stands in no JSON string: these are never within a value. */
const BEFORE_FILES = '\n  "files": [\n'
const BEHIND_FILE = ",\n"
const AFTER_FILES = "\n  ]\n}\n"

/** A manifest without its files, and their lines, each with its end; null for another layout. */
function partsOf(bytes: Buffer): readonly [around: string, section: Buffer] | null {
  const [begin, end] = [bytes.indexOf(BEFORE_FILES), bytes.length - AFTER_FILES.length]
  if (begin === -1 || bytes.toString("utf8", Math.max(0, end)) !== AFTER_FILES) return null
  const section = Buffer.concat([bytes.subarray(begin + BEFORE_FILES.length, end), Buffer.from(BEHIND_FILE)])
  return [`${bytes.toString("utf8", 0, begin)}\n  "files": []\n}\n`, section]
}

/** The lines of files as they stand in a manifest, sorted, and what they say. */
interface FileLines {
  readonly section: Buffer
  readonly files: readonly ManifestFile[]
  /** The lines of `contentSha256Of`. */
  readonly sumLines: Buffer
  readonly sum: FilesSum
}

const NO_LINES: FileLines = {
  section: Buffer.alloc(0),
  files: [],
  sumLines: Buffer.alloc(0),
  sum: { contentSha256: sha256Of(""), bytes: 0, isSorted: true },
}

/** Null where a full parser has to look: at another layout, another order, and at all that is wrong. */
function fileLinesOf(section: Buffer, before: FileLines): FileLines | null {
  const { head, tail } = sameAround(before.section, section)
  const changed = filesIn(section.toString("latin1", head, section.length - tail))
  if (changed === null) return null
  const first = lineFeedsIn(section, 0, head)
  const end = first + lineFeedsIn(before.section, head, before.section.length - tail)
  const files = [...before.files.slice(0, first), ...changed, ...before.files.slice(end)]
  if (files.length > MAXIMUM_FILES || !isSorted(files.slice(Math.max(0, first - 1), first + changed.length + 1)))
    return null
  const sumLines = Buffer.concat([
    before.sumLines.subarray(0, sumLineStart(before, first)),
    Buffer.from(changed.map(sumLine).join("")),
    before.sumLines.subarray(sumLineStart(before, end)),
  ])
  const bytes = before.sum.bytes - bytesOf(before.files.slice(first, end)) + bytesOf(changed)
  return { section, files, sumLines, sum: { contentSha256: sha256Of(sumLines), bytes, isSorted: true } }
}

/** Where the line of the n-th file begins: its name stands once, between two blanks and a line feed. */
function sumLineStart({ files, sumLines }: FileLines, at: number): number {
  const file = files[at]
  return file === undefined ? sumLines.length : sumLines.indexOf(`  ${file.name}\n`) - file.sha256.length
}

/** How many bytes at the begin and at the end are as before: whole lines, and none of them in both. */
function sameAround(before: Buffer, now: Buffer): { readonly head: number; readonly tail: number } {
  const shorter = Math.min(before.length, now.length)
  const begin = sameLength(shorter, (from, to) => before.compare(now, from, to, from, to) === 0)
  const head = begin === 0 ? 0 : now.lastIndexOf(LINE_FEED, begin - 1) + 1
  const [endBefore, end] = [before.length, now.length]
  const rest = sameLength(
    shorter - head,
    (from, to) => before.compare(now, end - to, end - from, endBefore - to, endBefore - from) === 0,
  )
  if (isLineStart(now, end - rest) && isLineStart(before, endBefore - rest)) return { head, tail: rest }
  const lineFeed = now.indexOf(LINE_FEED, end - rest)
  return { head, tail: lineFeed === -1 ? 0 : end - lineFeed - 1 }
}

/** How far two texts are the same. @param isSame Whether they are from one place to another. */
function sameLength(limit: number, isSame: (from: number, to: number) => boolean): number {
  let [same, above] = [0, limit + 1]
  while (same + 1 < above) {
    const middle = Math.floor((same + above) / 2)
    if (isSame(same, middle)) same = middle
    else above = middle
  }
  return same
}

const LINE_FEED = 0x0a

function isLineStart(bytes: Buffer, at: number): boolean {
  return at === 0 || bytes[at - 1] === LINE_FEED
}

function lineFeedsIn(bytes: Buffer, from: number, to: number): number {
  const text = bytes.toString("latin1", from, to)
  let count = 0
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count += 1
  return count
}

/** The files of some lines; null where one of them is unusual. */
function filesIn(lines: string): readonly ManifestFile[] | null {
  if (lines !== "" && !lines.endsWith(BEHIND_FILE)) return null
  const files: ManifestFile[] = []
  for (const line of lines.split(BEHIND_FILE).slice(0, -1)) {
    const file = fileIn(line)
    if (file === null) return null
    files.push(file)
  }
  return files
}

/** As `encodeManifest` writes it: no escapes, since no name of a file needs any. */
const FILE_LINE = /^ {4}\{"name":"([^"\\]+)","size":(0|[1-9][0-9]{0,9}),"sha256":"([0-9a-f]{64})"\}$/

/** Says what the schema says of such a line; null for every other one. */
function fileIn(line: string): ManifestFile | null {
  const [, name = "", digits, sha256 = ""] = FILE_LINE.exec(line) ?? []
  const size = Number(digits)
  return CONTENT_FILE.test(name) && size <= MAXIMUM_FILE_BYTES ? { name, size, sha256 } : null
}
