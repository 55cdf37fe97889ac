import type { Problem } from "../../../kit/problem.ts"
import type { ModelCode } from "../problem-codes.ts"
import type { Claim } from "./claim.ts"
import { type VipModel, type VirtualServer, virtualServerKey } from "../keepalived-model.ts"

/** Addresses and virtual servers that this product did not add. They do not become ours when an entry names them. */
export interface Others {
  /** Address -> its holder. */
  readonly addresses: ReadonlyMap<string, Holder>
  /** Virtual servers of the host's IPVS table, by virtualServerKey(). */
  readonly virtualServers: ReadonlySet<string>
}

export type Holder =
  /** An interface of this host has it. */
  | { readonly kind: "host"; readonly interface: string; readonly prefixLength: number }
  /** Another station on the LAN of this interface answers for it. */
  | { readonly kind: "lan"; readonly interface: string; readonly mac: string }
  /** Not known yet: the sidecar is asking the LAN. */
  | { readonly kind: "asked" }

/** Why this node must not announce an address; null when no other holder is known. */
export function heldByOthers({ address, path, place }: Claim, others: Others | undefined): Problem<ModelCode> | null {
  const reason = holderReason(address, others?.addresses.get(address))
  if (reason === null) return null
  return { code: reason.code, severity: "error", path, place, message: `Cannot announce ${address}: ${reason.why}` }
}

function holderReason(
  address: string,
  holder: Holder | undefined,
): { readonly code: ModelCode; readonly why: string } | null {
  switch (holder?.kind) {
    case undefined:
    case "asked":
      return null
    case "host":
      return {
        code: "ADDRESS_ON_HOST",
        why:
          `this host already has it on interface "${holder.interface}" as ${address}/${holder.prefixLength}, and ` +
          "kube-keepalived-vip did not add it; choose a free address, or remove it from that interface",
      }
    case "lan":
      return {
        code: "ADDRESS_IN_USE",
        why:
          `the station with hardware address ${holder.mac} answers for it on the LAN of "${holder.interface}", and it is not ` +
          "one of the nodes; choose a free address, or remove it from that station: the sidecar asks the LAN again, and " +
          "announces the VIP when no station answers",
      }
  }
}

/** Why a VIP must not run in this form; null when no other program has one of its virtual servers. */
export function takenServers(
  { path, place }: Pick<Claim, "path" | "place">,
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
    path,
    place,
    message:
      `Cannot forward ${virtualServerKey(first)}${more}: IPVS on this host already has this virtual server, and ` +
      "kube-keepalived-vip did not add it; kube-proxy in IPVS mode adds one for each ClusterIP; choose another address, " +
      `or remove it with "ipvsadm -D ${first.protocol === "TCP" ? "-t" : "-u"} ${first.address}:${first.port}"`,
  }
}

/** The virtual servers of a VIP that another program has added. */
export function takenServersOf(vip: VipModel, { virtualServers }: Others): readonly VirtualServer[] {
  return vip.virtualServers.filter((server) => virtualServers.has(virtualServerKey(server)))
}
