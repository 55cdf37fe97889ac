import type { Problem } from "../../kit/problem.ts"
import type { RawEntry } from "../desired/vip-entry.ts"
import type { ModelCode } from "./codes.ts"
import { type VipModel, type VirtualServer, virtualServerKey } from "./keepalived-model.ts"

/** What this host or its LAN has that this product did not add. Nothing of it becomes ours because an entry names it. */
export interface Others {
  /** Address -> who has it, or that it is not known yet whether anybody does. */
  readonly addresses: ReadonlyMap<string, Holder>
  /** Virtual servers of the host's IPVS table, by virtualServerKey(). */
  readonly virtualServers: ReadonlySet<string>
}

export type Holder =
  /** An interface of this host has the address. */
  | { readonly kind: "host"; readonly interface: string; readonly prefixLength: number }
  /** Somebody else on the LAN of this interface answers for the address. */
  | { readonly kind: "lan"; readonly interface: string; readonly mac: string }
  /** The LAN is being asked who has the address. */
  | { readonly kind: "asked" }

/** Why nobody may announce this address here; null where nobody else is known to have it. */
export function heldByOthers(raw: RawEntry, holder: Holder | undefined): Problem<ModelCode> | null {
  switch (holder?.kind) {
    case undefined:
    case "asked":
      return null
    case "host":
      return problem(
        raw,
        "ADDRESS_ON_HOST",
        `this host has it already on interface "${holder.interface}" as ${raw.key}/${holder.prefixLength}, and ` +
          "kube-keepalived-vip did not add it; choose an address that nobody has, or remove it from that interface",
      )
    case "lan":
      return problem(
        raw,
        "ADDRESS_IN_USE",
        `the station with hardware address ${holder.mac} answers for it on the LAN of "${holder.interface}", and it is not ` +
          "one of the nodes; choose an address that nobody has, or remove it from that station: the LAN is asked again, and " +
          "the VIP is announced when nobody answers",
      )
  }
}

function problem(raw: RawEntry, code: ModelCode, why: string): Problem<ModelCode> {
  const message = `Cannot announce ${raw.key}: ${why}`
  return { code, severity: "error", path: ["data", raw.key], place: raw.place, message }
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
