import type { Problem } from "../../kit/problem.ts"
import type { RawEntry } from "../desired/vip-entry.ts"
import type { ModelCode } from "./codes.ts"
import { type VipModel, type VirtualServer, virtualServerKey } from "./keepalived-model.ts"

/** What this host has that this product did not add. Nothing of it becomes ours because an entry names it. */
export interface Others {
  /** Address -> who has it. */
  readonly addresses: ReadonlyMap<string, Holder>
  /** Virtual servers of the host's IPVS table, by virtualServerKey(). */
  readonly virtualServers: ReadonlySet<string>
}

/** An address on an interface of this host. */
export interface Holder {
  readonly kind: "host"
  readonly interface: string
  readonly prefixLength: number
}

/** Why nobody may announce this address here; null where nobody else has it. */
export function heldByOthers(raw: RawEntry, others: Others | undefined): Problem<ModelCode> | null {
  const holder = others?.addresses.get(raw.key)
  if (holder === undefined) return null
  const place = `"${holder.interface}" as ${raw.key}/${holder.prefixLength}`
  return {
    code: "ADDRESS_ON_HOST",
    severity: "error",
    path: ["data", raw.key],
    place: raw.place,
    message:
      `Cannot announce ${raw.key}: this host has it already on interface ${place}, and kube-keepalived-vip did not add it; ` +
      "choose an address that nobody has, or remove it from that interface",
  }
}

/** Why a VIP may not run in this form; null where none of its virtual servers is somebody else's. */
export function takenServers(
  raw: RawEntry,
  vip: VipModel | null,
  others: Others | undefined,
): Problem<ModelCode> | null {
  if (others === undefined || vip === null) return null
  const taken = takenServersOf(vip, others)
  const [first] = taken
  if (first === undefined) return null
  const more = taken.length > 1 ? ` (and ${taken.length - 1} more of this entry)` : ""
  return {
    code: "VIRTUAL_SERVER_ON_HOST",
    severity: "error",
    path: ["data", raw.key],
    place: raw.place,
    message:
      `Cannot forward ${virtualServerKey(first)}${more}: IPVS on this host has this virtual server already, and ` +
      "kube-keepalived-vip did not add it; kube-proxy in IPVS mode adds one for each ClusterIP; choose another address, " +
      `or remove it with "ipvsadm -D ${first.protocol === "TCP" ? "-t" : "-u"} ${first.address}:${first.port}"`,
  }
}

/** The virtual servers of a VIP that are somebody else's. */
export function takenServersOf(vip: VipModel, { virtualServers }: Others): readonly VirtualServer[] {
  return vip.virtualServers.filter((server) => virtualServers.has(virtualServerKey(server)))
}
