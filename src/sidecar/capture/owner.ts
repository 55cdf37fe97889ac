import type { VirtualServerKey } from "../ports.ts"
import { type Capture, type Owner, type ServiceField, shownRule, type Taker } from "./capture.ts"
import type { Taken } from "./trace.ts"

/**
 * Chains of kube-proxy that send a packet to a pod of a Service, or mark it to be dropped.
 *
 * Source: Kubernetes, pkg/proxy/iptables/proxier.go.
 */
export function isKubeProxyService(chain: string): boolean {
  return /^KUBE-(?:SVC|SVL|XLB|EXT|FW|SEP)-/.test(chain)
}

/** Names the owner of the rule that took the packets, from the names of the chains and the comments of the rules. */
export function captureOf(server: VirtualServerKey, taken: Taken, by: Taker | null = null): Capture {
  const { rule, chains } = taken
  const { verdict } = rule
  const taker = by ?? takerOf(chains)
  return {
    server,
    taker,
    effect: verdict.kind === "drop" ? "dropped" : "forwarded",
    owner: ownerOf(taker, taken),
    to: verdict.kind === "take" ? verdict.to : null,
    rule: shownRule(rule.text),
  }
}

function ownerOf(taker: Taker, { rule, chains, comments }: Taken): Owner | null {
  switch (taker) {
    case "kube-proxy":
      return serviceOf(rule.comment, chains)
    case "hostport":
      return sandboxOf([rule.comment, ...comments.toReversed()])
    case "rule":
      return null
  }
}

function takerOf(chains: readonly string[]): Taker {
  if (chains.some((chain) => chain.startsWith("KUBE-"))) return "kube-proxy"
  if (chains.some((chain) => chain.startsWith("CNI-"))) return "hostport"
  return "rule"
}

/** `default/web:http external IP`, `default/web has no local endpoints`; for a node port the Service alone. */
const COMMENT = /^([a-z0-9.-]+\/[a-z0-9.-]+)(?::[a-z0-9.-]*)?(?: (.*))?$/i

function serviceOf(comment: string, chains: readonly string[]): Owner | null {
  const [, name, what = ""] = COMMENT.exec(comment) ?? []
  if (name === undefined) return null
  return { kind: "service", name, field: fieldOf(what, chains) }
}

function fieldOf(what: string, chains: readonly string[]): ServiceField {
  if (chains.includes("KUBE-NODEPORTS")) return "node port"
  if (what.startsWith("cluster IP")) return "cluster IP"
  if (what.startsWith("external IP")) return "external IP"
  return what.startsWith("loadbalancer IP") ? "load balancer IP" : "external"
}

/** `dnat name: "cbr0" id: "5f2a9b7c1d"` leads to the pod's chain in iptables; in nftables the rule itself has only the id. */
function sandboxOf(comments: readonly string[]): Owner | null {
  for (const comment of comments) {
    const id = /\bid: "([^"]+)"/.exec(comment)?.[1] ?? /^[0-9a-z][0-9a-z_.-]{5,}$/i.exec(comment)?.[0]
    if (id !== undefined) return { kind: "sandbox", id }
  }
  return null
}
