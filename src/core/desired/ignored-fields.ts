import type { Service, Traffic } from "../objects/kinds.ts"
import { quoted } from "./vip-entry.ts"

/**
 * Says which fields of a Service change what kube-proxy does with its packets and change nothing on a VIP: one message a field.
 *
 * `sessionAffinity: ClientIP` and `publishNotReadyAddresses` are honoured (the latter by the EndpointSlices, which call every pod
 * ready), so they are not among them.
 *
 * @param name `namespace/name`
 */
export function ignoredFields({ traffic }: Service, name: string): readonly string[] {
  if (traffic === null) return []
  return RULES.flatMap(({ field, valueOf, effect }) => {
    const value = valueOf(traffic)
    return value === null ? [] : [`Cannot honour ${field} ${quoted(value)} of ${quoted(name)} on a VIP: ${effect}`]
  })
}

interface Rule {
  readonly field: string
  /** Null where the field asks for nothing that a VIP does not do. */
  readonly valueOf: (traffic: Traffic) => string | null
  /** What happens instead, and what to do. */
  readonly effect: string
}

const RULES: readonly Rule[] = [
  {
    field: "sessionAffinity",
    valueOf: ({ sessionAffinity }) => otherThan(sessionAffinity, ["None", "ClientIP"]),
    effect: "only None and ClientIP are known, so each connection may go to another pod",
  },
  {
    field: "externalTrafficPolicy",
    valueOf: ({ externalTrafficPolicy }) => otherThan(externalTrafficPolicy, ["Cluster"]),
    effect:
      "its packets go to ready pods on all nodes, and with NAT the pods see the node's address in place of the client's; use :DR where the pods must see the client",
  },
  {
    field: "loadBalancerSourceRanges",
    valueOf: ({ loadBalancerSourceRanges: ranges }) => (ranges.length === 0 ? null : ranges.join(",")),
    effect:
      "every client that reaches the VIP reaches the pods; keep others away with a firewall in front of the nodes until this release can",
  },
  {
    field: "internalTrafficPolicy",
    valueOf: ({ internalTrafficPolicy }) => otherThan(internalTrafficPolicy, ["Cluster"]),
    effect: "it counts for the cluster IP alone; the packets of the VIP go to ready pods on all nodes",
  },
  {
    field: "trafficDistribution",
    valueOf: ({ trafficDistribution }) => otherThan(trafficDistribution, [""]),
    effect: "the packets of the VIP go to ready pods in all zones and on all nodes alike",
  },
]

function otherThan(value: string, known: readonly string[]): string | null {
  return known.includes(value) ? null : value
}
