import type { Place, Problem } from "../../kit/problem.ts"
import type { DecodedFile } from "./decoded-file.ts"
import { decodeYaml } from "./yaml/decode-yaml.ts"
import type { Placed } from "./kinds.ts"
import { DEEPEST, tooDeepAt } from "./yaml/nesting.ts"
import { parseObject } from "./parse.ts"
import { MOST_PIECES, type Piece, piecesOf } from "./yaml/pieces.ts"
import type { ObjectProblemCode } from "./problem-codes.ts"

/** Maximum bytes of a file: the API's limit for a ConfigMap. Reading 1 MiB of YAML takes a second. */
export const MAXIMUM_FILE_BYTES = 1024 * 1024
/** Maximum bytes of an input with many objects, such as `kubectl get … -A` of a large cluster. Each object has the limit of a file. */
export const MAXIMUM_INPUT_BYTES = 64 * 1024 * 1024

/**
 * Reads a file of Kubernetes manifests: YAML or JSON, one or more documents, `kind: List`, whole API objects or trimmed ones.
 * Ignores kinds that this product does not use. A file with problems still gives its good objects.
 *
 * The same file and text always give the same result, so callers can cache it by checksum.
 *
 * @param file File name for places.
 */
export function decodeFile(file: string, text: string): DecodedFile {
  const unreadable = wholeFileProblem(file, text)
  if (unreadable !== null) return { objects: [], problems: [unreadable] }
  return decodeYaml(file, text)
}

/**
 * Reads a file of up to MAXIMUM_INPUT_BYTES with many objects. Reads each document, and each item of a list, like a file.
 *
 * @param file File name for places.
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

const TOO_LARGE_OBJECT = `Cannot read the object: it has more than ${MAXIMUM_FILE_BYTES} bytes (expected at most 1 MiB)`

/**
 * Reads a file of a generation. The VIP ConfigMap is YAML, and the files that sync makes are JSON. A JSON file with a problem
 * is read again with the YAML parser, which gives places.
 */
export function decodeGenerationFile(file: string, text: string): DecodedFile {
  return (file.endsWith(".json") ? decodeJsonList(file, text) : null) ?? decodeFile(file, text)
}

/** @returns null unless the text is a List of objects without problems. */
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
    return problem("FILE_TOO_LARGE", null, `it has more than ${MAXIMUM_FILE_BYTES} bytes (expected at most 1 MiB)`)
  }
  const mark = text.indexOf("\ufeff")
  // Elsewhere in the file the mark is part of a value, and the value is checked later.
  if (mark === 0) {
    return problem("FILE_BYTE_ORDER_MARK", 0, "it starts with a byte order mark; save it as UTF-8 without one")
  }
  const nul = text.indexOf("\0")
  if (nul >= 0) return problem("FILE_NUL", nul, "it contains a NUL byte (expected text)")
  const deep = tooDeepAt(text)
  return deep === null ? null : problem("YAML_SYNTAX", deep, `it has more than ${DEEPEST} nested levels here`)
}

function isTooLarge(text: string): boolean {
  return text.length > MAXIMUM_FILE_BYTES || Buffer.byteLength(text) > MAXIMUM_FILE_BYTES
}

function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset)
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") }
}
