import type { Place, Problem } from "../../kit/problem.ts"
import type { DecodedFile } from "./decoded-file.ts"
import { decodeYaml } from "./decode-yaml.ts"
import type { Placed } from "./kinds.ts"
import { nestsDeeperAt } from "./nesting.ts"
import { parseObject } from "./parse.ts"
import { MOST_PIECES, type Piece, piecesOf } from "./pieces.ts"
import type { ObjectProblemCode } from "./problem-codes.ts"

/** A ConfigMap cannot be larger (limit of the API), and one MiB of YAML takes a second to read. */
export const MAXIMUM_FILE_BYTES = 1024 * 1024
/** What `kubectl get … -A` prints of a large cluster fits into it. Each object in it has the limit of a file. */
export const MAXIMUM_INPUT_BYTES = 64 * 1024 * 1024

/**
 * Reads a file of Kubernetes manifests: YAML or JSON, one document or many, `kind: List` too, objects as the API gives
 * them or trimmed. Kinds that are nothing to us are ignored. Of a file with a problem, the good objects are still given.
 *
 * The same file and text always give the same result; callers keep it by checksum.
 *
 * @param file The name that places carry.
 */
export function decodeFile(file: string, text: string): DecodedFile {
  const unreadable = wholeFileProblem(file, text)
  if (unreadable !== null) return { objects: [], problems: [unreadable] }
  return decodeYaml(file, text)
}

/**
 * Reads a file that may hold many objects and have up to MAXIMUM_INPUT_BYTES: its documents, and the items of its lists, are each read as a file.
 *
 * @param file The name that places carry.
 */
export function decodeLargeFile(file: string, text: string): DecodedFile {
  if (!isTooLarge(text)) return decodeFile(file, text)
  const parts = piecesOf(text)
  if (parts.length > MOST_PIECES) {
    const message = `Cannot read the file: it has more than ${MOST_PIECES} objects`
    const problem = { code: "FILE_TOO_LARGE", severity: "error", path: [file], message } as const
    return { objects: [], problems: [{ ...problem, place: { file, line: null, column: null } }] }
  }
  const pieces = parts.map((piece) => decodePiece(file, piece))
  return {
    objects: pieces.flatMap(({ objects }) => objects),
    problems: pieces.flatMap(({ problems }) => problems),
  }
}

function decodePiece(file: string, { text, lines, kind, apiVersion }: Piece): DecodedFile {
  const typed = kind === null ? null : { kind, apiVersion }
  const { objects, problems } =
    isTooLarge(text) || typed === null ? decodeFile(file, text) : decodeYaml(file, text, typed)
  const moved = <T extends Place | null>(place: T): T =>
    place === null || place.line === null ? place : { ...place, line: place.line + lines }
  const allMoved = (places: ReadonlyMap<string, Place>) => new Map([...places].map(([key, one]) => [key, moved(one)]))
  return {
    objects: objects.map(({ object, place, keyPlaces, firstLines }) => ({
      object,
      place: moved(place),
      keyPlaces: allMoved(keyPlaces),
      firstLines: firstLines === undefined ? undefined : allMoved(firstLines),
    })),
    problems: problems.map((problem) => ({
      ...problem,
      place: problem.code === "FILE_TOO_LARGE" ? { file, line: lines + 1, column: 1 } : moved(problem.place),
      message: problem.code === "FILE_TOO_LARGE" ? TOO_LARGE_OBJECT : problem.message,
    })),
  }
}

const TOO_LARGE_OBJECT = `Cannot read the object: it has more than ${MAXIMUM_FILE_BYTES} bytes, expected at most 1 MiB`

/**
 * Reads a file of a generation: what a person wrote is YAML, what a machine wrote is JSON. A machine's file that is not as it
 * should be is read as a person's file is, for the places of its problems.
 */
export function decodeGenerationFile(file: string, text: string): DecodedFile {
  return (file.endsWith(".json") ? decodeJsonList(file, text) : null) ?? decodeFile(file, text)
}

/** @returns null for everything that is not a List of objects without any problem. */
function decodeJsonList(file: string, text: string): DecodedFile | null {
  const place = { file, line: null, column: null }
  const objects: Placed[] = []
  for (const item of itemsIn(text) ?? [null]) {
    const parsed = parseObject(item)
    if (parsed.kind !== "object" || parsed.object.kind === "ConfigMap") return null
    objects.push({ object: parsed.object, place, keyPlaces: NO_PLACES })
  }
  return { objects, problems: [] }
}

function itemsIn(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text)
    const isOfItems = typeof value === "object" && value !== null && "items" in value && "kind" in value
    return isOfItems && value.kind === "List" && Array.isArray(value.items) ? value.items : null
  } catch {
    return null
  }
}

const NO_PLACES: Placed["keyPlaces"] = new Map()

function wholeFileProblem(file: string, text: string): Problem<ObjectProblemCode> | null {
  const problem = (code: ObjectProblemCode, offset: number | null, message: string): Problem<ObjectProblemCode> => ({
    code,
    severity: "error",
    path: [file],
    place: { file, ...(offset === null ? { line: null, column: null } : lineAndColumn(text, offset)) },
    message: `Cannot read the file: ${message}`,
  })
  if (isTooLarge(text)) {
    return problem("FILE_TOO_LARGE", null, `it has more than ${MAXIMUM_FILE_BYTES} bytes, wanted at most 1 MiB`)
  }
  const mark = text.indexOf("\ufeff")
  // Inside a file it stands in some value and is the value's business.
  if (mark === 0) {
    return problem("FILE_BYTE_ORDER_MARK", 0, "it begins with a byte order mark; save it as UTF-8 without one")
  }
  const nul = text.indexOf("\0")
  if (nul >= 0) return problem("FILE_NUL", nul, "it has a NUL byte, wanted text")
  const deep = tooDeepAt(text)
  return deep === null ? null : problem("YAML_SYNTAX", deep, `it nests deeper than ${DEEPEST} levels here`)
}

function isTooLarge(text: string): boolean {
  return text.length > MAXIMUM_FILE_BYTES || Buffer.byteLength(text) > MAXIMUM_FILE_BYTES
}

/**
 * Nothing that Kubernetes has nests half as deep. The parser has a limit of its own, but takes ten seconds to find that a
 * MiB of brackets or dashes is above it.
 */
const DEEPEST = 200
const DEEP_LINE = /^ *(?:[-?] +){200}/m

/** A look at each bracket, and a closer one only where there are suspiciously many: they may be text. */
function tooDeepAt(text: string): number | null {
  let open = 0
  let suspicious = DEEP_LINE.test(text)
  for (const [bracket] of text.matchAll(/[[{\]}]/g)) {
    open = bracket === "[" || bracket === "{" ? open + 1 : Math.max(0, open - 1)
    suspicious ||= open > DEEPEST
  }
  return suspicious ? nestsDeeperAt(text, DEEPEST) : null
}

function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset)
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") }
}
