import type { Place } from "../../kit/problem.ts"
import type { Endpoint, EndpointPort, Endpoints, Placed, ServiceObjects } from "./kinds.ts"

/** Endpoints of a Service that have the same ports: an EndpointSlice, or a subset of its Endpoints in the form of a slice. */
export interface EndpointSource {
  readonly kind: "EndpointSlice" | "Endpoints"
  readonly name: string
  readonly place: Place
  readonly addressType: string
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** The sources that count, as for kube-proxy: the EndpointSlices, or the Endpoints when the Service has no slice. */
export function sourcesOf({ slices, endpoints }: ServiceObjects): readonly EndpointSource[] {
  if (slices.length === 0) return endpoints === null ? [] : subsetsOf(endpoints)
  return slices.map(({ object, place }) => ({
    ...{ kind: object.kind, name: object.metadata.name, place },
    ...{ addressType: object.addressType, ports: object.ports, endpoints: object.endpoints },
  }))
}

/** The addresses of Endpoints are ready. sync does not copy `notReadyAddresses`. */
export function subsetsOf({ object, place }: Placed<Endpoints>): readonly EndpointSource[] {
  const { kind, metadata, subsets } = object
  return subsets.map(({ addresses, ports }) => ({
    ...{ kind, name: metadata.name, place, addressType: "IPv4", ports },
    endpoints: addresses.map(({ ip, nodeName }) => ({
      addresses: [ip],
      nodeName,
      conditions: { ready: true, serving: true, terminating: false },
    })),
  }))
}
