import type { Checked, Problem } from "../../kit/problem.ts"
import type { ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { sourcesOf } from "../objects/sources.ts"
import { isSupportedFamily } from "../address/ip.ts"
import type { Declaration, ServiceTarget } from "../declare/declaration.ts"
import type { DesiredCode } from "./problem-codes.ts"
import type { DesiredVip, DesiredVirtualServer } from "./desired-vip.ts"
import { chosenPorts } from "./chosen-ports.ts"
import { endpointsOf } from "./endpoints.ts"
import type { Fault } from "./fault.ts"
import { ignoredFields } from "./ignored-fields.ts"
import { whyNoEndpoints } from "./objections.ts"
import { quoted } from "../../kit/text/quoted.ts"

/**
 * Joins a declaration with the Services that it names. It has an address, and no errors.
 *
 * @param services Keyed `namespace/name`.
 * @returns the VIPs, in the order of the addresses, with every virtual server that could be joined, and a problem for each of the
 *   others. All VIPs of a declaration have the same virtual servers.
 */
export function resolve(
  declaration: Declaration,
  services: ReadonlyMap<string, ServiceObjects>,
): Checked<readonly DesiredVip[], DesiredCode> {
  const problems: Problem<DesiredCode>[] = []
  const virtualServers: DesiredVirtualServer[] = []
  const most = Math.floor(MOST_REAL_SERVERS / Math.max(1, declaration.addresses.length))
  let left = most
  for (const target of declaration.services) {
    const service = `${target.namespace}/${target.name}`
    const report: Report = (problem) => {
      const place = target.place ?? declaration.place
      problems.push({ severity: "error", path: [...declaration.path, service], place, ...problem })
    }
    const objects = services.get(service)
    const fault =
      objects === undefined ? missing(target) : (serviceFault(objects, service) ?? sizeFault(objects, { left, most }))
    if (fault !== null) report(fault)
    else if (objects !== undefined) {
      left -= realServersAskedFor(objects)
      virtualServers.push(...virtualServersOf(objects, target, report))
      for (const message of ignoredFields(objects.service.object, service))
        report({ code: "SERVICE_FIELD_IGNORED", severity: "warning", place: objects.service.place, message })
    }
  }
  return { value: declaration.addresses.map(({ text }) => ({ declaration, address: text, virtualServers })), problems }
}

type Report = (fault: Fault) => void

function missing({ namespace, name }: ServiceTarget): Fault {
  const service = quoted(`${namespace}/${name}`)
  const hint = KIND_NAMES.has(namespace) ? ` in the namespace "${namespace}" (expected namespace/service)` : ""
  return {
    code: "SERVICE_NOT_FOUND",
    message: `Cannot forward to ${service}: the Service does not exist${hint}; create it, or correct the name in this entry`,
  }
}

/** Names of the kind that users write before the slash, as in `kubectl get service/web`. */
const KIND_NAMES: ReadonlySet<string> = new Set(["service", "services", "svc"])

function serviceFault({ service }: ServiceObjects, name: string): Fault | null {
  const { type, ports } = service.object.spec
  if (type === "ExternalName")
    return {
      code: "SERVICE_EXTERNAL_NAME",
      message: `Cannot forward to ${quoted(name)}: a Service of type ExternalName has no pods`,
    }
  if (ports.length === 0)
    return { code: "SERVICE_WITHOUT_PORTS", message: `Cannot forward to ${quoted(name)}: the Service has no ports` }
  return null
}

/**
 * Maximum real servers of one entry, all of its addresses together: half of the limit of a model, so that one Service alone cannot block the others.
 * Checked before the join, because a Service can have thousands of ports, each with every endpoint.
 */
const MOST_REAL_SERVERS = 10_000

function realServersAskedFor(objects: ServiceObjects): number {
  const sources = sourcesOf(objects).filter(({ addressType }) => isSupportedFamily(addressType))
  const count = sources.reduce((sum, { endpoints }) => sum + endpoints.length, 0)
  // A port without endpoints counts as one real server: it gives a problem.
  return objects.service.object.spec.ports.length * Math.max(1, count)
}

function sizeFault(
  objects: ServiceObjects,
  { left, most }: { readonly left: number; readonly most: number },
): Fault | null {
  const count = realServersAskedFor(objects)
  if (count <= left) return null
  const { namespace, name } = objects.service.object.metadata
  const ports = objects.service.object.spec.ports.length
  return {
    code: "TOO_MANY_REAL_SERVERS",
    message: `Cannot forward ${ports === 1 ? "a port" : `${ports} ports`} of ${quoted(`${namespace}/${name}`)} to ${count} real servers: an entry may have ${MOST_REAL_SERVERS}${most < MOST_REAL_SERVERS ? `, and each of its addresses ${most}` : ""}${left < most ? `, and its other Services leave ${left}` : ""}; use several VIPs, or fewer and larger pods`,
  }
}

function virtualServersOf(objects: ServiceObjects, target: ServiceTarget, report: Report): DesiredVirtualServer[] {
  const service = `${target.namespace}/${target.name}`
  return chosenPorts(objects, target, report).flatMap(({ servicePort, port, place }) => {
    const { protocol } = servicePort
    if (protocol === "SCTP") {
      report({
        code: "PROTOCOL_NOT_SUPPORTED",
        message: `Cannot forward port ${servicePort.port}/SCTP of ${quoted(service)}: this release forwards TCP and UDP only`,
        ...(place === null ? {} : { place }),
      })
      return []
    }
    const { endpoints, bad } = endpointsOf(objects, servicePort)
    for (const one of bad)
      report({
        code: "BAD_ENDPOINT_ADDRESS",
        severity: "warning",
        place: one.place,
        message: `Cannot send packets of ${quoted(service)} to ${quoted(one.address)}: ${one.reason}`,
      })
    if (endpoints.length === 0)
      report({ code: "NO_ENDPOINTS", severity: "warning", message: noEndpoints(objects, service, servicePort) })
    const { forwardingMethod, scheduler } = target
    const servicePlace = objects.service.place
    const targetPort = typeof servicePort.targetPort === "number" ? servicePort.targetPort : null
    const persistence = target.persistence ?? objects.service.object.traffic?.affinityTimeout ?? null
    const ports = { port, servicePort: servicePort.port, place, protocol, targetPort }
    return [{ service, servicePlace, ...ports, forwardingMethod, scheduler, persistence, endpoints }]
  })
}

function noEndpoints(objects: ServiceObjects, service: string, port: ServicePort): string {
  const name = port.name === "" ? "" : ` (${port.name})`
  const why = whyNoEndpoints(objects, port)
  return `Cannot forward port ${port.port}${name} of ${quoted(service)}: ${why}; the VIP stays announced`
}
