import * as z from "zod"

import { SECTIONS } from "./values.ts"

/** One key of the chart's values. */
export interface Key {
  /** From the outside in, such as `["sync", "image", "tag"]`. */
  readonly path: readonly string[]
  /** In words for people, such as `integer` or `list`. */
  readonly type: string
  readonly description: string
  /** Absent for a group, and for a key that is not in `values.yaml`. */
  readonly fallback?: unknown
  readonly kind: "group" | "key"
  /** Whether `values.yaml` has it: keys of former releases are understood only. */
  readonly current: boolean
}

/** What of a JSON schema is read here. */
interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

/** The JSON schema of all values; Helm itself adds `global` where the chart is part of another one. */
export function valuesSchema(): Schema {
  const keys = Object.assign({}, ...SECTIONS.map((section) => section.keys)) as Record<string, z.ZodType>
  const global = z.looseObject({}).optional().describe("What a parent chart hands to all. It is not read.")
  return z.toJSONSchema(z.strictObject({ ...keys, global }), { target: "draft-07", io: "output" }) as Schema
}

/** The sections of the values, each with its keys, groups before what is in them. */
export function sectionsOfKeys(): readonly { readonly title: string; readonly keys: readonly Key[] }[] {
  const { properties = {}, required = [] } = valuesSchema()
  return SECTIONS.map(({ title, keys }) => ({
    title,
    keys: Object.keys(keys).flatMap((name) => keysOf([name], properties[name]!, required.includes(name))),
  }))
}

function keysOf(path: readonly string[], schema: Schema, current: boolean): readonly Key[] {
  const { description = "", properties = {}, required = [] } = schema
  if (Object.keys(properties).length === 0 || schema.default !== undefined)
    return [{ path, type: typeOf(schema), description, fallback: schema.default, kind: "key", current }]
  const inner = Object.entries(properties).flatMap(([name, one]) =>
    keysOf([...path, name], one, current && required.includes(name)),
  )
  return [{ path, type: "group", description, kind: "group", current }, ...inner]
}

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.filter((one) => one !== "").join(", ")
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ")
  return schema.type === "array" ? "list" : (schema.type ?? "any")
}
