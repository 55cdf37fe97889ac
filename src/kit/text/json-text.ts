import { visible } from "./escape-hidden.ts"

/** What can be written as JSON; `undefined` leaves the key out. */
export type JsonValue = string | number | boolean | null | undefined | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** The value of a JSON text; undefined if it is not JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * JSON for people and for `diff`: a value is on one line, unless it contains a list of objects. Hidden characters are escaped.
 */
export function jsonText(value: JsonValue): string {
  return `${visible(textOf(value, "\n"))}\n`
}

/** @param lineEnd A line feed and the indentation of the value. */
function textOf(value: JsonValue, lineEnd: string): string {
  if (!hasObjects(value)) return JSON.stringify(value)
  const inner = `${lineEnd} `
  if (isList(value)) return `[${inner}${value.map((item) => textOf(item, inner)).join(`,${inner}`)}${lineEnd}]`
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${inner}${fields.map(([key, field]) => `${JSON.stringify(key)}: ${textOf(field, inner)}`).join(`,${inner}`)}${lineEnd}}`
}

/** Whether a value contains a list of objects. */
function hasObjects(value: JsonValue): value is readonly JsonValue[] | JsonObject {
  if (typeof value !== "object" || value === null) return false
  if (isList(value)) return value.some((item) => typeof item === "object" && item !== null)
  return Object.values(value).some(hasObjects)
}

export function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value)
}
