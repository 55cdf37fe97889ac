import type { KeepalivedModel, VrrpInstance } from "../../src/core/model/keepalived-model.ts"
import { id } from "./fixture.ts"

/** A VRRP instance that announces these VIPs and forwards nothing. */
export function instanceOf(...vips: readonly string[]): VrrpInstance {
  return {
    name: "vips",
    interface: "eth0",
    virtualRouterId: 50,
    priority: 254,
    advertInterval: 1,
    anchor: "169.254.50.1",
    advertised: null,
    unicast: null,
    vips: vips.map((address) => ({ id: id(address), address, virtualServers: [] })),
  }
}

/** An instance that shares no setting with that of `instanceOf`. */
export function otherInstance(...vips: readonly string[]): VrrpInstance {
  const unicast = { source: "10.8.0.3", peers: ["10.8.0.4"] }
  const own = { name: "lan", interface: "eth1", virtualRouterId: 51, priority: 246, anchor: "169.254.51.1" }
  return { ...instanceOf(...vips), ...own, advertInterval: 2, unicast }
}

/** A model with these instances. */
export function modelWith(...instances: readonly VrrpInstance[]): KeepalivedModel {
  return { routerId: "n1", vrrpVersion: 3, releaseFile: "/run/keepalived/release", instances }
}
