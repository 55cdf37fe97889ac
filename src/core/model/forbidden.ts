import type { Problem } from "../../kit/problem.ts"
import { vipFault } from "../desired/address.ts"
import { quoted, type RawEntry } from "../desired/vip-entry.ts"
import type { ClusterObjects } from "../objects/kinds.ts"
import type { ModelCode } from "./codes.ts"
import type { ModelSettings } from "./settings.ts"
import { isAllowed } from "./vip-ranges.ts"

/** Why nobody may announce this address; null where it may be, or where it is no address. */
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
    return problem("VIP_IS_NODE_ADDRESS", `it is the address of node ${quoted(node)}; choose one that nobody has`)
  if (vipFault(raw.key) !== null || isAllowed(raw.key, vipRanges)) return null
  const allowed = vipRanges.map(({ text }) => text)
  const shown =
    allowed.length > 5 ? `${allowed.slice(0, 5).join(", ")} and ${allowed.length - 5} more` : allowed.join(", ")
  return problem("VIP_OUTSIDE_RANGES", `--vip-ranges allows ${shown}; choose an address there`)
}

/** Address -> name of the node that has it. */
export function nodeAddressesOf(objects: ClusterObjects): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>()
  for (const { object } of objects.nodes)
    for (const { address } of object.status.addresses) addresses.set(address, object.metadata.name)
  return addresses
}
