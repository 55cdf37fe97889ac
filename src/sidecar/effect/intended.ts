import {
  type KeepalivedModel,
  vipsOf,
  type VirtualServer,
  virtualServerKey,
  virtualServersOf,
  type VrrpInstance,
} from "../../core/model/keepalived-model.ts"
import { needsMasquerade } from "../../core/model/refusal.ts"
import { additionName, additionsOf, type IntendedInstance } from "./addresses.ts"
import type { IntendedEffect } from "./differences.ts"

/** What the kernel must show when a model is in effect. */
export function intendedEffect(model: KeepalivedModel): IntendedEffect {
  return {
    instances: model.instances.map(intendedInstance),
    virtualServers: virtualServersOf(model).map((server) => ({
      address: server.address,
      port: server.port,
      protocol: server.protocol,
      scheduler: server.scheduler,
      forwardingMethod: server.forwardingMethod,
      persistenceTimeout: server.persistenceTimeout,
      realServers: server.realServers,
      checked: server.check !== "none",
    })),
  }
}

function intendedInstance({ name, interface: interfaceName, anchor, vips }: VrrpInstance): IntendedInstance {
  return { name, interface: interfaceName, anchor, vips: vips.map(({ address }) => address) }
}

/** Every name of a model's entries in the kernel: its VIPs, with the anchors, on their interfaces, and its virtual servers. */
export function tracesOf(model: KeepalivedModel): {
  /** As `additionName` spells them. */
  readonly additions: readonly string[]
  /** As `virtualServerKey` spells them. */
  readonly virtualServers: readonly string[]
} {
  return {
    additions: model.instances.flatMap((one) => additionsOf(intendedInstance(one)).map(additionName)),
    virtualServers: virtualServersOf(model).map(virtualServerKey),
  }
}

/** The VIPs whose packets IPVS forwards by NAT, so that the replies must return through this node. */
export function masqueradedVips(model: KeepalivedModel): readonly string[] {
  return vipsOf(model)
    .filter(needsMasquerade)
    .map((vip) => vip.address)
}

/** The virtual servers of a model that have flows without connections: UDP, by NAT. */
export function connectionless(model: Pick<KeepalivedModel, "instances">): readonly VirtualServer[] {
  return virtualServersOf(model).filter(
    ({ protocol, forwardingMethod, realServers }) =>
      protocol === "UDP" && forwardingMethod === "NAT" && realServers.length > 0,
  )
}

/** The virtual servers that did not forward before: new, previously without a real server, or with another method. */
export function newlyConnectionless(next: KeepalivedModel, before: KeepalivedModel | null): readonly VirtualServer[] {
  const known = new Set(before === null ? [] : connectionless(before).map(virtualServerKey))
  return connectionless(next).filter((server) => !known.has(virtualServerKey(server)))
}
