import { isMap, isPair, isScalar, isSeq, type LineCounter, Scalar, type YAMLMap } from "yaml"
import type { Place } from "../../../kit/problem.ts"
import type { Placed } from "../kinds.ts"
import type { ShapeIssue } from "../shape-issue.ts"

/** A parsed text, with the offsets of its lines. */
export interface YamlText {
  readonly file: string
  readonly text: string
  readonly lines: LineCounter
}

/** The places of the entries of a ConfigMap's `data`. @param data The parsed mapping; anything else has no entries. */
export function entryPlacesOf(data: unknown, source: YamlText): Pick<Placed, "keyPlaces" | "firstLines"> {
  const keyPlaces = new Map<string, Place>()
  const firstLines = new Map<string, Place>()
  if (!isMap(data)) return { keyPlaces }
  for (const { key, value } of data.items) {
    if (!isScalar(key)) continue
    keyPlaces.set(String(key.value), placeAt(source, key.range?.[0] ?? 0))
    // Only in a literal block (`|`) do the lines of the file match the lines of the value.
    if (isScalar(value) && value.type === Scalar.BLOCK_LITERAL)
      firstLines.set(String(key.value), firstLineOf(value, source))
  }
  return firstLines.size === 0 ? { keyPlaces } : { keyPlaces, firstLines }
}

/** The line below the `|`, and the column where the lines of the block start. */
function firstLineOf(value: Scalar, source: YamlText): Place {
  const line = (placeAt(source, value.range?.[0] ?? 0).line ?? 0) + 1
  const from = source.lines.lineStarts[line - 1] ?? source.text.length
  const indent = /^(?:[ \t]*\r?\n)*( *)/.exec(source.text.slice(from, value.range?.[1]))?.[1]?.length ?? 0
  return { file: source.file, line, column: indent + 1 }
}

/** The place of an offset of the text. */
export function placeAt({ file, lines }: YamlText, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  // linePos() gives 0 for an empty file, and for an offset before the first counted line.
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
}

/** The offset of a field: of its value, of its key (for an entry), or of the nearest node around it. */
export function offsetOf(root: YAMLMap, issue: ShapeIssue): number {
  let offset = root.range?.[0] ?? 0
  let current: unknown = root
  for (const part of issue.path) {
    const next: Found | null = step(current, part)
    if (next === null) break
    current = next.value
    offset =
      issue.code === "CONFIGMAP_VALUE" || issue.isKey === true
        ? (next.key ?? offset)
        : (next.start ?? next.key ?? offset)
  }
  return offset
}

interface Found {
  readonly value: unknown
  readonly key: number | null
  readonly start: number | null
}

function step(node: unknown, part: string | number): Found | null {
  if (isSeq(node)) {
    const value = node.items[Number(part)]
    return value === undefined ? null : { value, key: rangeStart(value), start: rangeStart(value) }
  }
  if (!isMap(node)) return null
  const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === part)
  if (pair === undefined) return null
  // An empty value is placed at the end of its key; users look for the start of the key.
  const empty = isScalar(pair.value) && pair.value.source === ""
  return { value: pair.value, key: rangeStart(pair.key), start: empty ? null : rangeStart(pair.value) }
}

/** Offset of the start of a node; null when the value is not a node. */
export function rangeStart(node: unknown): number | null {
  return isMap(node) || isSeq(node) || isScalar(node) ? (node.range?.[0] ?? null) : null
}
