import { isIPv4 } from "node:net"
import type { Endpoint, EndpointPort, ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { rangeFault } from "./address.ts"

/** The port of a slice or subset that stands for a port of the Service: the one of the same name and protocol. */
export function targetPortOf(ports: readonly EndpointPort[], port: ServicePort): EndpointPort | undefined {
  return ports.find(({ name, protocol }) => name === port.name && protocol === port.protocol)
}

/** Why none of the endpoints of a slice counts for a port; null where nothing of the slice itself speaks against them. */
export function sliceObjection(
  { addressType, ports }: { readonly addressType: string; readonly ports: readonly EndpointPort[] },
  port: ServicePort,
): string | null {
  if (addressType !== "IPv4") return `this release forwards to IPv4, and the slice holds ${addressType}`
  return targetPortOf(ports, port) === undefined ? `there is no port ${portText(port)} here` : null
}

/** Why an endpoint takes no packets because of its conditions; null where these allow it. */
export function conditionObjection({ ready, serving, terminating }: Endpoint["conditions"]): string | null {
  if (ready || (serving && terminating)) return null
  return terminating ? "it terminates, and serves no more" : "it is not ready"
}

/** Why no packet may be sent to an address; null where one may. */
export function addressObjection(address: string): string | null {
  return isIPv4(address) ? rangeFault(address) : "it is not an IPv4 address"
}

/** Says why a port of a Service has no endpoint that takes packets: the first of these causes that is so. */
export function whyNoEndpoints({ slices, endpoints }: ServiceObjects, port: ServicePort): string {
  if (slices.length === 0 && endpoints === null)
    return "no EndpointSlice names this Service (label kubernetes.io/service-name)"
  const parts =
    slices.length > 0
      ? slices.map(({ object }) => ({ title: `EndpointSlice ${object.metadata.name}`, ...object }))
      : subsetsOf(endpoints)
  const inIPv4 = parts.filter(({ addressType }) => addressType === "IPv4")
  if (inIPv4.length === 0 && parts.length > 0)
    return `its EndpointSlices hold ${[...new Set(parts.map(({ addressType }) => addressType))].join(" and ")}, and this release forwards to IPv4`
  const withPods = inIPv4.filter((part) => part.endpoints.length > 0)
  if (withPods.length === 0) return slices.length > 0 ? "it has no pods" : "no pod of it is ready"
  const withPort = withPods.filter((part) => sliceObjection(part, port) === null)
  if (withPort.length === 0) return withoutPort(withPods, port)
  return notReady(withPort.flatMap((part) => part.endpoints))
}

interface Part {
  readonly title: string
  readonly addressType: string
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** What Endpoints list is ready; who is not is listed apart, and not mirrored. */
function subsetsOf(endpoints: ServiceObjects["endpoints"]): readonly Part[] {
  return (endpoints?.object.subsets ?? []).map(({ addresses, ports }) => ({
    title: `Endpoints ${endpoints?.object.metadata.name}`,
    addressType: "IPv4",
    ports,
    endpoints: addresses.map(({ ip, nodeName }) => ({
      addresses: [ip],
      nodeName,
      conditions: { ready: true, serving: true, terminating: false },
    })),
  }))
}

function withoutPort(parts: readonly Part[], port: ServicePort): string {
  const [first] = parts
  const has = (first?.ports ?? [])
    .slice(0, MAXIMUM_PORTS)
    .map((one) => `${one.name === "" ? "one " : ""}${portText(one)}`)
  return `its pods have no port ${portText(port)} (${first?.title ?? ""} has ${has.length === 0 ? "none" : has.join(", ")})`
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

/** `"http" for TCP`, as messages name a port. */
function portText({ name, protocol }: { readonly name: string; readonly protocol: string }): string {
  return name === "" ? `without a name for ${protocol}` : `"${name}" for ${protocol}`
}
