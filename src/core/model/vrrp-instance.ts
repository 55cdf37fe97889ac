import type { Checked, Problem } from "../../kit/problem.ts"
import { compare, hasErrors } from "../../kit/problem.ts"
import { firstOf } from "../../kit/text/format.ts"
import { compareAddresses } from "../address/order.ts"
import { anchorOf } from "../address/special.ts"
import type { Node, Placed } from "../objects/kinds.ts"
import type { ModelCode } from "./problem-codes.ts"
import type { VipModel, VrrpInstance } from "./keepalived-model.ts"
import { nodeAddressOf } from "./addresses/own-nodes.ts"
import type { ModelSettings, NodeFacts } from "./settings.ts"
import { unicastOf } from "./unicast.ts"

/** A VRRP instance without its VIPs. */
type Election = Omit<VrrpInstance, "vips">

/** Name of the instance that has all VIPs. */
export const ONLY_INSTANCE = "vips"

/**
 * The VRRP instances of one node among its peers, with their VIPs: one instance for all VIPs. No other code assumes that there
 * is only one.
 *
 * @param before The instances that run or last ran.
 * @returns null as `electionOf` does.
 */
export function vrrpInstancesOf(
  nodes: readonly Placed<Node>[],
  facts: NodeFacts,
  given: {
    readonly settings: ModelSettings
    readonly before: readonly VrrpInstance[]
    /** Sorted by address. */
    readonly vips: readonly VipModel[]
    /** The addresses in the adverts of the classic layout. */
    readonly advertised: readonly string[]
  },
): Checked<readonly VrrpInstance[] | null, ModelCode> {
  const { settings, vips } = given
  const before = given.before.find(({ name }) => name === ONLY_INSTANCE) ?? null
  const { value, problems } = electionOf(nodes, facts, { settings, before })
  const advertised = settings.layout === "classic" ? given.advertised : null
  return { value: value === null ? null : [{ ...value, advertised, vips }], problems }
}

/**
 * This node's part in the election of an instance among its peers.
 *
 * @param before The instance that runs or last ran. Without Nodes its priority stays, because every node would get the same
 * rank. Its peers stay when no other peer is known, because a fallback to multicast would split the LAN.
 * @returns null when the node is not among the Nodes, or when the unicast peers cannot be found. Then what runs must stay in
 * effect.
 */
export function electionOf(
  nodes: readonly Placed<Node>[],
  facts: NodeFacts,
  { settings, before = null }: { readonly settings: ModelSettings; readonly before?: Election | null },
): Checked<Election | null, ModelCode> {
  const members = membersOf(nodes)
  const rank = members.findIndex((member) => member.name === facts.name)
  if (nodes.length > 0 && rank === -1) return { value: null, problems: [unknownNode(nodes, facts.name)] }
  const unicast = settings.useUnicast ? unicastOf(nodes, facts, { settings, before }) : { value: null, problems: [] }
  if (hasErrors(unicast.problems)) return { value: null, problems: unicast.problems }
  const election: Election = {
    name: ONLY_INSTANCE,
    interface: facts.interface,
    virtualRouterId: settings.virtualRouterId,
    priority: nodes.length === 0 && before !== null ? before.priority : priorityOf(Math.max(rank, 0), members.length),
    advertInterval: settings.advertInterval,
    anchor: anchorOf(settings.virtualRouterId),
    advertised: null,
    unicast: unicast.value,
  }
  return { value: election, problems: unicast.problems }
}

/**
 * The priority of a node: 254 for the first rank, then lower in steps of 8, or in smaller steps for many nodes.
 *
 * High and close priorities make an orderly handover short, because a backup waits (256 - priority) / 256 of an advert
 * interval before it takes over (RFC 9568, 6.1, Skew_Time).
 *
 * @returns 1 to 254. With more than 254 nodes the last ones share 1, and VRRP prefers the higher address.
 */
export function priorityOf(rank: number, nodes: number): number {
  const step =
    nodes < 2 ? LARGEST_STEP : Math.max(1, Math.min(LARGEST_STEP, Math.floor((HIGHEST - LOWEST) / (nodes - 1))))
  return Math.max(LOWEST, HIGHEST - rank * step)
}

const HIGHEST = 254
const LOWEST = 1
const LARGEST_STEP = 8

/** A node that takes part in the election. */
export interface Member {
  readonly name: string
  readonly address: string
}

/** The nodes that take part in the election, in the order of their ranks: a node's priority is `priorityOf` its place in the list. */
export function membersOf(nodes: readonly Placed<Node>[]): readonly Member[] {
  return nodes.flatMap(memberOf).toSorted((a, b) => compareAddresses(a.address, b.address) || compare(a.name, b.name))
}

function memberOf({ object }: Placed<Node>): Member[] {
  const address = nodeAddressOf(object)
  return address === null ? [] : [{ name: object.metadata.name, address }]
}

/** The problem of a node that is not among the Nodes, or has no address there. */
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
  return {
    code: "NODE_UNKNOWN",
    severity: "error",
    path: [`Node ${name}`],
    place: null,
    message: `Cannot rank node "${name}": it is not among the Nodes ${firstOf(known, 5)}; give this node's name with --node`,
  }
}
