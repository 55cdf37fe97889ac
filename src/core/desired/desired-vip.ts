import type { Place } from "../../kit/problem.ts"
import type { Declaration, ForwardingMethod } from "../declare/declaration.ts"
import type { Scheduler } from "../declare/schedulers.ts"

/** One VIP, joined from its declaration, the Services that it names and their endpoints. */
export interface DesiredVip {
  readonly declaration: Declaration
  readonly address: string
  /** Services in the declaration's order, ports in the Service's order. Empty for a VIP without Services. */
  readonly virtualServers: readonly DesiredVirtualServer[]
}

/** One port of one Service on the VIP. */
export interface DesiredVirtualServer {
  /** `namespace/name` of the Service. */
  readonly service: string
  readonly servicePlace: Place
  /** The port on the VIP. */
  readonly port: number
  /** The Service's port: the same, unless the declaration chooses another one for the VIP. */
  readonly servicePort: number
  /** The choice of the port in the declaration; null without one. */
  readonly place: Place | null
  readonly protocol: "TCP" | "UDP"
  readonly forwardingMethod: ForwardingMethod
  /** The Service's numeric target port; null when it names a port of the container. */
  readonly targetPort: number | null
  /** Null for the operator's. */
  readonly scheduler: Scheduler | null
  /** Seconds that a client stays with its endpoint, 0 for none; null when neither the declaration nor the Service sets it. */
  readonly persistence: number | null
  /** Sorted by address, then port, without duplicates. */
  readonly endpoints: readonly DesiredEndpoint[]
}

export interface DesiredEndpoint {
  readonly address: string
  readonly port: number
  /** `ready` takes new connections; `terminating` only finishes the connections that it has. */
  readonly state: "ready" | "terminating"
  /** Name of the node that it runs on; null when the cluster does not name one. */
  readonly node: string | null
}
