import type { Service, Traffic } from "../objects/kinds.ts"
import { quoted } from "../../kit/text/quoted.ts"

/**
 * Reports the fields of a Service that kube-proxy obeys and that have no effect on a VIP: one message per field.
 *
 * `sessionAffinity: ClientIP` and `publishNotReadyAddresses` do have an effect, so they are not reported. The second one works
 * through the EndpointSlices, which mark every pod as ready.
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
  /** Null when a VIP already does what the field asks for. */
  readonly valueOf: (traffic: Traffic) => string | null
  /** What happens instead, and what a user can do. */
  readonly effect: string
}

const RULES: readonly Rule[] = [
  {
    field: "sessionAffinity",
    valueOf: ({ sessionAffinity }) => otherThan(sessionAffinity, ["None", "ClientIP"]),
    effect: "only None and ClientIP are supported, so each connection can go to another pod",
  },
  {
    field: "externalTrafficPolicy",
    valueOf: ({ externalTrafficPolicy }) => otherThan(externalTrafficPolicy, ["Cluster"]),
    effect:
      "packets go to ready pods on all nodes, and with NAT the pods see the node's address instead of the client's; use the forwarding method DR if the pods must see the client's address",
  },
  {
    field: "loadBalancerSourceRanges",
    valueOf: ({ loadBalancerSourceRanges: ranges }) => (ranges.length === 0 ? null : ranges.join(",")),
    effect:
      "every client that reaches the VIP reaches the pods; use a firewall in front of the nodes to keep other clients out",
  },
  {
    field: "internalTrafficPolicy",
    valueOf: ({ internalTrafficPolicy }) => otherThan(internalTrafficPolicy, ["Cluster"]),
    effect: "it applies to the cluster IP only; packets of the VIP go to ready pods on all nodes",
  },
  {
    field: "trafficDistribution",
    valueOf: ({ trafficDistribution }) => otherThan(trafficDistribution, [""]),
    effect: "packets of the VIP go to ready pods in all zones and on all nodes",
  },
]

function otherThan(value: string, known: readonly string[]): string | null {
  return known.includes(value) ? null : value
}
