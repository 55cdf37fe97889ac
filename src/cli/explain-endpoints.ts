import { isIPv4 } from "node:net"

import { rangeFault } from "../core/desired/address.ts"
import type { VirtualServer } from "../core/model/keepalived-model.ts"
import type { Endpoint, EndpointPort, ServiceObjects, ServicePort } from "../core/objects/kinds.ts"
import type { Place } from "../kit/problem.ts"

/** One endpoint of a Service, and whether it is a real server of one of the Service's ports. */
export interface ExplainedEndpoint {
  readonly address: string
  /** What the pod listens on; null where its slice does not name the port. */
  readonly port: number | null
  readonly node: string | null
  /** `ready`, `not ready`, `terminating`, `terminating, still serving`. */
  readonly condition: string
  /** Null where it is no real server. */
  readonly weight: number | null
  /** Why it is one, or is not. */
  readonly why: string
}

/** An object that holds endpoints. */
export interface ExplainedSource {
  readonly kind: "EndpointSlice" | "Endpoints"
  readonly name: string
  readonly place: Place
  readonly endpoints: readonly ExplainedEndpoint[]
}

/** What the endpoints of one port are judged by. */
export interface PortContext {
  readonly vip: string
  readonly port: ServicePort
  /** Null where the virtual server is not there. */
  readonly server: VirtualServer | null
  /** Why it is not; for endpoints that are good. */
  readonly leftOut: string
}

/** Says of each endpoint of a Service why it is a real server of one of its ports, or is not. */
export function explainEndpoints(objects: ServiceObjects, context: PortContext): readonly ExplainedSource[] {
  const slices = objects.slices.map(({ object, place }): ExplainedSource => ({
    kind: "EndpointSlice",
    name: object.metadata.name,
    place,
    endpoints: object.endpoints.map((endpoint) =>
      explained(endpoint, { ...context, ports: object.ports, addressType: object.addressType, unused: false }),
    ),
  }))
  const { endpoints } = objects
  if (endpoints === null) return slices
  const old = endpoints.object.subsets.flatMap(({ addresses, ports }) =>
    addresses.map(({ ip, nodeName }) => {
      const endpoint = { addresses: [ip], nodeName, conditions: { ready: true, serving: true, terminating: false } }
      return explained(endpoint, { ...context, ports, addressType: "IPv4", unused: slices.length > 0 })
    }),
  )
  return [
    ...slices,
    { kind: "Endpoints", name: endpoints.object.metadata.name, place: endpoints.place, endpoints: old },
  ]
}

interface EndpointContext extends PortContext {
  readonly ports: readonly EndpointPort[]
  readonly addressType: string
  /** True for Endpoints beside which there are slices. */
  readonly unused: boolean
}

function explained(endpoint: Endpoint, context: EndpointContext): ExplainedEndpoint {
  const address = endpoint.addresses[0] ?? ""
  const target = context.ports.find(
    ({ name, protocol }) => name === context.port.name && protocol === context.port.protocol,
  )
  const real = context.server?.realServers.find((one) => one.address === address && one.port === target?.port)
  const base = { address, port: target?.port ?? null, node: endpoint.nodeName, condition: conditionText(endpoint) }
  const objection = objectionTo(endpoint, { ...context, target: target ?? null })
  if (objection !== null) return { ...base, weight: null, why: objection }
  if (real === undefined) return { ...base, weight: null, why: context.leftOut }
  return { ...base, weight: real.weight, why: acceptance(endpoint, real.weight) }
}

/** Why an endpoint can be no real server, whatever the others are; null where nothing speaks against it. */
function objectionTo(
  { addresses, conditions }: Endpoint,
  context: EndpointContext & { readonly target: EndpointPort | null },
): string | null {
  const address = addresses[0] ?? ""
  if (context.unused) return "the Service has EndpointSlices, and these count"
  if (context.addressType !== "IPv4") return `this release forwards to IPv4, and the slice holds ${context.addressType}`
  if (context.target === null) return `there is no port ${portText(context.port)} here`
  if (!conditions.ready && !(conditions.serving && conditions.terminating))
    return conditions.terminating ? "it terminates, and serves no more" : "it is not ready"
  const fault = isIPv4(address) ? rangeFault(address) : "it is no IPv4 address"
  if (fault !== null) return fault
  return address === context.vip ? "it is the VIP itself" : null
}

function acceptance({ conditions }: Endpoint, weight: number): string {
  if (conditions.ready) return "it is ready"
  return weight === 0
    ? "it terminates: no new connections, time to end the old ones"
    : "it terminates, but nothing better is there"
}

function conditionText({ conditions: { ready, serving, terminating } }: Endpoint): string {
  if (terminating) return serving ? "terminating, still serving" : "terminating"
  return ready ? "ready" : "not ready"
}

function portText({ name, protocol }: ServicePort): string {
  return name === "" ? `without a name for ${protocol}` : `"${name}" for ${protocol}`
}
