import type { Endpoint, EndpointPort, ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { type EndpointSource, sourcesOf } from "../objects/sources.ts"
import { isSupported, isSupportedFamily } from "../address/ip.ts"
import { rangeFault } from "../address/special.ts"

/** The port of a slice or subset that has the name and protocol of a port of the Service. */
export function targetPortOf(ports: readonly EndpointPort[], port: ServicePort): EndpointPort | undefined {
  return ports.find(({ name, protocol }) => name === port.name && protocol === port.protocol)
}

/** Why no endpoint of a slice counts for a port; null when the slice itself is usable. */
export function sliceObjection(
  { addressType, ports }: Pick<EndpointSource, "addressType" | "ports">,
  port: ServicePort,
): string | null {
  if (!isSupportedFamily(addressType)) return `this release forwards to IPv4, and the slice holds ${addressType}`
  return targetPortOf(ports, port) === undefined ? `the slice has no port ${portText(port)}` : null
}

/** Why the conditions of an endpoint rule it out; null when they allow it. */
export function conditionObjection({ ready, serving, terminating }: Endpoint["conditions"]): string | null {
  if (ready || (serving && terminating)) return null
  return terminating ? "it is terminating and no longer serves" : "it is not ready"
}

/** Why an address must not receive packets; null when it may. */
export function addressObjection(address: string): string | null {
  return isSupported(address) ? rangeFault(address) : "it is not an IPv4 address"
}

/** Says why a port of a Service has no usable endpoint: the first cause that applies. */
export function whyNoEndpoints(objects: ServiceObjects, port: ServicePort): string {
  const { slices, endpoints } = objects
  if (slices.length === 0 && endpoints === null)
    return "no EndpointSlice names this Service (label kubernetes.io/service-name)"
  const parts = sourcesOf(objects)
  const supported = parts.filter(({ addressType }) => isSupportedFamily(addressType))
  if (supported.length === 0 && parts.length > 0)
    return `its EndpointSlices hold ${[...new Set(parts.map(({ addressType }) => addressType))].join(" and ")}, and this release forwards to IPv4`
  const withPods = supported.filter((part) => part.endpoints.length > 0)
  if (withPods.length === 0) return slices.length > 0 ? "it has no pods" : "none of its pods is ready"
  const withPort = withPods.filter((part) => sliceObjection(part, port) === null)
  if (withPort.length === 0) return withoutPort(withPods, port)
  return notReady(withPort.flatMap((part) => part.endpoints))
}

function withoutPort(parts: readonly EndpointSource[], port: ServicePort): string {
  const [first] = parts
  const has = (first?.ports ?? [])
    .slice(0, MAXIMUM_PORTS)
    .map((one) => `${one.name === "" ? "one " : ""}${portText(one)}`)
  return `its pods have no port ${portText(port)} (${first?.kind} ${first?.name} has ${has.length === 0 ? "none" : has.join(", ")})`
}

/** Maximum ports named in a message. */
const MAXIMUM_PORTS = 3

function notReady(endpoints: readonly Endpoint[]): string {
  const usable = endpoints.find(({ conditions }) => conditionObjection(conditions) === null)
  if (usable !== undefined) {
    const [address = ""] = usable.addresses
    return `the address of its pod ${address} cannot be used: ${addressObjection(address) ?? "it is refused"}`
  }
  return endpoints.length === 1 ? "its only pod is not ready" : `none of its ${endpoints.length} pods is ready`
}

/** `"http" for TCP`: the form of a port in messages. */
function portText({ name, protocol }: { readonly name: string; readonly protocol: string }): string {
  return name === "" ? `without a name for ${protocol}` : `"${name}" for ${protocol}`
}
