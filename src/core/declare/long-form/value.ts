import { isMap, LineCounter, parseDocument, type YAMLMap } from "yaml"

import type { Place } from "../../../kit/problem.ts"
import { visible } from "../../../kit/text/escape-hidden.ts"
import { DEEPEST, tooDeepAt } from "../../objects/yaml/nesting.ts"
import { misleadingFaults, STRICT_YAML, syntaxFaults, type YamlFault } from "../../objects/yaml/strict-yaml.ts"
import { offsetOf } from "../../objects/yaml/yaml-places.ts"
import type { RawEntry } from "../entries.ts"
import { isRecord } from "./record.ts"

/** Maximum characters of a long form. A node of YAML takes some microseconds to read, and a bad text has one in each character. */
export const LONGEST_MAPPING = 64 * 1024

/** A way from the mapping to one of its parts. */
export type FieldPath = readonly (string | number)[]

/** The value of an entry, read as strict YAML. */
export type ReadValue =
  | {
      readonly kind: "mapping"
      readonly value: Readonly<Record<string, unknown>>
      /** The offset of a field's value, of its key, or of the nearest part around it. */
      readonly offsetOf: (path: FieldPath, part: "key" | "value") => number
      readonly placeAt: (offset: number) => Place | null
    }
  | {
      readonly kind: "faults"
      readonly faults: readonly YamlFault[]
      readonly placeAt: (offset: number) => Place | null
    }
  /** It has more than LONGEST_MAPPING characters. */
  | { readonly kind: "too-long" }
  | { readonly kind: "not-a-mapping" }

/** Reads the value of an entry. Follows no alias. */
export function readValue(raw: Pick<RawEntry, "text" | "place" | "firstLine">): ReadValue {
  const { text } = raw
  if (text.length > LONGEST_MAPPING) return { kind: "too-long" }
  const lines = new LineCounter()
  const placeAt = (offset: number) => placeIn(raw, lines, offset)
  const deep = tooDeepAt(text)
  if (deep !== null) {
    lines.lineStarts = lineStartsOf(text)
    const message = `Cannot read the YAML: it has more than ${DEEPEST} nested levels here`
    return { kind: "faults", faults: [{ code: "YAML_SYNTAX", offset: deep, message }], placeAt }
  }
  const document = parseDocument(text, { ...STRICT_YAML, lineCounter: lines })
  const faults = [...syntaxFaults(document, text), ...misleadingFaults(document)]
  if (faults.length > 0) return { kind: "faults", faults: faults.map(onOneLine), placeAt }
  const root = document.contents
  if (!isMap(root)) return { kind: "not-a-mapping" }
  const value: unknown = document.toJS({ maxAliasCount: 0 })
  if (!isRecord(value)) return { kind: "not-a-mapping" }
  return { kind: "mapping", value, offsetOf: (path, part) => offsetIn(root, path, part), placeAt }
}

/** A message may quote the text, and an entry must not write lines of its own into logs. */
function onOneLine(fault: YamlFault): YamlFault {
  return { ...fault, message: visible(fault.message.replaceAll(/\s+/g, " ")) }
}

function offsetIn(root: YAMLMap, path: FieldPath, part: "key" | "value"): number {
  return offsetOf(root, { code: "OBJECT_SHAPE", path, message: "", isKey: part === "key" })
}

/** The place of an offset in the file, if the lines of the value are lines of the file; otherwise that of the entry. */
function placeIn({ place, firstLine }: Pick<RawEntry, "place" | "firstLine">, lines: LineCounter, offset: number) {
  if (firstLine?.line === undefined || firstLine.line === null) return place
  const { line, col } = lines.linePos(offset)
  const [below, right] = [Math.max(line, 1) - 1, Math.max(col, 1) - 1]
  return { ...firstLine, line: firstLine.line + below, column: (firstLine.column ?? 1) + right }
}

function lineStartsOf(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
}
