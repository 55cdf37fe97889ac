import { isIPv4 } from "node:net"
import type { Place } from "../../kit/problem.ts"
import type { Endpoints, EndpointSlice, Placed, ServiceObjects, ServicePort } from "../objects/kinds.ts"
import { inAddressOrder, rangeFault } from "./address.ts"
import type { DesiredEndpoint } from "./desired-vip.ts"

/** An endpoint that no packet may be sent to, and why. */
export interface BadEndpoint {
  readonly address: string
  readonly reason: string
  readonly place: Place
}

/**
 * The endpoints behind one port of a Service, as kube-proxy finds them: by the name of the Service's port (its target
 * port, named or numeric, is resolved already, pod by pod), from the EndpointSlices, or from the Endpoints where the
 * Service has no slice. Only the first address of an endpoint counts. Where nothing is ready, what still serves while it
 * terminates is used instead.
 *
 * Source: Kubernetes KEP-1669 (ProxyTerminatingEndpoints); discovery.k8s.io/v1 Endpoint.
 */
export function endpointsOf(
  objects: ServiceObjects,
  port: ServicePort,
): { readonly endpoints: readonly DesiredEndpoint[]; readonly bad: readonly BadEndpoint[] } {
  const found = new Map<string, DesiredEndpoint>()
  const bad: BadEndpoint[] = []
  for (const candidate of candidatesOf(objects, port)) {
    const { address, port: number, state, node } = candidate
    const reason = isIPv4(address) ? rangeFault(address) : "it is no IPv4 address"
    if (reason !== null) {
      bad.push({ address, reason, place: candidate.place })
      continue
    }
    const key = `${address}:${number}`
    // The same pod may stand in two slices for a moment; the better news wins (EndpointSlice, Duplicate endpoints).
    if (found.get(key)?.state === "ready") continue
    found.set(key, { address, port: number, state, node })
  }
  return { endpoints: usable(inAddressOrder([...found.values()])), bad }
}

interface Candidate extends DesiredEndpoint {
  readonly place: Place
}

function usable(endpoints: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
  if (endpoints.some((endpoint) => endpoint.state === "ready")) return endpoints
  return endpoints.map((endpoint) => ({ ...endpoint, state: "ready" as const }))
}

function candidatesOf(objects: ServiceObjects, port: ServicePort): Candidate[] {
  if (objects.slices.length > 0) return objects.slices.flatMap((slice) => fromSlice(slice, port))
  return objects.endpoints === null ? [] : fromEndpoints(objects.endpoints, port)
}

function fromSlice(slice: Placed<EndpointSlice>, port: ServicePort): Candidate[] {
  if (slice.object.addressType !== "IPv4") return []
  const target = slice.object.ports.find((one) => one.name === port.name && one.protocol === port.protocol)
  if (target === undefined) return []
  const candidates: Candidate[] = []
  for (const endpoint of slice.object.endpoints) {
    const address = endpoint.addresses[0]
    const { ready, serving, terminating } = endpoint.conditions
    if (address === undefined || !(ready || (serving && terminating))) continue
    candidates.push({
      address,
      port: target.port,
      state: ready ? "ready" : "terminating",
      node: endpoint.nodeName,
      place: slice.place,
    })
  }
  return candidates
}

function fromEndpoints(endpoints: Placed<Endpoints>, port: ServicePort): Candidate[] {
  return endpoints.object.subsets.flatMap((subset) => {
    const target = subset.ports.find((one) => one.name === port.name && one.protocol === port.protocol)
    if (target === undefined) return []
    return subset.addresses.map(({ ip, nodeName }): Candidate => ({
      address: ip,
      port: target.port,
      state: "ready",
      node: nodeName,
      place: endpoints.place,
    }))
  })
}
