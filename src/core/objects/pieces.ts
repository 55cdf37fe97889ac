/** A part of a large file that can be read by itself: one document, or one item of a list. */
export interface Piece {
  readonly text: string
  /** Lines of the file before it. */
  readonly lines: number
  /** What the items of a typed list, such as a ServiceList, do not say themselves; null for a document, and where the list does not say it. */
  readonly kind: string | null
  readonly apiVersion: string | null
}

/** 64 MiB have room for so many objects as `kubectl` prints them; of what has more, nothing is read. */
export const MOST_PIECES = 200_000

/**
 * Takes a large file apart without reading it: a list holds hundreds of objects, and none of them is large. A text that has another form than `kubectl`
 * and other programs write stays in one piece.
 *
 * @returns one more than MOST_PIECES at least, where there are more.
 */
export function piecesOf(text: string): readonly Piece[] {
  return /^\s*\{/.test(text) ? itemsOfJson(text) : documentsOf(text).flatMap(itemsOfYaml)
}

/** The kind of the items of a list: empty for `List`, whose items say it; null for what is no list. */
export function kindOfItems(kind: unknown): string | null {
  return typeof kind === "string" && kind.endsWith("List") ? kind.slice(0, -"List".length) : null
}

function documentsOf(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let start = 0
  let lines = 0
  // At the start of a line these three characters are a marker whatever is around them, text in a block too.
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

/** Items of a list in block style: each line with a dash at the indentation of the first one begins an item. */
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
    // The dash becomes a blank, so that the columns stay as they are.
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

/** The last item ends where a field of the list follows. */
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

/** Right behind the quote that ends the string which begins there; the end of the text where none does. */
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
