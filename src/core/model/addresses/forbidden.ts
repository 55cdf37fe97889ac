import type { Problem } from "../../../kit/problem.ts"
import { firstOf } from "../../../kit/text/format.ts"
import { quoted } from "../../../kit/text/quoted.ts"
import { ipv4Of } from "../../address/ip.ts"
import { isAllowed } from "../../address/ranges.ts"
import { vipFault } from "../../address/special.ts"
import type { Declaration } from "../../declare/declaration.ts"
import type { Node, Placed } from "../../objects/kinds.ts"
import type { ModelCode } from "../problem-codes.ts"
import type { ModelSettings } from "../settings.ts"

/** How to keep a Node from listing VIPs. */
const ECHO_CURE =
  "give its kubelet --node-ip, or put the VIPs on the exclude list of the cloud provider (exclude-internal-network-subnet-cidr and the like)"

/** Why an address of this declaration must not be announced; null when all may be. */
export function forbiddenAddress(
  declaration: Declaration,
  nodeAddresses: ReadonlyMap<string, string>,
  { vipRanges }: Pick<ModelSettings, "vipRanges">,
): Problem<ModelCode> | null {
  const { path, place } = declaration
  for (const { text: address } of declaration.addresses) {
    const problem = (code: ModelCode, why: string): Problem<ModelCode> => ({
      ...{ code, severity: "error", path, place },
      message: `Cannot announce ${address}: ${why}`,
    })
    const node = nodeAddresses.get(address)
    if (node !== undefined)
      return problem("VIP_IS_NODE_ADDRESS", `it is the address of node ${quoted(node)}; choose a free address${HINT}`)
    if (vipFault(address) !== null || isAllowed(address, vipRanges)) continue
    const allowed = vipRanges.map(({ text }) => text)
    return problem("VIP_OUTSIDE_RANGES", `--vip-ranges allows ${firstOf(allowed, 5)}; choose an address there`)
  }
  return null
}

const HINT = `, or, if the Node lists it only because another node announces it, ${ECHO_CURE}`

/**
 * Warnings for running VIPs that a Node lists as its own address. They stay, because the Node lists an echo.
 *
 * @param echoes VIP -> name of the Node that lists it, although it is ours.
 */
export function echoProblems(
  { addresses, path, place }: Declaration,
  echoes: ReadonlyMap<string, string>,
): readonly Problem<ModelCode>[] {
  return addresses.flatMap(({ text }) => {
    const node = echoes.get(text)
    if (node === undefined) return []
    const message =
      `Cannot believe that ${text} is an address of node ${quoted(node)}: this VIP was announced before the Node listed it, so it stays announced; ` +
      ECHO_CURE
    return [{ code: "VIP_LISTED_BY_NODE", severity: "warning", path, place, message }]
  })
}

/** Address -> name of the node that has it. */
export function nodeAddressesOf(nodes: readonly Placed<Node>[]): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>()
  for (const { object } of nodes) {
    const { name, peerAddress } = object.metadata
    const all = [...object.status.addresses.map(({ address }) => address), peerAddress ?? ""]
    for (const address of all) addresses.set(ipv4Of(address) ?? address, name)
  }
  return addresses
}
