import { isIPv4 } from "node:net"
import { nodeAddressOf, unknownNode } from "../core/model/vrrp-instance.ts"
import type { NodeFacts } from "../core/model/settings.ts"
import type { Problem } from "../kit/problem.ts"
import type { Generation } from "./ports.ts"

/** An IPv4 address of this machine, with the interface that has it. */
export interface HostAddress {
  readonly interface: string
  readonly address: string
  /** Bits of the network part. */
  readonly prefixLength: number
}

/** What a machine has. */
export interface HostFacts {
  readonly addresses: readonly HostAddress[]
  readonly interfaces: ReadonlySet<string>
  readonly ipvs: boolean
}

/**
 * What is known of this node: its interface is the one that was named, or the one whose subnet holds the address of its
 * Node object; of several, the one with the smallest subnet.
 *
 * @returns a problem where there is no such interface: keepalived would take such a file and announce nothing.
 */
export function nodeFactsOf(
  generation: Generation,
  wanted: { readonly node: string; readonly interface: string | null },
  host: HostFacts,
): NodeFacts | Problem {
  const facts = (name: string): NodeFacts => ({ name: wanted.node, interface: name, ipvs: host.ipvs })
  if (wanted.interface !== null) {
    if (host.interfaces.has(wanted.interface)) return facts(wanted.interface)
    return problem(
      `there is no interface "${wanted.interface}" here; there are ${[...host.interfaces].join(", ")}`,
      wanted.node,
    )
  }
  const { nodes } = generation.objects
  const node = nodes.find(({ object }) => object.metadata.name === wanted.node)
  if (nodes.length > 0 && node === undefined) return unknownNode(nodes, wanted.node)
  const address = node === undefined ? null : nodeAddressOf(node.object)
  const found = interfaceOf(address, host.addresses)
  if (found !== null) return facts(found)
  const why =
    address === null
      ? `there is no Node "${wanted.node}" to tell its address`
      : `no interface has a subnet that holds ${address}`
  return problem(`${why}; name the interface with --iface`, wanted.node)
}

function interfaceOf(address: string | null, addresses: readonly HostAddress[]): string | null {
  if (address === null) return null
  const holding = addresses.filter((one) => holds(one, address) && one.prefixLength < 32)
  const [nearest] = holding.toSorted((a, b) => b.prefixLength - a.prefixLength)
  return nearest?.interface ?? null
}

function holds(host: HostAddress, address: string): boolean {
  if (!isIPv4(host.address)) return false
  const shift = 32 - host.prefixLength
  return shift === 32 || bits(host.address) >>> shift === bits(address) >>> shift
}

function bits(address: string): number {
  return address.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0) >>> 0
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
