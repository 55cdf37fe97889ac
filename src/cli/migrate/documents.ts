import { type Document, isMap, LineCounter, parseAllDocuments } from "yaml"

import { decodeFile, MAXIMUM_FILE_BYTES } from "../../core/objects/decode.ts"
import { piecesOf } from "../../core/objects/yaml/pieces.ts"
import type { Place } from "../../kit/problem.ts"
import type { FileText } from "../input/files.ts"

/** A YAML document, or an item of a list, as data. */
export interface PlainDocument {
  readonly value: PlainMap
  readonly place: Place
}

export type PlainMap = Readonly<Record<string, unknown>>

/** The workloads that can run release 0.35, and documents without a kind, which can be values of Helm. Skips what cannot be read. */
export function plainDocuments({ file, text }: FileText): readonly PlainDocument[] {
  const pieces = text.length > MAXIMUM_FILE_BYTES ? piecesOf(text) : [{ text, lines: 0, kind: null }]
  return pieces.flatMap((piece) => {
    if (!MAY_MATTER.test(piece.text) && piece.kind === null && KIND.test(piece.text)) return []
    // It also refuses what would keep the parser busy.
    if (decodeFile(file, piece.text).problems.some(({ code }) => UNREADABLE.test(code))) return []
    return documentsOf(piece.text).flatMap(({ value, line }) => {
      const typed = piece.kind === null ? value : { kind: piece.kind, ...value }
      return itemsOf(typed).map((one) => ({ value: one, place: { file, line: line + piece.lines, column: null } }))
    })
  })
}

const KIND = /^["'\s{]*kind["']?[ \t]*:/m
const MAY_MATTER = /\b(?:DaemonSet|Deployment|ReplicationController|ReplicaSet|Pod)(?:List)?\b/
const UNREADABLE = /^FILE_|^YAML_(?:SYNTAX|TAB)$/

function documentsOf(text: string): readonly { readonly value: PlainMap; readonly line: number }[] {
  const lineCounter = new LineCounter()
  const parsed = parseAllDocuments(text, { ...SETTINGS, lineCounter })
  if (!Array.isArray(parsed)) return []
  return parsed.flatMap((document) => {
    if (document.errors.length > 0 || !isMap(document.contents)) return []
    const value = valueOf(document)
    return value === null ? [] : [{ value, line: lineCounter.linePos(document.contents.range?.[0] ?? 0).line }]
  })
}

/** Values of Helm may have aliases and merge keys. */
const SETTINGS = { prettyErrors: false, uniqueKeys: false, stringKeys: true, merge: true, logLevel: "silent" } as const

/** Null: its aliases would grow into more than memory has. */
function valueOf(document: Document.Parsed): PlainMap | null {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES })
    return isPlainMap(value) ? value : null
  } catch {
    return null
  }
}

const MOST_ALIASES = 100

function itemsOf(value: PlainMap): readonly PlainMap[] {
  const { kind, items } = value
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [value]
  const ofItems = kind.slice(0, -"List".length)
  return items.filter(isPlainMap).map((item) => (ofItems === "" ? item : { kind: ofItems, ...item }))
}

/** Whether a value is a mapping. */
export function isPlainMap(value: unknown): value is PlainMap {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The value below some keys; undefined if there is none. */
export function below(value: unknown, ...keys: readonly string[]): unknown {
  let found = value
  for (const key of keys) found = isPlainMap(found) && Object.hasOwn(found, key) ? found[key] : undefined
  return found
}

/** The value below some keys as a mapping; empty if it is none. */
export function mapBelow(value: unknown, ...keys: readonly string[]): PlainMap {
  const found = below(value, ...keys)
  return isPlainMap(found) ? found : {}
}

/** The value below some keys as a list; empty if it is none. */
export function listBelow(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const found = below(value, ...keys)
  return Array.isArray(found) ? found : []
}
