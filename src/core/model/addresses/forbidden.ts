import type { Problem } from "../../../kit/problem.ts"
import { firstOf } from "../../../kit/text/format.ts"
import { quoted } from "../../../kit/text/quoted.ts"
import { ipv4Of } from "../../address/ip.ts"
import { isAllowed } from "../../address/ranges.ts"
import { vipFault } from "../../address/special.ts"
import type { Node, Placed } from "../../objects/kinds.ts"
import type { ModelCode } from "../problem-codes.ts"
import type { ModelSettings } from "../settings.ts"
import type { Claim } from "./claim.ts"

/** How to keep a Node from listing VIPs. */
const ECHO_CURE =
  "give its kubelet --node-ip, or put the VIPs on the exclude list of the cloud provider (exclude-internal-network-subnet-cidr and the like)"

/** Why an address must not be announced; null when it may be. */
export function forbiddenAddress(
  { address, path, place }: Claim,
  nodeAddresses: ReadonlyMap<string, string>,
  { vipRanges }: Pick<ModelSettings, "vipRanges">,
): Problem<ModelCode> | null {
  const problem = (code: ModelCode, why: string): Problem<ModelCode> => ({
    ...{ code, severity: "error", path, place },
    message: `Cannot announce ${address}: ${why}`,
  })
  const node = nodeAddresses.get(address)
  if (node !== undefined)
    return problem("VIP_IS_NODE_ADDRESS", `it is the address of node ${quoted(node)}; choose a free address${HINT}`)
  if (vipFault(address) !== null || isAllowed(address, vipRanges)) return null
  const allowed = vipRanges.map(({ text }) => text)
  return problem("VIP_OUTSIDE_RANGES", `--vip-ranges allows ${firstOf(allowed, 5)}; choose an address there`)
}

const HINT = `, or, if the Node lists it only because another node announces it, ${ECHO_CURE}`

/**
 * The warning for a running VIP that a Node lists as its own address. It stays, because the Node lists an echo.
 *
 * @param echoes VIP -> name of the Node that lists it, although it is ours.
 */
export function echoProblems(
  { address, path, place }: Claim,
  echoes: ReadonlyMap<string, string>,
): readonly Problem<ModelCode>[] {
  const node = echoes.get(address)
  if (node === undefined) return []
  const message =
    `Cannot believe that ${address} is an address of node ${quoted(node)}: this VIP was announced before the Node listed it, so it stays announced; ` +
    ECHO_CURE
  return [{ code: "VIP_LISTED_BY_NODE", severity: "warning", path, place, message }]
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
