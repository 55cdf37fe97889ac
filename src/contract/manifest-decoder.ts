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

/** Reads the text of `manifest.json`, and goes through what it says. */
export function decodeCheckedManifest(text: string): Decoded<CheckedManifest> {
  const decoded = decodeManifest(text)
  if (decoded.kind !== "value") return decoded
  const manifest = decoded.value
  return { kind: "value", value: { manifest, contradiction: contradictionIn(manifest, sumOf(manifest.files)) } }
}

/**
 * Makes a `decodeCheckedManifest` that looks only at the lines which the manifest before did not have, and gives the same
 * objects for the others: of a thousand files one has changed. The result is that of `decodeCheckedManifest`.
 */
export function createManifestDecoder(): (text: string) => Decoded<CheckedManifest> {
  let last = NO_LINES
  return (text) => {
    const [around, section] = partsOf(text) ?? []
    if (around === undefined || section === undefined) return decodeCheckedManifest(text)
    const lines = fileLinesOf(section, last)
    // With no file in it the rest is JSON of its own, and only if the brackets before it are balanced.
    const decoded = lines === null ? null : decodeManifest(around)
    if (lines === null || decoded?.kind !== "value") return decodeCheckedManifest(text)
    last = lines
    const manifest = { ...decoded.value, files: lines.files }
    return { kind: "value", value: { manifest, contradiction: contradictionIn(manifest, lines.sum) } }
  }
}

/** The text around the lines of files, and between them. A line feed stands in no JSON string: these are never within a value. */
const BEFORE_FILES = '\n  "files": [\n'
const BEHIND_FILE = ",\n"
const AFTER_FILES = "\n  ]\n}\n"

/** A manifest without its files, and their lines, each with its end; null for another layout. */
function partsOf(text: string): readonly [around: string, section: string] | null {
  const begin = text.indexOf(BEFORE_FILES)
  if (begin === -1 || !text.endsWith(AFTER_FILES)) return null
  const section = `${text.slice(begin + BEFORE_FILES.length, -AFTER_FILES.length)}${BEHIND_FILE}`
  return [`${text.slice(0, begin)}\n  "files": []\n}\n`, section]
}

/** The lines of files as they stand in a manifest, sorted, and what they say. */
interface FileLines {
  readonly section: string
  readonly files: readonly ManifestFile[]
  /** `sumLine` of each. */
  readonly sumLines: readonly string[]
  readonly sum: FilesSum
}

const NO_LINES: FileLines = {
  section: "",
  files: [],
  sumLines: [],
  sum: { contentSha256: sha256Of(""), bytes: 0, isSorted: true },
}

/** Null where a full parser has to look: at another layout, another order, and at all that is wrong. */
function fileLinesOf(section: string, before: FileLines): FileLines | null {
  const { head, tail } = sameAround(before.section, section)
  const changed = filesIn(section.slice(head, section.length - tail))
  if (changed === null) return null
  const first = lineFeedsIn(section.slice(0, head))
  const end = before.files.length - lineFeedsIn(section.slice(section.length - tail))
  const files = [...before.files.slice(0, first), ...changed, ...before.files.slice(end)]
  if (files.length > MAXIMUM_FILES || !isSorted(files.slice(Math.max(0, first - 1), first + changed.length + 1)))
    return null
  const sumLines = [...before.sumLines.slice(0, first), ...changed.map(sumLine), ...before.sumLines.slice(end)]
  const bytes = before.sum.bytes - bytesOf(before.files.slice(first, end)) + bytesOf(changed)
  return { section, files, sumLines, sum: { contentSha256: sha256Of(sumLines.join("")), bytes, isSorted: true } }
}

/** How many characters at the begin and at the end are as before: whole lines, and none of them in both. */
function sameAround(before: string, text: string): { readonly head: number; readonly tail: number } {
  const shorter = Math.min(before.length, text.length)
  const begin = sameLength(shorter, (from, to) => before.slice(from, to) === text.slice(from, to))
  const head = begin === 0 ? 0 : text.lastIndexOf("\n", begin - 1) + 1
  const [endBefore, end] = [before.length, text.length]
  const rest = sameLength(
    shorter - head,
    (from, to) => before.slice(endBefore - to, endBefore - from) === text.slice(end - to, end - from),
  )
  if (isLineStart(text, end - rest) && isLineStart(before, endBefore - rest)) return { head, tail: rest }
  const lineFeed = text.indexOf("\n", end - rest)
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

function isLineStart(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === "\n"
}

function lineFeedsIn(text: string): number {
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
