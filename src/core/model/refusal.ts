import type { Problem } from "../../kit/problem.ts"
import type { RawEntry } from "../desired/vip-entry.ts"
import type { ModelCode } from "./codes.ts"
import type { VipModel } from "./keepalived-model.ts"

/**
 * Why a node cannot take an entry as it is written. `REFUSED_BY_KEEPALIVED`: keepalived's config test complains about it.
 * `MASQUERADE_MISSING`: the node's firewall does not masquerade for its VIP, and cannot be changed at the moment.
 */
export interface Refusal {
  readonly code: "REFUSED_BY_KEEPALIVED" | "MASQUERADE_MISSING"
  /** What keepalived printed, or why the firewall cannot be changed. */
  readonly reason: string
}

/** The problem that a refusal is shown as. */
export function refusalProblem({ code, reason }: Refusal, raw: RawEntry): Problem<ModelCode> {
  const message =
    code === "REFUSED_BY_KEEPALIVED"
      ? `Cannot use this entry: keepalived refuses what it leads to: ${reason}`
      : `Cannot forward by NAT yet: the firewall of this node does not masquerade for "${raw.key}": ${reason}`
  return { code, severity: "error", path: ["data", raw.key], place: raw.place, message }
}

/** Whether IPVS forwards anything of this VIP by NAT, so that the replies must find their way back through this node. */
export function needsMasquerade({ virtualServers }: VipModel): boolean {
  return virtualServers.some((server) => server.forwardingMethod === "NAT")
}
