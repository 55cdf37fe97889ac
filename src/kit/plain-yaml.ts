/**
 * Reads the small part of YAML that machines write: block mappings indented by two, sequences with one flow value a
 * line, words, decimal integers, dotted quads, quoted strings without escapes. About thirty times as fast as a full
 * parser, which matters where a thousand small files are read at once.
 *
 * It answers only where every YAML 1.2 reader must give the same value; for everything else (comments, other
 * indentation, duplicate keys, anything unusual or wrong) it gives null, and the caller asks the full parser.
 */
export function parsePlainYaml(text: string, placesOf: string): readonly PlainDocument[] | null {
  if (!text.endsWith("\n") || UNUSUAL.test(text)) return null
  const lines = text.split("\n")
  lines.pop()
  const reader: Reader = { lines, next: 0, placesOf, keyPlaces: new Map() }
  const documents: PlainDocument[] = []
  while (reader.next < lines.length) {
    if (lines[reader.next] === "---") reader.next++
    else if (documents.length > 0) return null
    const line = reader.next + 1
    reader.keyPlaces = new Map()
    const value = blockMapping(reader, 0)
    if (value === null) return null
    documents.push({ value, line, keyPlaces: reader.keyPlaces })
  }
  return documents
}

export interface PlainDocument {
  readonly value: Readonly<Record<string, unknown>>
  /** The document's first line, from 1. */
  readonly line: number
  /** Line and column (from 1) of each key directly below the top-level key `placesOf`. */
  readonly keyPlaces: ReadonlyMap<string, { readonly line: number; readonly column: number }>
}

interface Reader {
  readonly lines: readonly string[]
  next: number
  readonly placesOf: string
  keyPlaces: Map<string, { line: number; column: number }>
}

/** Tabs, carriage returns, anything outside printable ASCII, escapes. */
const UNUSUAL = /[^\n\x20-\x5b\x5d-\x7e]/

const KEY = `(?:[A-Za-z][A-Za-z0-9._/-]{0,252}|[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|"[^"]{0,253}")`
const ITEM_LINE = /^( *)- (.+)$/
const WHOLE_KEY = new RegExp(`^${KEY}$`)
const WORD = /^[A-Za-z][A-Za-z0-9._/-]*(?::[A-Za-z0-9._/-]+)*$/
const INTEGER = /^(?:0|[1-9][0-9]{0,14})$/
const DOTTED_QUAD = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/
const NOT_TEXT = /^(?:null|true|false)$/i

/** Character codes: this runs over each character of a thousand files at once. */
const [BLANK, QUOTE, COMMA, NINE, COLON] = [0x20, 0x22, 0x2c, 0x39, 0x3a]
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Deeper nesting is left to the full parser, which has its own limit: nobody's input may exhaust our stack. */
const DEEPEST = 16

/** Never the value of a document; a unique mark, because null is a value. */
const FAILED = Symbol("not plain")

function blockMapping(reader: Reader, indent: number, places = false): Record<string, unknown> | null {
  if (indent > 2 * DEEPEST) return null
  const mapping: Record<string, unknown> = {}
  let count = 0
  for (; reader.next < reader.lines.length; count++) {
    const line = reader.lines[reader.next] ?? ""
    if (line === "---") break
    const depth = depthOf(line)
    if (depth < indent) break
    const end = endOfScalar(line, depth)
    const key = keyIn(line.slice(depth, end))
    if (depth > indent || key === null || line.charCodeAt(end) !== COLON || Object.hasOwn(mapping, key)) return null
    if (places) reader.keyPlaces.set(key, { line: reader.next + 1, column: indent + 1 })
    reader.next++
    const isAlone = end + 1 === line.length
    if (!isAlone && (line.charCodeAt(end + 1) !== BLANK || end + 2 === line.length)) return null
    const value = isAlone ? below(reader, indent, places ? null : key) : whole(line.slice(end + 2))
    if (value === FAILED) return null
    mapping[key] = value
  }
  return count === 0 ? null : mapping
}

function depthOf(line: string): number {
  let depth = 0
  while (line.charCodeAt(depth) === BLANK) depth++
  return depth
}

/** What stands below `key:`; a key with nothing below it is left to the full parser. */
function below(reader: Reader, indent: number, key: string | null): unknown {
  const line = reader.lines[reader.next] ?? ""
  if (line.startsWith(`${" ".repeat(indent + 2)}- `)) return blockSequence(reader, indent + 2)
  return blockMapping(reader, indent + 2, indent === 0 && key === reader.placesOf) ?? FAILED
}

function blockSequence(reader: Reader, indent: number): unknown {
  const items: unknown[] = []
  for (; reader.next < reader.lines.length; reader.next++) {
    const found = ITEM_LINE.exec(reader.lines[reader.next] ?? "")
    if (found === null || (found[1] ?? "").length !== indent) break
    const value = whole(found[2] ?? "")
    if (value === FAILED) return FAILED
    items.push(value)
  }
  return items
}

/** A value that must fill the rest of its line. */
function whole(text: string): unknown {
  const first = text[0]
  if (first !== "{" && first !== "[") return scalar(text)
  const cursor = { text, at: 0, depth: 0 }
  const value = flow(cursor)
  return cursor.at === text.length ? value : FAILED
}

interface Cursor {
  readonly text: string
  at: number
  depth: number
}

function flow(cursor: Cursor): unknown {
  const first = cursor.text.charCodeAt(cursor.at)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    if (cursor.depth === DEEPEST) return FAILED
    cursor.depth++
    const value = first === OPEN_BRACE ? flowMapping(cursor) : flowSequence(cursor)
    cursor.depth--
    return value
  }
  const { text, at } = cursor
  cursor.at = endOfScalar(text, at)
  return scalar(text.slice(at, cursor.at))
}

function flowMapping(cursor: Cursor): unknown {
  const mapping: Record<string, unknown> = {}
  cursor.at++
  if (take(cursor, CLOSE_BRACE)) return mapping
  do {
    const { text, at } = cursor
    const end = endOfScalar(text, at)
    const key = keyIn(text.slice(at, end))
    cursor.at = end
    // What every object has by its prototype is left to the full parser, too.
    if (key === null || !takeTwo(cursor, COLON, BLANK) || mapping[key] !== undefined) return FAILED
    const value = flow(cursor)
    if (value === FAILED) return FAILED
    mapping[key] = value
  } while (takeTwo(cursor, COMMA, BLANK))
  return take(cursor, CLOSE_BRACE) ? mapping : FAILED
}

function flowSequence(cursor: Cursor): unknown {
  const items: unknown[] = []
  cursor.at++
  if (take(cursor, CLOSE_BRACKET)) return items
  do {
    const value = flow(cursor)
    if (value === FAILED) return FAILED
    items.push(value)
  } while (takeTwo(cursor, COMMA, BLANK))
  return take(cursor, CLOSE_BRACKET) ? items : FAILED
}

function take(cursor: Cursor, wanted: number): boolean {
  if (cursor.text.charCodeAt(cursor.at) !== wanted) return false
  cursor.at++
  return true
}

function takeTwo(cursor: Cursor, first: number, second: number): boolean {
  if (cursor.text.charCodeAt(cursor.at) !== first || cursor.text.charCodeAt(cursor.at + 1) !== second) return false
  cursor.at += 2
  return true
}

/** Behind the closing quote, or where a mark of flow style stands; `at` itself where a quote is never closed. */
function endOfScalar(text: string, at: number): number {
  if (text.charCodeAt(at) === QUOTE) return Math.max(at, text.indexOf('"', at + 1) + 1)
  let end = at
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code === COLON) break
  }
  return end
}

/**
 * Few words come again and again as keys; addresses do not. Whoever writes others fills no memory: so many, so short, since
 * a longer piece of a text keeps all of it.
 */
const knownKeys = new Map<string, string | null>()
const MOST_KEYS = 500
const LONGEST_KEY = 12

function keyIn(raw: string): string | null {
  const known = knownKeys.get(raw)
  if (known !== undefined) return known
  const key = WHOLE_KEY.test(raw) ? keyText(raw) : null
  if (raw.length <= LONGEST_KEY && raw.charCodeAt(0) > NINE && knownKeys.size < MOST_KEYS) knownKeys.set(raw, key)
  return key
}

function keyText(key: string): string | null {
  if (key.charCodeAt(0) === QUOTE) return key === '"__proto__"' ? null : key.slice(1, -1)
  return NOT_TEXT.test(key) ? null : key
}

/** No word begins with a digit, or with what stands before the digits in ASCII. */
function scalar(text: string): unknown {
  const first = text.charCodeAt(0)
  if (first === QUOTE) return text.indexOf('"', 1) === text.length - 1 && text.length > 1 ? text.slice(1, -1) : FAILED
  if (first <= NINE) return DOTTED_QUAD.test(text) ? text : INTEGER.test(text) ? Number(text) : FAILED
  if (text === "true") return true
  if (text === "false") return false
  if (text === "null") return null
  return WORD.test(text) && !NOT_TEXT.test(text) ? text : FAILED
}
