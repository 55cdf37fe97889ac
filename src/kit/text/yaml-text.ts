import { escaped, visible } from "./escape-hidden.ts"
import { isList, type JsonObject, type JsonValue } from "./json-text.ts"

/** Unquoted words that some YAML readers do not read as text (YAML 1.1 and 1.2); some read `e5` as a number. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|e-?[0-9]+)$/i

const BARE = /^[A-Za-z][A-Za-z0-9._/-]*$/
const BARE_WITH_COLON = /^[A-Za-z][A-Za-z0-9._/-]*:[A-Za-z0-9._/-]+$/
const DOTTED_QUAD = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/

/** Characters that JSON does not escape and YAML does not allow, apart from the hidden ones. */
const UNPRINTABLE = /[\ufffe\uffff]/g

/** A double-quoted scalar on one line that JSON, YAML 1.1 and YAML 1.2 read alike. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text)).replace(UNPRINTABLE, escaped)
}

/** A scalar for use inside `{}` or `[]`: unquoted if every YAML reader reads it as this text, else quoted. */
export function flowText(text: string): string {
  return (BARE.test(text) && !RESERVED.test(text)) || DOTTED_QUAD.test(text) ? text : quoted(text)
}

/** A scalar for its own line (`key: scalar`): like `flowText`, but also unquoted with one colon inside a word. */
export function lineText(text: string): string {
  return BARE_WITH_COLON.test(text) ? text : flowText(text)
}

/** One line, `{key: value, other: [a, b]}`, with the keys in their given order. */
export function flowMapping(mapping: JsonObject): string {
  const fields = Object.entries(mapping).filter(([, value]) => value !== undefined)
  return `{${fields.map(([key, value]) => `${flowText(key)}: ${flowValue(value)}`).join(", ")}}`
}

function flowValue(value: JsonValue): string {
  if (typeof value === "string") return flowText(value)
  if (value === null || typeof value !== "object") return String(value)
  return isList(value) ? `[${value.map(flowValue).join(", ")}]` : flowMapping(value)
}
