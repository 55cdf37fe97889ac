import type { ForwardingMethod } from "../desired/vip-entry.ts"

/**
 * Everything that decides the bytes of a keepalived.conf, in the words of keepalived.conf(5). A model breaks no rule that
 * we know of: it is validated, sorted, and equal models render to equal bytes.
 */
export interface KeepalivedModel {
  /** Names this node in keepalived's own logs: letters, digits, dots and dashes. */
  readonly routerId: string
  readonly vrrp: VrrpInstance
  /** A file that holds 0, or 1 to give all VIPs away (track_file). */
  readonly releaseFile: string
  /** Sorted by address. */
  readonly vips: readonly VipModel[]
}

/** The one VRRP instance, in which all VIPs ride. */
export interface VrrpInstance {
  readonly interface: string
  /** 1 to 255. */
  readonly virtualRouterId: number
  readonly version: 2 | 3
  /** 1 to 254. */
  readonly priority: number
  /** Seconds, in hundredths (RFC 9568, 5.2.7); whole seconds for VRRP version 2. */
  readonly advertInterval: number
  /**
   * The only address that adverts carry. It never changes, because keepalived before 2.3.3 throws away adverts whose number
   * of addresses differs from its own: nodes that differ for a second would elect two masters.
   */
  readonly anchor: string
  /** Null: adverts go to the multicast group. */
  readonly unicast: { readonly source: string; readonly peers: readonly string[] } | null
}

/** A VIP and its virtual servers. This is also the form in which a VIP is held while its entry is broken. */
export interface VipModel {
  /** The entry's key in the VIP ConfigMap. */
  readonly key: string
  readonly address: string
  /** Sorted by port, then protocol. Each has at least one real server with a weight above 0. */
  readonly virtualServers: readonly VirtualServer[]
}

export interface VirtualServer {
  /** `namespace/name` of the Service, for the comment above the block. */
  readonly service: string
  readonly address: string
  readonly port: number
  readonly protocol: "TCP" | "UDP"
  readonly scheduler: string
  readonly forwardingMethod: ForwardingMethod
  /** Seconds, 1 to 2678400; null for none. */
  readonly persistenceTimeout: number | null
  readonly check: "none" | "tcp"
  /** Sorted by address, then port. */
  readonly realServers: readonly RealServer[]
}

export interface RealServer {
  readonly address: string
  readonly port: number
  /** 1, or 0 while it finishes the connections that it has and gets no new ones, or its node answers no more. */
  readonly weight: 0 | 1
  /** True for one that is no ready endpoint any more and has only its connections to finish. */
  readonly draining: boolean
}

/** Tells one virtual server from all others: `10.4.0.50 80 TCP`. */
export function virtualServerKey(server: Pick<VirtualServer, "address" | "port" | "protocol">): string {
  return `${server.address} ${server.port} ${server.protocol}`
}

/** How much a model has of everything. */
export function sizeOf(model: Pick<KeepalivedModel, "vips">): {
  readonly vips: number
  readonly virtualServers: number
  readonly realServers: number
} {
  let virtualServers = 0
  let realServers = 0
  for (const vip of model.vips) {
    virtualServers += vip.virtualServers.length
    for (const server of vip.virtualServers) realServers += server.realServers.length
  }
  return { vips: model.vips.length, virtualServers, realServers }
}
