import type { Problem } from "../../../kit/problem.ts"
import { firstOf } from "../../../kit/text/format.ts"
import type { HostAddress } from "../../address/interface.ts"
import { contains, endOf, isPointToPoint, subnetText } from "../../address/network.ts"
import { vipFault } from "../../address/special.ts"
import type { Node, Placed } from "../../objects/kinds.ts"
import type { ModelCode } from "../problem-codes.ts"
import type { Claim } from "./claim.ts"
import { nodeAddressOf } from "./own-nodes.ts"
import type { NodeFacts } from "../settings.ts"

/** The subnets in which hosts reach VIPs without a router, as far as they are known. */
export interface Lan {
  readonly subnets: readonly HostAddress[]
  /** The interface that has these subnets; null when they are guessed from the addresses of the Nodes. */
  readonly interface: string | null
}

/** Prefix lengths of the guess: few LANs are larger than the first, and most have the second. */
const WIDEST = 16
const USUAL = 24

/**
 * The subnets of the VIPs: those of the interface. When they are not known, as in a git tree, they are guessed from the
 * addresses of the Nodes.
 */
export function lanOf({ subnets, interface: name }: NodeFacts, nodes: readonly Placed<Node>[]): Lan {
  if (subnets !== undefined) return { subnets: subnets.filter((one) => !isPointToPoint(one)), interface: name }
  const guessed = new Map<string, HostAddress>()
  for (const { object } of nodes) {
    const address = nodeAddressOf(object)
    if (address === null) continue
    guessed.set(subnetText({ address, prefixLength: USUAL }), { interface: name, address, prefixLength: WIDEST })
  }
  return { subnets: [...guessed.values()], interface: null }
}

/** Warnings about an address on this LAN; none when the LAN is not known. */
export function subnetProblems({ address, path, place }: Claim, lan: Lan): readonly Problem<ModelCode>[] {
  if (lan.subnets.length === 0) return []
  const fault = vipFault(address) === null ? subnetFault(address, lan) : null
  if (fault === null) return []
  const message = `Cannot be sure that hosts reach ${address}: ${fault.why}`
  return [{ code: fault.code, severity: "warning", path, place, message }]
}

interface SubnetFault {
  readonly code: ModelCode
  readonly why: string
}

function subnetFault(vip: string, { subnets, interface: name }: Lan): SubnetFault | null {
  if (!subnets.some((one) => contains(one, vip))) return { code: "VIP_OUTSIDE_SUBNETS", why: outside(subnets, name) }
  const narrow = name === null ? subnets.map((one) => ({ ...one, prefixLength: USUAL })) : subnets
  for (const one of narrow) {
    const end = endOf(one, vip)
    if (end === null) continue
    const whose =
      name === null ? `, if the subnet of the Nodes is ${subnetText(one)}` : ` ${subnetText(one)} of ${name}`
    const why = `it is the ${end} address of ${name === null ? "the subnet" : "subnet"}${whose}; choose an address that a host can have`
    return { code: "VIP_IS_SUBNET_ADDRESS", why }
  }
  return null
}

function outside(subnets: readonly HostAddress[], name: string | null): string {
  const shown = firstOf([...new Set(subnets.map(subnetText))], 5)
  return name === null
    ? `it is far from the addresses of all Nodes (${shown}); choose one in their subnet, or make sure that routers send it to the LAN of the nodes`
    : `it is not in a subnet of ${name} (${shown}); choose one there, name another interface with --iface, or make sure that routers send it to this LAN`
}
