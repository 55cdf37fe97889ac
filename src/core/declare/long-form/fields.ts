import type * as z from "zod"

import { visible } from "../../../kit/text/escape-hidden.ts"
import { isNear } from "../../../kit/text/near.ts"
import { quoted } from "../../../kit/text/quoted.ts"
import type { DeclareCode } from "../problem-codes.ts"
import { LONGEST_PERSISTENCE, SCHEDULERS } from "../schedulers.ts"
import { isRecord } from "./record.ts"
import { longFormSchema, MOST_ADDRESSES, portMappingSchema, serviceSchema } from "./schema.ts"
import type { FieldPath } from "./value.ts"

/** What is wrong with one field of an entry. */
export interface FieldFault {
  readonly code: DeclareCode
  readonly path: FieldPath
  /** Whether the field itself is wrong, or its value. */
  readonly part: "key" | "value"
  readonly message: string
}

/**
 * The fields that are missing, unknown, or have a value of another kind. The texts of addresses, Services and methods are not
 * among them: their readers say more about them.
 *
 * @param name The key of the entry.
 */
export function fieldFaults(name: string, value: unknown): readonly FieldFault[] {
  const read = longFormSchema.safeParse(value)
  const issues = read.success ? [] : read.error.issues.flatMap((issue) => innermost(issue, value))
  return [...unknownFields(name, value, []), ...issues.flatMap((issue) => faultOf(name, value, issue))]
}

const OF_ENTRY = {
  what: "the long form of an entry",
  known: Object.keys(longFormSchema.shape),
  later: ["interface", "prefixLength", "prefer", "preempt", "group"],
}
const OF_SERVICE = {
  what: "a Service of an entry",
  known: Object.keys(serviceSchema.shape),
  later: ["check", "onEmpty", "drain", "weights"],
}
const OF_PORT = { what: "a port of a Service", known: Object.keys(portMappingSchema.shape), later: [] }

/** Words that a user may know from elsewhere. */
const ALSO_CALLED: Readonly<Record<string, string>> = {
  ...{ address: "addresses", vip: "addresses", vips: "addresses", ip: "addresses", name: "service" },
  ...{ forwardingMethod: "method", persistenceTimeout: "persistence", persistence_timeout: "persistence" },
  ...{ targetPort: "servicePort", as: "port" },
}

function unknownFields(name: string, value: unknown, path: FieldPath): readonly FieldFault[] {
  if (Array.isArray(value)) return value.flatMap((one, at) => unknownFields(name, one, [...path, at]))
  if (!isRecord(value)) return []
  const { what, known, later } = path.length === 0 ? OF_ENTRY : path.includes("ports") ? OF_PORT : OF_SERVICE
  return Object.keys(value).flatMap((field) => {
    const inside = [...path, field]
    if (known.includes(field)) return LISTS.has(field) ? unknownFields(name, Reflect.get(value, field), inside) : []
    const cannot = `Cannot read ${quoted(field)} of ${quoted(name)}:`
    const has = `it has ${known.join(", ")}`
    if (later.includes(field))
      return {
        code: "FIELD_NOT_SUPPORTED",
        path: inside,
        part: "key",
        message: `${cannot} this release does not support this field of ${what} yet; ${has}`,
      }
    const near = ALSO_CALLED[field] ?? known.find((one) => isNear(field, one))
    const hint = near !== undefined && known.includes(near) ? `did you mean ${quoted(near)}?` : has
    return {
      code: "BAD_FIELD",
      path: inside,
      part: "key",
      message: `${cannot} ${what} does not have this field; ${hint}`,
    }
  })
}

/** Fields that have a list of mappings. */
const LISTS: ReadonlySet<string> = new Set(["services", "ports"])

/** Of a port that is a mapping, what is wrong inside it. */
function innermost(issue: z.core.$ZodIssue, value: unknown): readonly Pick<z.core.$ZodIssue, "code" | "path">[] {
  const found = at(value, pathOf(issue))
  if (issue.code !== "invalid_union" || !isRecord(found)) return [issue]
  const inside = portMappingSchema.safeParse(found)
  if (inside.success) return []
  return inside.error.issues.map(({ code, path }) => ({ code, path: [...issue.path, ...path] }))
}

function faultOf(name: string, value: unknown, issue: Pick<z.core.$ZodIssue, "code" | "path">): readonly FieldFault[] {
  const path = pathOf(issue)
  const found = at(value, path)
  const kind = path.map((part) => (typeof part === "number" ? "*" : part)).join(".")
  // unknownFields() has reported these, and the readers of the texts report those.
  if (issue.code === "unrecognized_keys" || (typeof found === "string" && READ_ELSEWHERE.has(kind))) return []
  const field = fieldText(path)
  const code = kind === "services" && issue.code === "too_big" ? "TOO_MANY_SERVICES" : "BAD_FIELD"
  const it = found === undefined ? "it is missing" : `it is ${shown(found)}`
  const message = `Cannot read ${quoted(field)} of ${quoted(name)}: ${it} (expected ${EXPECTED[kind] ?? "a mapping"})`
  return [{ code, path, part: "value", message }]
}

const READ_ELSEWHERE: ReadonlySet<string> = new Set(["addresses.*", "services.*.service", "services.*.method"])

/** By the path of a field; `*` is an item of a list. */
const EXPECTED: Readonly<Record<string, string>> = {
  addresses: `a list of 1 to ${MOST_ADDRESSES} IPv4 addresses, such as [10.4.0.50]`,
  "addresses.*": "an IPv4 address, such as 10.4.0.50",
  services: "a list of at most 1000 Services; [] for VIPs that forward nothing",
  "services.*": "a mapping, such as {service: default/echoheaders}",
  "services.*.service": "namespace/service",
  "services.*.method": "NAT or DR",
  "services.*.scheduler": `one of ${SCHEDULERS.join(", ")}`,
  "services.*.persistence": `seconds, a whole number from 0 to ${LONGEST_PERSISTENCE}; 0 for none`,
  "services.*.ports": "a list of 1 to 1000 ports of the Service; leave the field out for all of them",
  "services.*.ports.*": "the name or number of a port of the Service, or {servicePort: https, port: 8443}",
  "services.*.ports.*.servicePort": "the name or number of a port of the Service",
  "services.*.ports.*.port": "the port on the VIP, a number from 1 to 65535",
}

/** `services[0].ports[1]` */
export function fieldText(path: FieldPath): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "")
}

function pathOf({ path }: Pick<z.core.$ZodIssue, "path">): FieldPath {
  return path.filter((part) => typeof part !== "symbol")
}

function at(value: unknown, path: FieldPath): unknown {
  let found = value
  for (const part of path) {
    if (!isRecord(found) && !Array.isArray(found)) return undefined
    found = Object.hasOwn(found, part) ? Reflect.get(found, part) : undefined
  }
  return found
}

function shown(value: unknown): string {
  if (value === null) return "empty"
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`
  if (typeof value === "object") return "a mapping"
  if (typeof value === "string") return quoted(value)
  return `the ${typeof value} ${visible(JSON.stringify(value) ?? "").slice(0, 40)}`
}
