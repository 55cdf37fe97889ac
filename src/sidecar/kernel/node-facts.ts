import { type HostAddress, interfaceOf } from "../../core/address/interface.ts"
import { isSupported } from "../../core/address/ip.ts"
import { isAlone } from "../../core/address/network.ts"
import { isAnchor } from "../../core/address/special.ts"
import { nodeAddressOf, type OwnNodes, type Past } from "../../core/model/addresses/own-nodes.ts"
import type { NodeFacts } from "../../core/model/settings.ts"
import { ONLY_INSTANCE, unknownNode } from "../../core/model/vrrp-instance.ts"
import type { Problem } from "../../kit/problem.ts"
import type { SidecarCode } from "../problem-codes.ts"

/** What a machine has. */
export interface HostFacts {
  readonly addresses: readonly HostAddress[]
  readonly interfaces: ReadonlySet<string>
  readonly ipvs: boolean
}

/** The sources of the facts of this node. */
export interface NodeQuestion {
  /** The Nodes, with their own addresses. */
  readonly nodes: OwnNodes["nodes"]
  readonly wanted: { readonly node: string; readonly interface: string | null }
  readonly host: HostFacts
  readonly past: Past
}

/**
 * The facts of this node. Its interface is the one that `--iface` names, or the one that `interfaceOf` chooses for the
 * address of its Node object.
 *
 * @returns a problem when that interface does not exist: keepalived would accept such a file and announce nothing.
 */
export function nodeFactsOf({ nodes, wanted, host, past }: NodeQuestion): NodeFacts | Problem<SidecarCode> {
  const own = ownAddresses(host, past)
  const facts = (name: string): NodeFacts => ({
    name: wanted.node,
    interface: name,
    ipvs: host.ipvs,
    host: own,
    subnets: own.filter((one) => one.interface === name && !isAlone(one)),
  })
  if (wanted.interface !== null) {
    if (host.interfaces.has(wanted.interface)) return facts(wanted.interface)
    return problem(
      `interface "${wanted.interface}" does not exist here (found ${[...host.interfaces].join(", ")})`,
      wanted.node,
    )
  }
  const node = nodes.find(({ object }) => object.metadata.name === wanted.node)
  if (nodes.length > 0 && node === undefined) return unknownNode(nodes, wanted.node)
  const address = node === undefined ? null : nodeAddressOf(node.object)
  const last = past.instances.find(({ name }) => name === ONLY_INSTANCE)?.interface
  const before = last !== undefined && host.interfaces.has(last) ? last : null
  const found = interfaceOf({ address, host: own, before })
  if (found !== null) return { ...facts(found), notes: keptNotes(found, { address, host: own }) }
  const why =
    address === null
      ? `Node "${wanted.node}", which has the address, does not exist`
      : `no interface has ${address}, or a subnet that contains it`
  return problem(`${why}; name the interface with --iface`, wanted.node)
}

/** The addresses that the host has apart from ours. */
function ownAddresses({ addresses }: HostFacts, { announced }: Past): readonly HostAddress[] {
  return addresses.filter(({ address }) => isSupported(address) && !announced.has(address) && !isAnchor(address))
}

/** Warns when the interface would be another one if it had no VIPs. */
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
      message: `The VIPs stay on ${kept}, where they run, but a node that starts now uses ${best} for ${address}; name the interface with --iface`,
    },
  ]
}

function problem(why: string, node: string): Problem<SidecarCode> {
  return {
    code: "INTERFACE_UNKNOWN",
    severity: "error",
    path: [`Node ${node}`],
    place: null,
    message: `Cannot choose the interface of the VIPs: ${why}`,
  }
}
