import type { VirtualServerKey } from "../ports.ts"

/** The program that takes packets of a virtual server before IPVS sees them. */
export type Taker = "kube-proxy" | "hostport" | "rule"

/** A rule of this node that takes the packets of a virtual server before IPVS sees them. */
export interface Capture {
  readonly server: VirtualServerKey
  readonly taker: Taker
  readonly effect: "forwarded" | "dropped"
  /** What the rule says of its owner; null if it says nothing that we can read. */
  readonly owner: Owner | null
  /** The new destination of the packets, such as `10.2.66.9:8000`; null if the rule does not name it. */
  readonly to: string | null
  /** The rule as its program prints it, shortened if it is long. */
  readonly rule: string
}

/** The Service or the pod that a rule serves. */
export type Owner =
  | { readonly kind: "service"; readonly name: string; readonly field: ServiceField }
  /** The sandbox of a pod with a hostPort, by the name from the container runtime. */
  | { readonly kind: "sandbox"; readonly id: string }

/** The address of a Service that takes the packets; `external` for an external address or one of a load balancer. */
export type ServiceField = "cluster IP" | "external IP" | "load balancer IP" | "external" | "node port"

/** Maximum length of a rule that is shown. */
const MAXIMUM_SHOWN = 300

/** A rule as it is shown to users. */
export function shownRule(text: string): string {
  const line = text.trim()
  return line.length > MAXIMUM_SHOWN ? `${line.slice(0, MAXIMUM_SHOWN)}…` : line
}
