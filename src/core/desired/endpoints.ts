import type { Place } from "../../kit/problem.ts"
import type { ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { sourcesOf } from "../objects/sources.ts"
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
  for (const source of sourcesOf(objects)) {
    const target = targetPortOf(source.ports, port)
    if (target === undefined || sliceObjection(source, port) !== null) continue
    for (const { addresses, conditions, nodeName } of source.endpoints) {
      const [address] = addresses
      if (address === undefined || conditionObjection(conditions) !== null) continue
      const reason = addressObjection(address)
      if (reason !== null) bad.push({ address, reason, place: source.place })
      else good.push({ address, port: target.port, state: conditions.ready ? "ready" : "terminating", node: nodeName })
    }
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
