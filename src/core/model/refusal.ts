import type { Problem } from "../../kit/problem.ts"
import type { Declaration } from "../declare/declaration.ts"
import type { ModelCode } from "./problem-codes.ts"
import type { VipModel } from "./keepalived-model.ts"

/**
 * Why a node cannot use an entry as written. `REFUSED_BY_KEEPALIVED`: keepalived's config test rejects it.
 * `MASQUERADE_MISSING`: the node's firewall does not masquerade for its VIP, and the sidecar cannot change that now.
 */
export interface Refusal {
  readonly code: "REFUSED_BY_KEEPALIVED" | "MASQUERADE_MISSING"
  /** keepalived's output, or why the firewall cannot be changed. */
  readonly reason: string
}

/** The problem for a refusal. */
export function refusalProblem({ code, reason }: Refusal, declaration: Declaration): Problem<ModelCode> {
  const message =
    code === "REFUSED_BY_KEEPALIVED"
      ? `Cannot use this entry: keepalived rejects its configuration: ${reason}`
      : `Cannot forward by NAT yet: the firewall of this node does not masquerade for "${declaration.name}": ${reason}`
  return { code, severity: "error", path: declaration.path, place: declaration.place, message }
}

/** Whether IPVS forwards a virtual server of this VIP by NAT, so that replies must return through this node. */
export function needsMasquerade({ virtualServers }: VipModel): boolean {
  return virtualServers.some((server) => server.forwardingMethod === "NAT")
}
