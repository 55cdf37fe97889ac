import type { VirtualServerKey } from "../ports.ts"

/** Who takes packets of a virtual server before IPVS sees them. */
export type Taker = "kube-proxy" | "hostport" | "rule"

/** A rule of this node that takes the packets of a virtual server before IPVS sees them. */
export interface Capture {
  readonly server: VirtualServerKey
  readonly taker: Taker
  readonly effect: "forwarded" | "dropped"
  /** What the rule says of whom it works for; null where it says nothing that we can read. */
  readonly owner: Owner | null
  /** Where the packets go instead, such as `10.2.66.9:8000`; null where the rule does not say. */
  readonly to: string | null
  /** The rule as its program prints it, cut where it is long. */
  readonly rule: string
}

/** The Service or the pod that a rule works for. */
export type Owner =
  | { readonly kind: "service"; readonly name: string; readonly field: ServiceField }
  /** The sandbox of a pod with a hostPort, by the name that the container runtime gave it. */
  | { readonly kind: "sandbox"; readonly id: string }

/** By which of its addresses a Service takes the packets; `external` where it is an external address or one of a load balancer. */
export type ServiceField = "cluster IP" | "external IP" | "load balancer IP" | "external" | "node port"

/** Maximum length of a rule that is shown. */
const MAXIMUM_SHOWN = 300

/** A rule as it is shown to people. */
export function shownRule(text: string): string {
  const line = text.trim()
  return line.length > MAXIMUM_SHOWN ? `${line.slice(0, MAXIMUM_SHOWN)}…` : line
}
