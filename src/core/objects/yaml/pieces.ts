/** A part of a large file that can be read separately: one document, or one item of a list. */
export interface Piece {
  readonly text: string
  /** Number of lines of the file before this piece. */
  readonly lines: number
  /** The kind that an item of a typed list, such as a ServiceList, takes from the list; null for a document or an untyped list. */
  readonly kind: string | null
  readonly apiVersion: string | null
}

/** Maximum objects of a large file: 64 MiB of `kubectl` output have room for this number. A file with more is not read. */
export const MOST_PIECES = 200_000

/**
 * Splits a large file without parsing it: a list has hundreds of objects, and each of them is small. A text in another form
 * than that of `kubectl` and similar programs stays in one piece.
 *
 * @returns more than MOST_PIECES pieces when there are too many.
 */
export function piecesOf(text: string): readonly Piece[] {
  return /^\s*\{/.test(text) ? itemsOfJson(text) : documentsOf(text).flatMap(itemsOfYaml)
}

/** The kind of the items of a list: empty for `List`, whose items have their own; null when the kind is not a list. */
export function kindOfItems(kind: unknown): string | null {
  return typeof kind === "string" && kind.endsWith("List") ? kind.slice(0, -"List".length) : null
}

function documentsOf(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let start = 0
  let lines = 0
  // At the start of a line these three characters are always a marker, even in a block of text.
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) {
    if (index > start) pieces.push(documentOf(text.slice(start, index), lines))
    if (pieces.length > MOST_PIECES) return pieces
    lines += lineEnds(text.slice(start, index))
    start = index
  }
  return [...pieces, documentOf(text.slice(start), lines)]
}

function documentOf(text: string, lines: number): Piece {
  return { text, lines, kind: null, apiVersion: null }
}

/** Items of a list in block style: each line with a dash at the indentation of the first one starts an item. */
function itemsOfYaml(document: Piece): readonly Piece[] {
  const { text, lines } = document
  const begin = /^items:[ \t]*\r?\n(?:[ \t]*(?:#.*)?\r?\n)*( *)- /m.exec(text)
  const kind = kindOfItems(fieldOf(text, "kind"))
  if (begin === null || kind === null) return [document]
  const indentation = begin[1] ?? ""
  const pieces: Piece[] = []
  const starts = startsOf(text, new RegExp(`^${indentation}- `, "gm"), begin.index)
  let counted = lines + lineEnds(text.slice(0, starts[0] ?? 0))
  for (const [at, start] of starts.entries()) {
    const end = starts[at + 1] ?? endOfItems(text, start)
    const item = text.slice(start, end)
    // A space replaces the dash, so that the columns stay the same.
    pieces.push({ ...ofList(text, kind), text: item.replace("-", " "), lines: counted })
    counted += lineEnds(item)
  }
  return pieces
}

function startsOf(text: string, pattern: RegExp, from: number): readonly number[] {
  const starts: number[] = []
  for (const { index } of text.matchAll(pattern)) {
    if (index >= from) starts.push(index)
    if (starts.length > MOST_PIECES) break
  }
  return starts
}

/** The last item ends at the next field of the list. */
function endOfItems(text: string, start: number): number {
  const next = /^[A-Za-z]/m.exec(text.slice(start))
  return next === null ? text.length : start + next.index
}

function ofList(text: string, kind: string): Pick<Piece, "kind" | "apiVersion"> {
  return kind === "" ? { kind: null, apiVersion: null } : { kind, apiVersion: fieldOf(text, "apiVersion") }
}

/** A field of the list itself: its line is not indented. */
function fieldOf(text: string, name: string): string | null {
  const [, value] = new RegExp(`^${name}:[ \\t]*["']?([\\w./-]+)["']?[ \\t]*\\r?$`, "m").exec(text) ?? []
  return value ?? null
}

/** Items of a list in JSON: the values one level below its field `items`. */
function itemsOfJson(text: string): readonly Piece[] {
  const whole = [documentOf(text, 0)]
  const begin = /"items"\s*:\s*\[/.exec(text)
  const kind = kindOfItems(jsonFieldOf(text, "kind", begin?.index ?? 0))
  if (begin === null || kind === null) return whole
  const apiVersion = jsonFieldOf(text, "apiVersion", begin.index)
  const pieces: Piece[] = []
  let depth = 0
  let start = 0
  let counted = 0
  let countedTo = 0
  const from = begin.index + begin[0].length
  const token = /["[\]{}]/g
  token.lastIndex = from
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [sign] = found
    if (sign === '"') token.lastIndex = endOfString(text, found.index)
    else if (sign === "{" || sign === "[") {
      if (depth === 0) start = found.index
      depth++
    } else {
      depth--
      if (depth < 0) return pieces
      if (depth > 0) continue
      if (pieces.length > MOST_PIECES) return pieces
      counted += lineEnds(text.slice(countedTo, start))
      countedTo = start
      const item = { kind: kind === "" ? null : kind, apiVersion: kind === "" ? null : apiVersion }
      pieces.push({ ...item, text: text.slice(start, token.lastIndex), lines: counted })
    }
  }
  return whole
}

/** The offset after the closing quote of the string that starts at `begin`; the end of the text when there is none. */
function endOfString(text: string, begin: number): number {
  for (let quote = text.indexOf('"', begin + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0
    while (text[quote - 1 - escapes] === "\\") escapes++
    if (escapes % 2 === 0) return quote + 1
  }
  return text.length
}

/** A field of the list itself: before its items, or after all of them. */
function jsonFieldOf(text: string, name: string, items: number): string | null {
  const field = new RegExp(`"${name}"\\s*:\\s*"([^"]*)"`, "g")
  const before = field.exec(text.slice(0, items))
  if (before !== null) return before[1] ?? null
  const after = text.slice(text.lastIndexOf("]"))
  return /"kind"|"apiVersion"/.test(after) ? (new RegExp(field.source).exec(after)?.[1] ?? null) : null
}

function lineEnds(text: string): number {
  let count = 0
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++
  return count
}
