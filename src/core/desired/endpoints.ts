import type { Place } from "../../kit/problem.ts"
import type { Endpoints, EndpointSlice, ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { inAddressOrder } from "../address/order.ts"
import type { DesiredEndpoint } from "./desired-vip.ts"
import { addressObjection, conditionObjection, sliceObjection, targetPortOf } from "./objections.ts"

/** An endpoint that must not receive packets, and why. */
export interface BadEndpoint {
  readonly address: string
  readonly reason: string
  readonly place: Place
}

/**
 * Finds the endpoints behind one port of a Service in the same way as kube-proxy: by the name of the Service's port (the
 * target port is already resolved, pod by pod), in the EndpointSlices, or in the Endpoints when the Service has no slice.
 * Only the first address of an endpoint counts. When no endpoint is ready, those that terminate and still serve are used.
 *
 * Source: Kubernetes KEP-1669 (ProxyTerminatingEndpoints); discovery.k8s.io/v1 Endpoint.
 */
export function endpointsOf(
  objects: ServiceObjects,
  port: ServicePort,
): { readonly endpoints: readonly DesiredEndpoint[]; readonly bad: readonly BadEndpoint[] } {
  const good: DesiredEndpoint[] = []
  const bad: BadEndpoint[] = []
  for (const { endpoints, place } of partsOf(objects, port))
    for (const endpoint of endpoints) {
      const { address } = endpoint
      const reason = addressObjection(address)
      if (reason === null) good.push(endpoint)
      else bad.push({ address, reason, place })
    }
  return { endpoints: usable(eachOnce(inAddressOrder(good))), bad }
}

/** A pod can be in two slices for a moment; a ready copy wins (EndpointSlice, Duplicate endpoints). */
function eachOnce(sorted: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
  const once: DesiredEndpoint[] = []
  for (const endpoint of sorted) {
    const last = once.at(-1)
    if (last?.address !== endpoint.address || last.port !== endpoint.port) once.push(endpoint)
    else if (last.state !== "ready") once[once.length - 1] = endpoint
  }
  return once
}

function usable(endpoints: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
  if (endpoints.some((endpoint) => endpoint.state === "ready")) return endpoints
  return endpoints.map((endpoint) => ({ ...endpoint, state: "ready" as const }))
}

/** The endpoints of one object, and the place of that object. */
interface Part {
  readonly endpoints: readonly DesiredEndpoint[]
  readonly place: Place
}

function partsOf({ slices, endpoints }: ServiceObjects, port: ServicePort): readonly Part[] {
  if (slices.length > 0)
    return slices.map((slice) => ({ endpoints: fromSlice(slice.object, port), place: slice.place }))
  return endpoints === null ? [] : [{ endpoints: fromEndpoints(endpoints.object, port), place: endpoints.place }]
}

function fromSlice(slice: EndpointSlice, port: ServicePort): readonly DesiredEndpoint[] {
  const target = targetPortOf(slice.ports, port)
  if (target === undefined || sliceObjection(slice, port) !== null) return []
  const found: DesiredEndpoint[] = []
  for (const { addresses, conditions, nodeName } of slice.endpoints) {
    const address = addresses[0]
    if (address === undefined || conditionObjection(conditions) !== null) continue
    found.push({ address, port: target.port, state: conditions.ready ? "ready" : "terminating", node: nodeName })
  }
  return found
}

function fromEndpoints({ subsets }: Endpoints, port: ServicePort): readonly DesiredEndpoint[] {
  return subsets.flatMap(({ ports, addresses }) => {
    const target = targetPortOf(ports, port)
    if (target === undefined) return []
    return addresses.map(({ ip, nodeName }) => ({
      address: ip,
      port: target.port,
      state: "ready" as const,
      node: nodeName,
    }))
  })
}
