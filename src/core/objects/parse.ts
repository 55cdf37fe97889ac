import type * as z from "zod"

import { visible } from "../../kit/text/escape-hidden.ts"
import { ADDRESS, looksLikeAddress } from "../address/pattern.ts"
import type { ClusterObject, Kind } from "./kinds.ts"
import { OBJECT_SCHEMAS } from "./schema.ts"
import type { ShapeIssue } from "./shape-issue.ts"
import { unknownFields } from "./unknown-fields.ts"

export type ParsedObject =
  | { readonly kind: "object"; readonly object: ClusterObject }
  /** A kind that this product does not use, or a slice that does not belong to a Service. */
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
 * Turns a whole or trimmed API object into a trimmed, typed object.
 *
 * Ignores kinds of the same name in other API groups (Knative also has a Service). Accepts a known kind without an apiVersion.
 */
export function parseObject(value: unknown): ParsedObject {
  if (!isRecord(value)) return { kind: "ignored" }
  const kind = value["kind"]
  const apiVersion = value["apiVersion"]
  if (typeof kind !== "string") return { kind: "ignored" }
  if (!isKind(kind)) {
    const meant = kindMeantBy(kind)
    const isOurs = meant !== null && !(typeof apiVersion === "string" && isStrangers(apiVersion))
    return isOurs ? { kind: "issues", issues: [wrongKind(kind, meant)] } : { kind: "ignored" }
  }
  if (typeof apiVersion === "string" && apiVersion !== API_VERSIONS[kind])
    return isStrangers(apiVersion) ? { kind: "ignored" } : { kind: "issues", issues: [wrongVersion(kind, apiVersion)] }
  const result = OBJECT_SCHEMAS[kind].safeParse(value)
  const lost = kind === "ConfigMap" ? lostEntry(value) : undefined
  if (lost !== undefined && typeof lost !== "string") {
    const message = entryMessage(LOST, lost)
    return { kind: "issues", issues: [{ code: "CONFIGMAP_VALUE", path: ["data", LOST], message }] }
  }
  if (!result.success) {
    const title = titleOf(kind, value)
    const unknown = kind === "ConfigMap" ? unknownFields(title, value) : []
    return {
      kind: "issues",
      issues: [...unknown, ...result.error.issues.map((issue) => shapeIssue(title, value, issue))],
    }
  }
  if (result.data === null) return { kind: "ignored" }
  const issues = kind === "ConfigMap" ? configMapIssues(titleOf(kind, value), value) : []
  const object = lost === undefined ? result.data : withLostEntry(result.data, lost)
  return issues.length === 0 ? { kind: "object", object } : { kind: "issues", issues }
}

/** The key that zod drops from every record, to protect the prototype. A ConfigMap may have it. */
const LOST = "__proto__"

function lostEntry(value: Readonly<Record<string, unknown>>): unknown {
  const data = value["data"]
  return isRecord(data) && Object.hasOwn(data, LOST) ? data[LOST] : undefined
}

/** Adds the entry as an own property; an assignment would set the prototype. */
function withLostEntry(object: ClusterObject, text: string): ClusterObject {
  if (object.kind !== "ConfigMap") return object
  return { ...object, data: Object.fromEntries([...Object.entries(object.data), [LOST, text]]) }
}

/** True for the kinds that `kinds.ts` knows. */
export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(API_VERSIONS, kind)
}

/** The known kind that a misspelt one means, such as `Configmap` or `services`; null when there is none. */
export function kindMeantBy(kind: string): Kind | null {
  const known = Object.keys(API_VERSIONS).filter(isKind)
  return isKind(kind) ? null : (known.find((one) => bare(one) === bare(kind)) ?? null)
}

function bare(kind: string): string {
  return kind
    .toLowerCase()
    .replaceAll(/[^a-z]/g, "")
    .replace(/s$/, "")
}

function wrongKind(found: string, meant: Kind): ShapeIssue {
  return {
    code: "OBJECT_SHAPE",
    path: ["kind"],
    message: `Cannot read an object of kind ${shown(found)}: did you mean "${meant}"?`,
  }
}

/** `Service default/echo`, from the fields that the object has; for paths and messages. */
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
  if (title.startsWith("ConfigMap") && path.join() === "data")
    return { code: "OBJECT_SHAPE", path, message: `Cannot read ${title}: data is ${shown(found)}, ${dataHint(found)}` }
  const isName = path[0] === "metadata" && (path[1] === "name" || path[1] === "namespace")
  const expected = issue.message
    .replace(/^[^:]*: expected /, "expected ")
    .replace(/, received \w+$/, "")
    .replace(/\b(?:record|object)$/, "a mapping")
    .replace(/\barray$/, "a list")
  const field = path.join(".") || "its fields"
  const message = `Cannot read ${title}: ${field} is ${shown(found)} (${expected})`
  return { code: isName ? "OBJECT_NAME" : "OBJECT_SHAPE", path, message }
}

function dataHint(data: unknown): string {
  const entry = typeof data === "string" ? ENTRY.exec(data) : null
  if (entry === null) return "not a mapping of addresses to Services (expected 10.4.0.50: namespace/service below it)"
  return `and a space is missing after the colon (expected ${entry[1]}: ${entry[2]})`
}

function isStrangers(apiVersion: string): boolean {
  // Other API groups have a dot in their names, such as serving.knative.dev/v1 of Knative. discovery.k8s.io is ours.
  return apiVersion.includes(".") && !apiVersion.startsWith("discovery.k8s.io/")
}

function wrongVersion(kind: Kind, found: string): ShapeIssue {
  const message = `Cannot read the ${kind}: its apiVersion is ${shown(found)} (expected "${API_VERSIONS[kind]}")`
  return { code: "OBJECT_SHAPE", path: ["apiVersion"], message }
}

function entryMessage(key: string, found: unknown): string {
  const cannot = `Cannot read the value of ${visible(JSON.stringify(key))}:`
  if (found === null) return `${cannot} it is empty (expected a string); write "" for a VIP without a Service`
  if (Array.isArray(found)) return `${cannot} it is a YAML list (expected text: ${listAsText(found)})`
  if (typeof found === "object") return `${cannot} it is a YAML mapping (expected text: ${mappingAsText(found)})`
  return `${cannot} YAML reads it as the ${typeof found} ${visible(JSON.stringify(found))} (expected a string); put it in quotes`
}

const FORM = "namespace/service[:NAT|:DR]"

function listAsText(list: readonly unknown[]): string {
  const [only] = list
  if (list.length === 1 && typeof only === "string") return visible(only.slice(0, LONGEST_SHOWN))
  return `"|" after the colon, and below it one ${FORM} on each line, without "- "`
}

function mappingAsText(mapping: object): string {
  if ("addresses" in mapping || "services" in mapping) return 'write "|" after the colon of the key, above the mapping'
  const [[service, method] = ["", null], ...others] = Object.entries(mapping)
  const isSplit = others.length === 0 && service.includes("/") && /^(?:nat|dr)$/i.test(String(method))
  return isSplit ? `${visible(service.slice(0, LONGEST_SHOWN))}:${method}, without a space beside the colon` : FORM
}

/** Maximum characters of a value that a message suggests. */
const LONGEST_SHOWN = 80

/** Issues that the schema does not report, because it drops unknown fields. */
function configMapIssues(title: string, value: Readonly<Record<string, unknown>>): readonly ShapeIssue[] {
  const unknown = unknownFields(title, value)
  return unknown.length === 0 ? binaryIssues(title, value) : unknown
}

/**
 * An entry below `binaryData` would be lost silently. If `data` is empty because of that, every VIP would be removed by
 * accident.
 */
function binaryIssues(title: string, value: Readonly<Record<string, unknown>>): readonly ShapeIssue[] {
  const { binaryData, data } = value
  const keys = isRecord(binaryData) ? Object.keys(binaryData) : []
  const issue = (path: readonly string[], message: string): ShapeIssue => ({ code: "CONFIGMAP_VALUE", path, message })
  if (keys.length > 0 && !(isRecord(data) && Object.keys(data).length > 0))
    return [issue(["binaryData"], `Cannot read ${title}: it has binaryData and no data (expected text below data)`)]
  return keys
    .filter(looksLikeAddress)
    .map((key) =>
      issue(["binaryData", key], `Cannot read the entry ${key}: it is below binaryData (expected text below data)`),
    )
}

const ENTRY = new RegExp(String.raw`^(${ADDRESS}):(\S+)`)

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
