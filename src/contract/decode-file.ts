import { parseDocument } from "yaml"
import * as z from "zod"

import type { Problem } from "../kit/problem.ts"
import { SCHEMA } from "./layout.ts"

/** Problems of a file of the contract: it is not JSON or YAML, or it has other fields. */
type ContractCode = (typeof CONTRACT_CODES)[number]
export const CONTRACT_CODES = ["CONTRACT_SYNTAX", "CONTRACT_SHAPE"] as const

/** The content of a contract file, or the reason why it cannot be read. */
export type Decoded<T> =
  | { readonly kind: "value"; readonly value: T }
  /** Written by a program of another release. The reader keeps what it has. */
  | { readonly kind: "unknown-schema"; readonly schema: string }
  | { readonly kind: "problems"; readonly problems: readonly Problem<ContractCode>[] }

/** Reads a JSON file of the contract. It drops fields that the schema does not know: later releases may add some. */
export function decodeJson<T>(file: string, schema: z.ZodType<T>, text: string): Decoded<T> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return problem(file, "CONTRACT_SYNTAX", [], error instanceof Error ? error.message : "it is not JSON")
  }
  return checked(file, schema, value)
}

/** Reads a YAML file of the contract in the same way. */
export function decodeYamlFile<T>(file: string, schema: z.ZodType<T>, text: string): Decoded<T> {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true, stringKeys: true, logLevel: "silent" })
  const [error] = [...document.errors, ...document.warnings]
  if (error !== undefined) return problem(file, "CONTRACT_SYNTAX", [], error.message)
  try {
    return checked(file, schema, document.toJS({ maxAliasCount: 0 }))
  } catch (error) {
    return problem(file, "CONTRACT_SYNTAX", [], error instanceof Error ? error.message : "it has an alias")
  }
}

/** Created once, because schemas are costly to create. */
const withSchema = z.object({ schema: z.unknown() })

function checked<T>(file: string, schema: z.ZodType<T>, value: unknown): Decoded<T> {
  const number = withSchema.safeParse(value)
  const found = number.success ? number.data.schema : undefined
  if (found !== undefined && found !== SCHEMA)
    return { kind: "unknown-schema", schema: JSON.stringify(found).slice(0, 40) }
  const result = schema.safeParse(value)
  if (result.success) return { kind: "value", value: result.data }
  const [issue] = result.error.issues
  return problem(file, "CONTRACT_SHAPE", issue?.path.map(String) ?? [], issue?.message ?? "it has another shape")
}

function problem(file: string, code: ContractCode, path: readonly string[], reason: string): Decoded<never> {
  const place = { file, line: null, column: null }
  const message = `Cannot read ${file}: ${path.length === 0 ? "" : `${path.join(".")}: `}${reason}`
  return { kind: "problems", problems: [{ code, severity: "error", path: [file, ...path], place, message }] }
}
