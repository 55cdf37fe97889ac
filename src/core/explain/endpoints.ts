import { addressObjection, conditionObjection, sliceObjection, targetPortOf } from "../desired/objections.ts"
import type { VirtualServer } from "../model/keepalived-model.ts"
import type { Endpoint, EndpointPort, ServiceObjects, ServicePort } from "../objects/kinds.ts"
import type { Place } from "../../kit/problem.ts"

/** One endpoint of a Service, and whether it is a real server of one of the Service's ports. */
export interface ExplainedEndpoint {
  readonly address: string
  /** The port that the pod listens on; null if its slice does not name the port. */
  readonly port: number | null
  readonly node: string | null
  /** `ready`, `not ready`, `terminating`, `terminating, still serving`. */
  readonly condition: string
  /** Null if it is not a real server. */
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

/** The facts that decide about the endpoints of one port. */
export interface PortContext {
  readonly vip: string
  readonly port: ServicePort
  /** Null if the virtual server does not exist. */
  readonly server: VirtualServer | null
  /** Address -> name of the node that has it, if packets to a node would go in a circle. */
  readonly circling: ReadonlyMap<string, string>
  /** Why otherwise good endpoints are not real servers. */
  readonly leftOut: string
}

/** Explains for each endpoint of a Service why it is a real server of one of its ports, or is not. */
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
  /** True for Endpoints that are ignored because slices exist. */
  readonly unused: boolean
}

function explained(endpoint: Endpoint, context: EndpointContext): ExplainedEndpoint {
  const address = endpoint.addresses[0] ?? ""
  const target = targetPortOf(context.ports, context.port)
  const real = context.server?.realServers.find((one) => one.address === address && one.port === target?.port)
  const base = { address, port: target?.port ?? null, node: endpoint.nodeName, condition: conditionText(endpoint) }
  const objection = objectionTo(endpoint, context)
  if (objection !== null) return { ...base, weight: null, why: objection }
  if (real === undefined) return { ...base, weight: null, why: context.leftOut }
  return { ...base, weight: real.weight, why: acceptance(endpoint, real.weight) }
}

/** Why an endpoint cannot be a real server, whatever the others are; null if nothing prevents it. */
function objectionTo({ addresses, conditions }: Endpoint, context: EndpointContext): string | null {
  const [address = ""] = addresses
  if (context.unused) return "the Service has EndpointSlices, so Endpoints do not count"
  const objection = sliceObjection(context, context.port) ?? conditionObjection(conditions) ?? addressObjection(address)
  if (objection !== null) return objection
  const node = context.circling.get(address)
  if (node !== undefined) return `it is node "${node}", which DR cannot reach (DR_TO_NODE); use NAT`
  return address === context.vip ? "it is the VIP itself" : null
}

function acceptance({ conditions }: Endpoint, weight: number): string {
  if (conditions.ready) return "it is ready"
  return weight === 0
    ? "it terminates: it gets no new connections, and may finish the old ones"
    : "it terminates, but no endpoint is ready"
}

function conditionText({ conditions: { ready, serving, terminating } }: Endpoint): string {
  if (terminating) return serving ? "terminating, still serving" : "terminating"
  return ready ? "ready" : "not ready"
}
