import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml"
import type { ParsedNode, YAMLMap } from "yaml"

import type { Problem } from "../../../kit/problem.ts"
import type { DecodedFile } from "../decoded-file.ts"
import type { Placed } from "../kinds.ts"
import { isKind, kindMeantBy, parseObject, titleOf } from "../parse.ts"
import { kindOfItems } from "./pieces.ts"
import type { ShapeIssue } from "../shape-issue.ts"
import type { ObjectProblemCode } from "../problem-codes.ts"
import { templateAt } from "./yaml-mistakes.ts"
import { strayFault } from "../stray.ts"
import { misleadingFaults, STRICT_YAML, syntaxFaults } from "./strict-yaml.ts"
import { entryPlacesOf, offsetOf, placeAt, rangeStart, type YamlText } from "./yaml-places.ts"

/** The fields that the items of a typed list, such as a ServiceList, take from the list. */
export interface ItemType {
  readonly kind: string
  readonly apiVersion: unknown
}

/**
 * Reads manifests with the full YAML parser, with a place for every problem.
 *
 * @param itemType Kind and apiVersion when the text is an item of a typed list.
 */
export function decodeYaml(file: string, text: string, itemType: ItemType | null = null): DecodedFile {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { ...STRICT_YAML, lineCounter: lines })
  const reader: Reader = { file, text, lines, objects: [], problems: [] }
  if (!Array.isArray(parsed)) return { objects: [], problems: [] }
  for (const document of parsed) readDocument(reader, document, itemType)
  const template = reader.problems.length === 0 ? null : templateAt(text)
  if (template !== null) return { objects: [], problems: [templateProblem(reader, template)] }
  return { objects: reader.objects, problems: shortened(file, reader.problems) }
}

/** The single problem of a template, which would otherwise have a mistake in every second line. */
function templateProblem(reader: Reader, offset: number): Problem<ObjectProblemCode> {
  const message = `Cannot read the file: it looks like a template ("{{"); render it first, for instance: helm template CHART | kkv validate -`
  return { code: "YAML_SYNTAX", severity: "error", path: [reader.file], place: placeAt(reader, offset), message }
}

/** Maximum problems shown of one file. A file of garbage has tens of thousands. */
const MOST_PROBLEMS = 100

function shortened(file: string, problems: DecodedFile["problems"]): DecodedFile["problems"] {
  const more = problems.length - MOST_PROBLEMS
  const [next] = problems.slice(MOST_PROBLEMS)
  if (next === undefined) return problems
  const message = `Cannot show all problems of ${file}: there are ${more} more`
  return [...problems.slice(0, MOST_PROBLEMS), { ...next, message }]
}

interface Reader extends YamlText {
  readonly objects: Placed[]
  readonly problems: Problem<ObjectProblemCode>[]
}

function readDocument(reader: Reader, document: Document.Parsed, itemType: ItemType | null): void {
  const before = reader.problems.length
  const ours = isOurs(document.contents, itemType)
  for (const { code, offset, message } of syntaxFaults(document, reader.text))
    // A document of another kind may have its own tags. Only errors that make its kind doubtful matter.
    if (ours || code === "YAML_SYNTAX" || code === "YAML_TAB") report(reader, code, offset, message)
  if (!ours) return reportStray(reader, document.contents)
  for (const { code, offset, message } of misleadingFaults(document)) report(reader, code, offset, message)
  if (reader.problems.length === before && isMap(document.contents))
    readObject(reader, { document, itemType }, document.contents)
}

/** True for a List and for the known kinds, as far as the document is readable. */
function isOurs(contents: ParsedNode | null, itemType: ItemType | null): boolean {
  if (!isMap(contents)) return false
  const kind = contents.get("kind") ?? itemType?.kind
  if (isAlias(kind)) return true
  return typeof kind === "string" && (isList(kind) || isKind(kind) || kindMeantBy(kind) !== null)
}

/** A List, or the list of a known kind. */
function isList(kind: unknown): boolean {
  const ofItems = kindOfItems(kind)
  return ofItems !== null && (ofItems === "" || isKind(ofItems))
}

interface Around {
  readonly document: Document.Parsed
  readonly itemType: ItemType | null
}

function readObject(reader: Reader, { document, itemType }: Around, node: YAMLMap): void {
  const listKind = node.get("kind")
  if (isList(listKind)) {
    const items = node.get("items")
    const kind = kindOfItems(listKind) ?? ""
    const ofItems = kind === "" ? null : { kind, apiVersion: node.get("apiVersion") }
    if (!isSeq(items)) return reportItems(reader, node)
    for (const item of items.items) if (isMap(item)) readObject(reader, { document, itemType: ofItems }, item)
    return
  }
  // maxAliasCount 0: an alias that the check above missed throws, and is not followed.
  const written: unknown = node.toJS(document, { maxAliasCount: 0 })
  const value = itemType === null || typeof written !== "object" ? written : { ...itemType, ...written }
  const parsed = parseObject(value)
  if (parsed.kind === "ignored") return reportStray(reader, node)
  if (parsed.kind === "issues") {
    const title = titleOf(itemType === null ? String(node.get("kind")) : itemType.kind, value)
    for (const issue of parsed.issues.slice(0, MOST_PROBLEMS + 1)) reportIssue(reader, node, issue, title)
    return
  }
  const data = parsed.object.kind === "ConfigMap" ? node.get("data") : null
  const place = placeAt(reader, node.range?.[0] ?? 0)
  reader.objects.push({ object: parsed.object, place, ...entryPlacesOf(data, reader) })
}

function reportStray(reader: Reader, node: unknown): void {
  const fault = strayFault(node)
  if (fault !== null) report(reader, "OBJECT_SHAPE", rangeStart(node) ?? 0, `Cannot read the document: ${fault}`)
}

/** Reports `items` that is missing or not a list; an empty value is an empty list. */
function reportItems(reader: Reader, node: YAMLMap): void {
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === "items")
  if (pair !== undefined && (!isNode(pair.value) || (isScalar(pair.value) && pair.value.value === null))) return
  const found = pair === undefined ? "it has no items" : "its items are not a list"
  const message = `Cannot read the ${String(node.get("kind"))}: ${found} (expected a list of objects below "items")`
  report(reader, "OBJECT_SHAPE", rangeStart(pair?.key ?? node) ?? 0, message)
}

function reportIssue(reader: Reader, node: YAMLMap, issue: ShapeIssue, title: string): void {
  const offset = offsetOf(node, issue)
  reader.problems.push({
    code: issue.code,
    severity: "error",
    path: [title, ...issue.path.map(String)],
    place: placeAt(reader, offset),
    message: issue.message,
  })
}

function report(reader: Reader, code: ObjectProblemCode, offset: number, message: string): void {
  reader.problems.push({ code, severity: "error", path: [reader.file], place: placeAt(reader, offset), message })
}
