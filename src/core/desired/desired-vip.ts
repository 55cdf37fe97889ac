import type { Place } from "../../kit/problem.ts"
import type { ForwardingMethod } from "./vip-entry.ts"

/** One VIP with what stands behind it, joined from its entry, the Services that it names and their endpoints. */
export interface DesiredVip {
  /** The ConfigMap's key. */
  readonly key: string
  readonly address: string
  /** Services in the entry's order, ports in the Service's order. Empty for a VIP without Services. */
  readonly virtualServers: readonly DesiredVirtualServer[]
}

/** One port of one Service on the VIP. */
export interface DesiredVirtualServer {
  /** `namespace/name` of the Service. */
  readonly service: string
  readonly servicePlace: Place
  /** The Service's port, which is the VIP's. */
  readonly port: number
  readonly protocol: "TCP" | "UDP"
  readonly forwardingMethod: ForwardingMethod
  /** Where the Service says by number where its pods listen; null where it names a port of the container. */
  readonly targetPort: number | null
  /** Seconds that a client stays with its endpoint, where the Service says so; null where it does not. */
  readonly affinityTimeout: number | null
  /** Sorted by address, then port; each pair once. */
  readonly endpoints: readonly DesiredEndpoint[]
}

export interface DesiredEndpoint {
  readonly address: string
  readonly port: number
  /** `ready` takes new connections; `terminating` is on its way out and finishes what it has. */
  readonly state: "ready" | "terminating"
  /** Name of the node that it runs on; null where the cluster does not say. */
  readonly node: string | null
}
