import { addressObjection, conditionObjection, sliceObjection, targetPortOf } from "../desired/objections.ts"
import type { VirtualServer } from "../model/keepalived-model.ts"
import type { Endpoint, ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { type EndpointSource, sourcesOf, subsetsOf } from "../objects/sources.ts"

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
export interface ExplainedSource extends Pick<EndpointSource, "kind" | "name" | "place"> {
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
  const slices = sourcesOf({ ...objects, endpoints: null }).map((source) => explainedSource(source, context, false))
  if (objects.endpoints === null) return slices
  const { object, place } = objects.endpoints
  const subsets = subsetsOf(objects.endpoints).map((source) => explainedSource(source, context, slices.length > 0))
  const endpoints = subsets.flatMap((subset) => subset.endpoints)
  return [...slices, { kind: "Endpoints", name: object.metadata.name, place, endpoints }]
}

function explainedSource(source: EndpointSource, context: PortContext, unused: boolean): ExplainedSource {
  const { kind, name, place, ports, addressType } = source
  const endpoints = source.endpoints.map((one) => explained(one, { ...context, ports, addressType, unused }))
  return { kind, name, place, endpoints }
}

interface EndpointContext extends PortContext, Pick<EndpointSource, "ports" | "addressType"> {
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
