import { type KeepalivedModel, type VirtualServer, virtualServerKey } from "../../core/model/keepalived-model.ts"
import { needsMasquerade } from "../../core/model/refusal.ts"
import type { IntendedEffect } from "./differences.ts"

/** What the kernel must show when a model is in effect. */
export function intendedEffect(model: KeepalivedModel): IntendedEffect {
  return {
    interface: model.vrrp.interface,
    anchor: model.vrrp.anchor,
    vips: model.vips.map((vip) => vip.address),
    virtualServers: model.vips.flatMap((vip) =>
      vip.virtualServers.map((server) => ({
        address: server.address,
        port: server.port,
        protocol: server.protocol,
        scheduler: server.scheduler,
        forwardingMethod: server.forwardingMethod,
        persistenceTimeout: server.persistenceTimeout,
        realServers: server.realServers,
        checked: server.check !== "none",
      })),
    ),
  }
}

/** Every name of a model's entries in the kernel: its VIPs (with the anchor) and its virtual servers. */
export function tracesOf(model: KeepalivedModel): {
  readonly vips: readonly string[]
  readonly virtualServers: readonly string[]
} {
  return {
    vips: [model.vrrp.anchor, ...model.vips.map((vip) => vip.address)],
    virtualServers: model.vips.flatMap((vip) => vip.virtualServers.map(virtualServerKey)),
  }
}

/** The VIPs whose packets IPVS forwards by NAT, so that the replies must return through this node. */
export function masqueradedVips(model: KeepalivedModel): readonly string[] {
  return model.vips.filter(needsMasquerade).map((vip) => vip.address)
}

/** The virtual servers of a model that have flows without connections: UDP, by NAT. */
export function connectionless({ vips }: KeepalivedModel): readonly VirtualServer[] {
  return vips
    .flatMap((vip) => vip.virtualServers)
    .filter(
      ({ protocol, forwardingMethod, realServers }) =>
        protocol === "UDP" && forwardingMethod === "NAT" && realServers.length > 0,
    )
}

/** The virtual servers that did not forward before: new, previously without a real server, or with another method. */
export function newlyConnectionless(next: KeepalivedModel, before: KeepalivedModel | null): readonly VirtualServer[] {
  const known = new Set(before === null ? [] : connectionless(before).map(virtualServerKey))
  return connectionless(next).filter((server) => !known.has(virtualServerKey(server)))
}
