import { isIPv4 } from "node:net"
import type { Checked, Problem } from "../../kit/problem.ts"
import { compare } from "../../kit/problem.ts"
import { addressOrder, rangeFault } from "../desired/address.ts"
import type { Node, Placed } from "../objects/kinds.ts"
import type { ModelCode } from "./codes.ts"
import type { VrrpInstance } from "./keepalived-model.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"

/**
 * The VRRP instance of one node among its peers.
 *
 * @returns null when the node is not among the Nodes: then nobody knows its rank, and what runs must go on.
 */
export function vrrpInstanceOf(
  nodes: readonly Placed<Node>[],
  facts: NodeFacts,
  settings: ModelSettings,
): Checked<VrrpInstance | null, ModelCode> {
  const members = nodes
    .flatMap(memberOf)
    .toSorted((a, b) => addressOrder(a.address) - addressOrder(b.address) || compare(a.name, b.name))
  const rank = members.findIndex((member) => member.name === facts.name)
  const self = members[rank]
  if (nodes.length > 0 && self === undefined) return { value: null, problems: [unknownNode(nodes, facts.name)] }
  const peers = peersOf(members, self?.address)
  const unicast = settings.useUnicast && self !== undefined && peers.length > 0 ? { source: self.address, peers } : null
  const instance: VrrpInstance = {
    interface: facts.interface,
    virtualRouterId: settings.virtualRouterId,
    version: settings.vrrpVersion,
    priority: priorityOf(Math.max(rank, 0), members.length),
    advertInterval: settings.advertInterval,
    anchor: anchorOf(settings.virtualRouterId),
    unicast,
  }
  return { value: instance, problems: settings.useUnicast && unicast === null ? [noPeers(nodes.length)] : [] }
}

/**
 * Each address once, and none that no neighbour has: a Node's address is what its kubelet says, and keepalived 2.3.3 refuses
 * a file that names a peer twice, as two Nodes do for a while where a machine comes back under another name.
 */
function peersOf(members: readonly { readonly address: string }[], own: string | undefined): readonly string[] {
  const addresses = members.map(({ address }) => address)
  return [...new Set(addresses)].filter((address) => address !== own && rangeFault(address) === null)
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

/** The first IPv4 InternalIP of a Node; where it has none, the first other IPv4 address that is an IP. */
export function nodeAddressOf(node: Node): string | null {
  const addresses = node.status.addresses.filter(({ type, address }) => type !== "Hostname" && isIPv4(address))
  return (addresses.find(({ type }) => type === "InternalIP") ?? addresses[0])?.address ?? null
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

function noPeers(nodes: number): Problem<ModelCode> {
  return {
    code: "UNICAST_NEEDS_PEERS",
    severity: "warning",
    path: ["--use-unicast"],
    place: null,
    message:
      nodes === 0
        ? "Cannot use unicast: there are no Node objects to take the peers from; multicast is used"
        : "Cannot use unicast: this is the only node; multicast is used until there is another",
  }
}
