import { isIPv4 } from "node:net"
import { type HostAddress, interfaceOf } from "../core/model/interface.ts"
import { isAnchor, nodeAddressOf, type OwnNodes, type Past } from "../core/model/own-nodes.ts"
import type { NodeFacts } from "../core/model/settings.ts"
import { unknownNode } from "../core/model/vrrp-instance.ts"
import type { Problem } from "../kit/problem.ts"

/** What a machine has. */
export interface HostFacts {
  readonly addresses: readonly HostAddress[]
  readonly interfaces: ReadonlySet<string>
  readonly ipvs: boolean
}

/** What the facts of this node are made from. */
export interface NodeQuestion {
  /** The Nodes, with the addresses that are their own. */
  readonly nodes: OwnNodes["nodes"]
  readonly wanted: { readonly node: string; readonly interface: string | null }
  readonly host: HostFacts
  readonly past: Past
}

/**
 * What is known of this node: its interface is the one that was named, or the one that `interfaceOf` chooses for the
 * address of its Node object.
 *
 * @returns a problem where there is no such interface: keepalived would take such a file and announce nothing.
 */
export function nodeFactsOf({ nodes, wanted, host, past }: NodeQuestion): NodeFacts | Problem {
  const own = ownAddresses(host, past)
  const facts = (name: string): NodeFacts => ({
    name: wanted.node,
    interface: name,
    ipvs: host.ipvs,
    host: own,
    subnets: own.filter((one) => one.interface === name && one.prefixLength < 32),
  })
  if (wanted.interface !== null) {
    if (host.interfaces.has(wanted.interface)) return facts(wanted.interface)
    return problem(
      `there is no interface "${wanted.interface}" here; there are ${[...host.interfaces].join(", ")}`,
      wanted.node,
    )
  }
  const node = nodes.find(({ object }) => object.metadata.name === wanted.node)
  if (nodes.length > 0 && node === undefined) return unknownNode(nodes, wanted.node)
  const address = node === undefined ? null : nodeAddressOf(node.object)
  const last = past.vrrp?.interface
  const before = last !== undefined && host.interfaces.has(last) ? last : null
  const found = interfaceOf({ address, host: own, before })
  if (found !== null) return { ...facts(found), notes: keptNotes(found, { address, host: own }) }
  const why =
    address === null
      ? `there is no Node "${wanted.node}" to tell its address`
      : `no interface has ${address}, or a subnet that contains it`
  return problem(`${why}; name the interface with --iface`, wanted.node)
}

/** The IPv4 addresses that are there without our doing. */
function ownAddresses({ addresses }: HostFacts, { announced }: Past): readonly HostAddress[] {
  return addresses.filter(({ address }) => isIPv4(address) && !announced.has(address) && !isAnchor(address))
}

/** Says where the interface would be another one, were there no VIPs on it. */
function keptNotes(
  kept: string,
  { address, host }: { readonly address: string | null; readonly host: readonly HostAddress[] },
): NonNullable<NodeFacts["notes"]> {
  const best = interfaceOf({ address, host, before: null })
  if (best === null || best === kept) return []
  return [
    {
      code: "INTERFACE_KEPT",
      severity: "warning",
      path: ["--iface"],
      place: null,
      message: `The VIPs stay on ${kept}, where they run, and a node that starts now takes ${best} for ${address}; name the interface with --iface to end the doubt`,
    },
  ]
}

function problem(why: string, node: string): Problem {
  return {
    code: "INTERFACE_UNKNOWN",
    severity: "error",
    path: [`Node ${node}`],
    place: null,
    message: `Cannot choose the interface of the VIPs: ${why}`,
  }
}
