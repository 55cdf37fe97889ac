import { type KeepalivedModel, virtualServerKey } from "../../core/model/keepalived-model.ts"
import type { IntendedEffect } from "../keepalived/effect.ts"

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

/** Every name by which a model leaves traces in the kernel: its VIPs, the anchor among them, and its virtual servers. */
export function tracesOf(model: KeepalivedModel): {
  readonly vips: readonly string[]
  readonly virtualServers: readonly string[]
} {
  return {
    vips: [model.vrrp.anchor, ...model.vips.map((vip) => vip.address)],
    virtualServers: model.vips.flatMap((vip) => vip.virtualServers.map(virtualServerKey)),
  }
}

/** The VIPs whose packets IPVS forwards by NAT, so that the replies must find their way back through this node. */
export function masqueradedVips(model: KeepalivedModel): readonly string[] {
  return model.vips
    .filter((vip) => vip.virtualServers.some((server) => server.forwardingMethod === "NAT"))
    .map((vip) => vip.address)
}
