import * as z from "zod"

import type { Problem } from "../kit/problem.ts"
import { flowMapping } from "../kit/text/yaml-text.ts"
import { GENERATION_NAME, SCHEMA, SHA256 } from "./layout.ts"

/** Fields that several files of the contract share. */

export const schemaField = z.literal(SCHEMA)
export const sequenceField = z.int().min(1)
export const sha256Field = z.string().regex(SHA256)
export const generationNameField = z.string().regex(GENERATION_NAME)

/** What a schema reads, unchangeable, and without the number of the schema. The schema is the only place with the fields. */
export type Read<Schema extends z.ZodType> = Immutable<Omit<z.infer<Schema>, "schema">>

export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T

export const count = z.int().min(0)

/** Number of objects of each kind in a generation. */
export type Counts = Immutable<z.infer<typeof countsField>>
export const countsField = z.object({
  /** Without the manifest. */
  files: count,
  configMaps: count,
  services: count,
  endpoints: count,
  nodes: count,
})

/**
 * The state of the newest input on one node.
 *
 * `applied`: all of it is in effect. `pending`: not yet. `wrong`: at least a part is not in effect, and a person must act.
 */
export const nodeStateField = z.enum(["applied", "pending", "wrong"])

/** The code of a problem, which Kubernetes accepts as the reason of an Event once it is in CamelCase. */
export const codeField = z.string().regex(/^[A-Z][A-Z0-9_]{0,62}$/)

/** What is wrong, without its place. Programs match the code, never the message. */
export interface Cause<Code extends string> {
  readonly code: Code
  readonly message: string
}

/** The code and the message of a problem; null without a problem. */
export function causeOf<Code extends string>(problem: Problem<Code> | undefined): Cause<Code> | null {
  return problem === undefined ? null : { code: problem.code, message: problem.message }
}

export const causeField: z.ZodType<Cause<string>> = z.object({ code: codeField, message: z.string() })

export const problemField: z.ZodType<Problem<string>> = z.object({
  code: codeField,
  severity: z.enum(["error", "warning"]),
  path: z.array(z.string()),
  place: z.object({ file: z.string(), line: z.int().min(1).nullable(), column: z.int().min(1).nullable() }).nullable(),
  message: z.string(),
})

/** The lines of a list `key:`, one item per line; `[]` for an empty list. */
export function listLines<T>(key: string, items: readonly T[], line: (item: T) => string): string {
  return items.length === 0 ? `${key}: []\n` : `${key}:\n${items.map((item) => `  - ${line(item)}\n`).join("")}`
}

/** A problem as one line of YAML. */
export function problemLine({ code, severity, path, place, message }: Problem<string>): string {
  const where = place === null ? null : { file: place.file, line: place.line, column: place.column }
  return flowMapping({ code, severity, path, place: where, message })
}
