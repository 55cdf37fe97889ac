import type { Checked, Problem } from "../../kit/problem.ts"
import { compare, hasErrors } from "../../kit/problem.ts"
import { addressOrder } from "../desired/address.ts"
import type { Node, Placed } from "../objects/kinds.ts"
import type { ModelCode } from "./codes.ts"
import type { VrrpInstance } from "./keepalived-model.ts"
import { nodeAddressOf } from "./own-nodes.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import { unicastOf } from "./unicast.ts"

/**
 * The VRRP instance of one node among its peers.
 *
 * @param before the instance that runs or last ran. Without any Node its priority stays, for a rank among none would be the
 * same on every node; and its peers stay where there are no others, for a fallback to multicast would split the LAN.
 * @returns null when the node is not among the Nodes, or when nobody can tell whom to send adverts to: then what runs must
 * go on.
 */
export function vrrpInstanceOf(
  nodes: readonly Placed<Node>[],
  facts: NodeFacts,
  { settings, before = null }: { readonly settings: ModelSettings; readonly before?: VrrpInstance | null },
): Checked<VrrpInstance | null, ModelCode> {
  const members = nodes
    .flatMap(memberOf)
    .toSorted((a, b) => addressOrder(a.address) - addressOrder(b.address) || compare(a.name, b.name))
  const rank = members.findIndex((member) => member.name === facts.name)
  if (nodes.length > 0 && rank === -1) return { value: null, problems: [unknownNode(nodes, facts.name)] }
  const unicast = settings.useUnicast ? unicastOf(nodes, facts, { settings, before }) : { value: null, problems: [] }
  if (hasErrors(unicast.problems)) return { value: null, problems: unicast.problems }
  const instance: VrrpInstance = {
    interface: facts.interface,
    virtualRouterId: settings.virtualRouterId,
    version: settings.vrrpVersion,
    priority: nodes.length === 0 && before !== null ? before.priority : priorityOf(Math.max(rank, 0), members.length),
    advertInterval: settings.advertInterval,
    anchor: anchorOf(settings.virtualRouterId),
    unicast: unicast.value,
  }
  return { value: instance, problems: unicast.problems }
}

/**
 * The address whose presence on the interface says that this node is master: in the link-local range, and as unique on
 * the LAN as the virtual router ID itself.
 */
export function anchorOf(virtualRouterId: number): string {
  return `169.254.${virtualRouterId}.1`
}

/**
 * Ranks a node: 254 for the first, then down in steps of 8, smaller where there are many nodes.
 *
 * High numbers close together make an orderly handover short, because a backup waits (256 - priority) / 256 of an advert
 * interval before it takes over (RFC 9568, 6.1, Skew_Time).
 *
 * @returns 1 to 254. Beyond 254 nodes the last ones share 1; VRRP then prefers the higher address.
 */
export function priorityOf(rank: number, nodes: number): number {
  const step =
    nodes < 2 ? LARGEST_STEP : Math.max(1, Math.min(LARGEST_STEP, Math.floor((HIGHEST - LOWEST) / (nodes - 1))))
  return Math.max(LOWEST, HIGHEST - rank * step)
}

const HIGHEST = 254
const LOWEST = 1
const LARGEST_STEP = 8

function memberOf({ object }: Placed<Node>): { name: string; address: string }[] {
  const address = nodeAddressOf(object)
  return address === null ? [] : [{ name: object.metadata.name, address }]
}

/** What to say of a node that is not among the Nodes, or has no address there. */
export function unknownNode(nodes: readonly Placed<Node>[], name: string): Problem<ModelCode> {
  const own = nodes.find((node) => node.object.metadata.name === name)
  if (own !== undefined)
    return {
      code: "NODE_WITHOUT_ADDRESS",
      severity: "error",
      path: [`Node ${name}`, "status", "addresses"],
      place: own.place,
      message: `Cannot rank node "${name}": it has no IPv4 address of type InternalIP`,
    }
  const known = nodes.map((node) => `"${node.object.metadata.name}"`)
  const shown = known.length > 5 ? `${known.slice(0, 5).join(", ")} and ${known.length - 5} more` : known.join(", ")
  return {
    code: "NODE_UNKNOWN",
    severity: "error",
    path: [`Node ${name}`],
    place: null,
    message: `Cannot rank node "${name}": there is no such Node among ${shown}; give this node's name with --node`,
  }
}
