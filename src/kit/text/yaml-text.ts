import { visible } from "./escape-hidden.ts"

/** Unquoted words that some YAML readers do not read as text (YAML 1.1 and 1.2); some read `e5` as a number. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|e-?[0-9]+)$/i

const BARE = /^[A-Za-z][A-Za-z0-9._/-]*$/
const BARE_WITH_COLON = /^[A-Za-z][A-Za-z0-9._/-]*:[A-Za-z0-9._/-]+$/
const DOTTED_QUAD = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/

/** Characters that JSON does not escape and YAML does not allow, apart from the hidden ones. */
const UNPRINTABLE = /[\ufffe\uffff]/g

/** A double-quoted scalar on one line that JSON, YAML 1.1 and YAML 1.2 read alike. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text)).replace(
    UNPRINTABLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
}

/** A scalar for use inside `{}` or `[]`: unquoted if every YAML reader reads it as this text, else quoted. */
export function flowText(text: string): string {
  return (BARE.test(text) && !RESERVED.test(text)) || DOTTED_QUAD.test(text) ? text : quoted(text)
}

/** A scalar for its own line (`key: scalar`): like `flowText`, but also unquoted with one colon inside a word. */
export function lineText(text: string): string {
  return BARE_WITH_COLON.test(text) ? text : flowText(text)
}

/** What `flowMapping` can write; `undefined` leaves the key out. */
export type FlowValue = string | number | boolean | null | undefined | readonly FlowValue[] | FlowMapping
export interface FlowMapping {
  readonly [key: string]: FlowValue
}

/** One line, `{key: value, other: [a, b]}`, with the keys in their given order. */
export function flowMapping(mapping: FlowMapping): string {
  let fields = ""
  for (const key of Object.keys(mapping)) {
    const value = mapping[key]
    if (value === undefined) continue
    fields += `${fields === "" ? "" : ", "}${flowText(key)}: ${flowValue(value)}`
  }
  return `{${fields}}`
}

function flowValue(value: FlowValue): string {
  if (typeof value === "string") return flowText(value)
  if (value === null || typeof value !== "object") return String(value)
  return isList(value) ? `[${value.map(flowValue).join(", ")}]` : flowMapping(value)
}

function isList(value: readonly FlowValue[] | FlowMapping): value is readonly FlowValue[] {
  return Array.isArray(value)
}
