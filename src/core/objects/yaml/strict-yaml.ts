import { type Document, isScalar, visit } from "yaml"
import type { Node as YamlNode, Scalar, YAMLError, YAMLMap, YAMLSeq } from "yaml"

import { visible } from "../../../kit/text/escape-hidden.ts"
import type { YamlCode } from "../problem-codes.ts"
import { reasonFor } from "./yaml-mistakes.ts"

/**
 * Strict settings: YAML 1.2 core without merge keys, keys are strings. `yes`, dates and addresses stay text. Duplicate keys
 * are found below, because the parser compares each key with every other, which takes minutes for 1 MiB of keys.
 */
export const STRICT_YAML = {
  prettyErrors: false,
  strict: true,
  uniqueKeys: false,
  stringKeys: true,
  version: "1.2",
  schema: "core",
  merge: false,
  logLevel: "silent",
} as const

/** A mistake in the YAML of a text. */
export interface YamlFault {
  readonly code: YamlCode
  /** Offset in the text. */
  readonly offset: number
  readonly message: string
}

/** What the parser itself complains about, up to the start of a second object. */
export function syntaxFaults(
  { errors, warnings }: Pick<Document, "errors" | "warnings">,
  text: string,
): readonly YamlFault[] {
  const all: readonly YAMLError[] = [...errors, ...warnings]
  const second = all.findIndex(isSecondObject)
  // All later errors of the document are about the second object.
  const own = second === -1 ? all : all.slice(0, second + 1)
  return own.map((error) => ({ code: codeOf(error), offset: error.pos[0], message: yamlMessage(error, text) }))
}

/** YAML that makes a line mean something other than its text (the parser reports tags). */
export function misleadingFaults(document: Document): readonly YamlFault[] {
  const faults: YamlFault[] = []
  const report: Report = (code, node, message) => faults.push({ code, offset: node.range?.[0] ?? 0, message })
  visit(document, {
    Map(_key, map) {
      reportDuplicates(map, report)
    },
    Scalar(key, node) {
      reportAnchor(node, report)
      if (key === "key" && node.value === "<<" && node.type === "PLAIN")
        report("YAML_MERGE_KEY", node, `Cannot read the merge key "<<": write the fields themselves`)
      if (typeof node.value === "number" && LEADING_ZERO.test(node.source ?? "")) {
        const message = `Cannot read the number ${node.source}: it starts with 0, so kubectl reads it as octal; write it without the leading 0`
        report("YAML_NUMBER", node, message)
      }
    },
    Seq(_key, node) {
      reportAnchor(node, report)
    },
    Alias(_key, node) {
      report("YAML_ALIAS", node, `Cannot read the alias "*${node.source}": write the value itself`)
    },
  })
  return faults
}

type Report = (code: YamlCode, node: Pick<YamlNode, "range">, message: string) => void

/** Octal in YAML 1.1, which kubectl and the API server read; decimal in YAML 1.2. */
const LEADING_ZERO = /^[-+]?0\d/

function reportAnchor(node: Scalar | YAMLMap | YAMLSeq, report: Report): void {
  if (node.anchor === undefined) return
  report("YAML_ANCHOR", node, `Cannot read the anchor "&${node.anchor}": write each value where it belongs`)
}

function reportDuplicates(map: YAMLMap, report: Report): void {
  reportAnchor(map, report)
  const seen = new Set<unknown>()
  for (const { key } of map.items) {
    if (!isScalar(key)) continue
    if (seen.has(key.value)) {
      const message = `Cannot read the key ${visible(JSON.stringify(key.value))}: it appears twice; delete one of them`
      report("YAML_DUPLICATE_KEY", key, message)
    }
    seen.add(key.value)
  }
}

function codeOf(error: YAMLError): YamlCode {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return "YAML_TAB"
    case "TAG_RESOLVE_FAILED":
    case "MULTIPLE_TAGS":
      return "YAML_TAG"
    case "ALIAS_PROPS":
    case "BAD_ALIAS":
      return "YAML_ALIAS"
    case "MULTIPLE_ANCHORS":
      return "YAML_ANCHOR"
    default:
      return "YAML_SYNTAX"
  }
}

/** Objects without a separator between them, as `jq` prints them. */
function isSecondObject({ message }: YAMLError): boolean {
  return message.startsWith("Unexpected flow-map-start at node end")
}

function yamlMessage(error: YAMLError, text: string): string {
  const detail = isSecondObject(error)
    ? 'a second object starts here (expected "---" on a separate line before it)'
    : error.message
        .replace(/^With stringKeys, .*$/, "a key is a list or a mapping (expected text)")
        .replace(/^./, (first) => first.toLowerCase())
  return `Cannot read the YAML: ${reasonFor(text, error.pos[0]) ?? detail}`
}
