import type * as z from "zod"

import { visible } from "../../kit/visible.ts"
import type { ClusterObject, Kind } from "./kinds.ts"
import type { ObjectProblemCode } from "./problem-codes.ts"
import { OBJECT_SCHEMAS } from "./schema.ts"

/** What is wrong with one field of an object; `path` leads from the object to the field. */
export interface ShapeIssue {
  readonly code: ObjectProblemCode
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type ParsedObject =
  | { readonly kind: "object"; readonly object: ClusterObject }
  /** Of a kind that is nothing to us, or a slice that belongs to no Service. */
  | { readonly kind: "ignored" }
  | { readonly kind: "issues"; readonly issues: readonly ShapeIssue[] }

const API_VERSIONS: Readonly<Record<Kind, string>> = {
  ConfigMap: "v1",
  Service: "v1",
  EndpointSlice: "discovery.k8s.io/v1",
  Endpoints: "v1",
  Node: "v1",
}

/**
 * Gives the trimmed, typed object that a whole or trimmed API object stands for.
 *
 * Equal kinds of other API groups (Knative has a Service, too) are ignored; a known kind without any apiVersion is not.
 */
export function parseObject(value: unknown): ParsedObject {
  if (!isRecord(value)) return { kind: "ignored" }
  const kind = value["kind"]
  if (typeof kind !== "string" || !isKind(kind)) return { kind: "ignored" }
  const apiVersion = value["apiVersion"]
  if (typeof apiVersion === "string" && apiVersion !== API_VERSIONS[kind]) return { kind: "ignored" }
  const result = OBJECT_SCHEMAS[kind].safeParse(value)
  if (!result.success) {
    const title = titleOf(kind, value)
    return { kind: "issues", issues: result.error.issues.map((issue) => shapeIssue(title, value, issue)) }
  }
  if (result.data === null) return { kind: "ignored" }
  const binary = kind === "ConfigMap" ? onlyBinaryData(titleOf(kind, value), value) : null
  return binary === null ? { kind: "object", object: result.data } : { kind: "issues", issues: [binary] }
}

/** True for the kinds that `kinds.ts` knows. */
export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(API_VERSIONS, kind)
}

/** `Service default/echo`, as far as the object says; for paths and messages. */
export function titleOf(kind: string, value: unknown): string {
  const metadata = isRecord(value) ? value["metadata"] : null
  if (!isRecord(metadata) || typeof metadata["name"] !== "string") return kind
  const name = metadata["name"].slice(0, 253)
  if (kind === "Node") return `Node ${name}`
  return `${kind} ${typeof metadata["namespace"] === "string" ? metadata["namespace"].slice(0, 63) : "default"}/${name}`
}

function shapeIssue(title: string, value: unknown, issue: z.core.$ZodIssue): ShapeIssue {
  const path = issue.path.filter((part) => typeof part !== "symbol")
  const found = at(value, path)
  if (title.startsWith("ConfigMap") && path[0] === "data" && path.length === 2) {
    return { code: "CONFIGMAP_VALUE", path, message: entryMessage(String(path[1]), found) }
  }
  const isName = path[0] === "metadata" && (path[1] === "name" || path[1] === "namespace")
  const wanted = issue.message.replace(/^[^:]*: expected /, "wanted ")
  const field = path.join(".") || "its fields"
  const message = `Cannot read ${title}: ${field} is ${shown(found)}, ${wanted}`
  return { code: isName ? "OBJECT_NAME" : "OBJECT_SHAPE", path, message }
}

function entryMessage(key: string, found: unknown): string {
  const cannot = `Cannot read the value of ${visible(JSON.stringify(key))}:`
  if (found === null) return `${cannot} it is empty, wanted a string; write "" for a VIP without a Service`
  if (typeof found === "object") return `${cannot} it is no string; write "|" after the colon, so that it becomes text`
  return `${cannot} YAML reads it as the ${typeof found} ${visible(JSON.stringify(found))}, wanted a string; put it in quotes`
}

/** Its data would read as empty, and empty data removes every VIP: that must be said by a person, not by accident. */
function onlyBinaryData(title: string, value: Readonly<Record<string, unknown>>): ShapeIssue | null {
  const binary = value["binaryData"]
  const data = value["data"]
  if (!isRecord(binary) || Object.keys(binary).length === 0) return null
  if (isRecord(data) && Object.keys(data).length > 0) return null
  const message = `Cannot read ${title}: it has binaryData and no data, wanted text under data`
  return { code: "CONFIGMAP_VALUE", path: ["binaryData"], message }
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value
  for (const part of path) found = isRecord(found) || Array.isArray(found) ? Reflect.get(found, part) : undefined
  return found
}

function shown(value: unknown): string {
  if (value === undefined) return "missing"
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object" && value !== null) return "a mapping"
  const text = visible(JSON.stringify(value))
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
