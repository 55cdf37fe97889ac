import type { Problem } from "../../../kit/problem.ts"
import { ipv4Of } from "../../address/ip.ts"
import { isAllowed } from "../../address/ranges.ts"
import { vipFault } from "../../address/special.ts"
import { quoted, type RawEntry } from "../../desired/vip-entry.ts"
import type { Node, Placed } from "../../objects/kinds.ts"
import type { ModelCode } from "../problem-codes.ts"
import type { ModelSettings } from "../settings.ts"

/** How to keep a Node from listing VIPs. */
const ECHO_CURE =
  "give its kubelet --node-ip, or put the VIPs on the exclude list of the cloud provider (exclude-internal-network-subnet-cidr and the like)"

/** Why this address must not be announced; null when it may be, or when it is not an address. */
export function forbiddenAddress(
  raw: RawEntry,
  nodeAddresses: ReadonlyMap<string, string>,
  { vipRanges }: Pick<ModelSettings, "vipRanges">,
): Problem<ModelCode> | null {
  const problem = (code: ModelCode, why: string): Problem<ModelCode> => ({
    code,
    severity: "error",
    path: ["data", raw.key],
    place: raw.place,
    message: `Cannot announce ${raw.key}: ${why}`,
  })
  const node = nodeAddresses.get(raw.key)
  if (node !== undefined)
    return problem("VIP_IS_NODE_ADDRESS", `it is the address of node ${quoted(node)}; choose a free address${HINT}`)
  if (vipFault(raw.key) !== null || isAllowed(raw.key, vipRanges)) return null
  const allowed = vipRanges.map(({ text }) => text)
  const shown =
    allowed.length > 5 ? `${allowed.slice(0, 5).join(", ")} and ${allowed.length - 5} more` : allowed.join(", ")
  return problem("VIP_OUTSIDE_RANGES", `--vip-ranges allows ${shown}; choose an address there`)
}

const HINT = `, or, if the Node lists it only because another node announces it, ${ECHO_CURE}`

/** The warning for a running VIP that a Node lists as its own address. The VIP stays, because the Node lists an echo. */
export function echoProblem(raw: RawEntry, node: string): Problem<ModelCode> {
  return {
    code: "VIP_LISTED_BY_NODE",
    severity: "warning",
    path: ["data", raw.key],
    place: raw.place,
    message:
      `Cannot believe that ${raw.key} is an address of node ${quoted(node)}: this VIP was announced before the Node listed it, so it stays announced; ` +
      ECHO_CURE,
  }
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
