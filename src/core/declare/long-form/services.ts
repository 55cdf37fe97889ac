import type { Place } from "../../../kit/problem.ts"
import { quoted } from "../../../kit/text/quoted.ts"
import type { ForwardingMethod, PortChoice, ServiceTarget } from "../declaration.ts"
import { namedService } from "../entry-lines.ts"
import { laterMethodFault, methodOf, notAMethod } from "../methods.ts"
import { MOST_SERVICES } from "../reporter.ts"
import { SCHEDULERS } from "../schedulers.ts"
import { TARGET_FORM, targetFault } from "../target-fault.ts"
import { type FieldFault, fieldText } from "./fields.ts"
import { isRecord } from "./record.ts"
import type { FieldPath } from "./value.ts"

interface Context {
  readonly placeOf: (path: FieldPath) => Place | null
  readonly faults: FieldFault[]
}

/** The Services of an entry, in the order of the text. Adds what is wrong with the texts in them to `faults`. */
export function servicesIn(
  name: string,
  { services }: Readonly<Record<string, unknown>>,
  { placeOf, faults }: Context,
): readonly ServiceTarget[] {
  const targets: ServiceTarget[] = []
  const named = new Set<string>()
  for (const [at, item] of (Array.isArray(services) ? services.slice(0, MOST_SERVICES) : []).entries()) {
    if (!isRecord(item)) continue
    const path = ["services", at]
    const report = (field: string, [code, message]: readonly [FieldFault["code"], string]) =>
      faults.push({ code, path: [...path, field], part: "value", message })
    const forwardingMethod = methodIn(item, (fault) => report("method", fault))
    const target = serviceIn(item, (fault) => report("service", fault))
    if (target === null) continue
    const service = `${target.namespace}/${target.name}`
    if (named.has(service))
      report("service", [
        "SERVICE_NAMED_TWICE",
        `Cannot forward ${quoted(name)} to "${service}" twice: name it once, with all of its ports`,
      ])
    named.add(service)
    const ports = portsIn(item, path, { placeOf, faults })
    const { scheduler, persistence } = item
    targets.push({
      ...{ ...target, forwardingMethod, ports },
      scheduler: SCHEDULERS.find((one) => one === scheduler) ?? null,
      persistence: typeof persistence === "number" ? persistence : null,
      place: placeOf([...path, "service"]),
    })
  }
  return targets
}

/** `namespace/name` of each Service that a mapping names, whatever else is wrong with it. */
export function namesIn({ services }: Readonly<Record<string, unknown>>): readonly string[] {
  return (Array.isArray(services) ? services : []).flatMap((item: unknown) =>
    isRecord(item) && typeof item["service"] === "string" ? [item["service"]] : [],
  )
}

type ReportFault = (fault: readonly [FieldFault["code"], string]) => void

function serviceIn(item: Readonly<Record<string, unknown>>, report: ReportFault) {
  const { service } = item
  if (typeof service !== "string") return null
  const named = namedService(service)
  const cannot = `Cannot read ${quoted(service)} as a Service:`
  if (named === null) {
    report(["BAD_TARGET", `${cannot} ${targetFault(service).replaceAll(TARGET_FORM, "namespace/service")}`])
    return null
  }
  const { namespace, name, word } = named
  if (word === null) return { namespace, name }
  const method = methodOf(word)
  const instead =
    method === null
      ? `nothing can follow the name (expected ${namespace}/${name})`
      : `the forwarding method is a field of its own (expected service: ${namespace}/${name} and method: ${method})`
  report(["BAD_TARGET", `${cannot} ${instead}`])
  return { namespace, name }
}

function methodIn({ method }: Readonly<Record<string, unknown>>, report: ReportFault): ForwardingMethod {
  if (typeof method !== "string") return "NAT"
  const known = methodOf(method)
  if (known === null) report(laterMethodFault(method) ?? notAMethod(method))
  return known ?? "NAT"
}

function portsIn(
  { ports }: Readonly<Record<string, unknown>>,
  path: FieldPath,
  { placeOf, faults }: Context,
): readonly PortChoice[] | null {
  if (!Array.isArray(ports)) return null
  const choices = new Map<string, PortChoice>()
  for (const [at, item] of ports.entries()) {
    const inside = [...path, "ports", at]
    const choice = choiceOf(item)
    if (choice === null) continue
    const key = JSON.stringify(choice)
    if (choices.has(key)) {
      const message = `Cannot read ${quoted(fieldText(inside))}: ${quoted(String(choice.servicePort))} is already in this list; delete one of them`
      faults.push({ code: "BAD_FIELD", path: inside, part: "value", message })
    } else choices.set(key, { ...choice, place: placeOf(inside) })
  }
  return [...choices.values()]
}

function choiceOf(item: unknown): Pick<PortChoice, "servicePort" | "port"> | null {
  if (typeof item === "string" || typeof item === "number") return { servicePort: item, port: null }
  if (!isRecord(item)) return null
  const { servicePort, port } = item
  const isNamed = typeof servicePort === "string" || typeof servicePort === "number"
  return isNamed && typeof port === "number" ? { servicePort, port } : null
}
