import * as z from "zod"

/*
 * Everything that decides the bytes of a keepalived.conf, with the names of keepalived.conf(5). A model is valid and sorted,
 * and equal models render to equal bytes. The schemas read a model from a file; they check its shape, not its validity.
 */

const realServerSchema = z
  .object({
    address: z.string(),
    port: z.number(),
    /** 1 takes new connections; 0 only finishes its connections, or its node is unreachable. */
    weight: z.union([z.literal(0), z.literal(1)]),
    /** True when it is not a ready endpoint now and only finishes its connections. */
    draining: z.boolean(),
  })
  .readonly()

const virtualServerSchema = z
  .object({
    /** `namespace/name` of the Service, for the comment above the block. */
    service: z.string(),
    address: z.string(),
    port: z.number(),
    protocol: z.enum(["TCP", "UDP"]),
    scheduler: z.string(),
    forwardingMethod: z.enum(["NAT", "DR"]),
    /** Seconds, 1 to 2678400; null for none. */
    persistenceTimeout: z.number().nullable(),
    check: z.enum(["none", "tcp"]),
    /** Sorted by address, then port. */
    realServers: z.array(realServerSchema).readonly(),
  })
  .readonly()

export const vipModelSchema = z
  .object({
    /** The declaration that asks for it. */
    id: z.string(),
    address: z.string(),
    /** Sorted by port, then protocol. Each has at least one real server with a weight above 0. */
    virtualServers: z.array(virtualServerSchema).readonly(),
  })
  .readonly()

const vrrpInstanceSchema = z
  .object({
    interface: z.string(),
    /** 1 to 255. */
    virtualRouterId: z.number(),
    version: z.union([z.literal(2), z.literal(3)]),
    /** 1 to 254. */
    priority: z.number(),
    /** Seconds, in hundredths (RFC 9568, 5.2.7); whole seconds for VRRP version 2. */
    advertInterval: z.number(),
    /**
     * The only address in the adverts. It never changes, because keepalived before 2.3.3 drops adverts whose number of
     * addresses differs from its own: nodes that differ for a second would elect two masters.
     */
    anchor: z.string(),
    /** Null when adverts go to the multicast group. */
    unicast: z
      .object({ source: z.string(), peers: z.array(z.string()).readonly() })
      .readonly()
      .nullable(),
  })
  .readonly()

export const keepalivedModelSchema = z
  .object({
    /** Names this node in keepalived's own logs: letters, digits, dots and dashes. */
    routerId: z.string(),
    vrrp: vrrpInstanceSchema,
    /** Path of a file that contains 0, or 1 to release all VIPs (track_file). */
    releaseFile: z.string(),
    /** Sorted by address. */
    vips: z.array(vipModelSchema).readonly(),
  })
  .readonly()

/** All of a keepalived.conf. */
export type KeepalivedModel = z.infer<typeof keepalivedModelSchema>

/** The VRRP instance of all VIPs. */
export type VrrpInstance = z.infer<typeof vrrpInstanceSchema>

/** A VIP and its virtual servers. This is also the form in which a VIP is held while its entry is broken. */
export type VipModel = z.infer<typeof vipModelSchema>

export type VirtualServer = z.infer<typeof virtualServerSchema>

export type RealServer = z.infer<typeof realServerSchema>

/** The unique key of a virtual server: `10.4.0.50 80 TCP`. */
export function virtualServerKey(server: Pick<VirtualServer, "address" | "port" | "protocol">): string {
  return `${server.address} ${server.port} ${server.protocol}`
}

/** The numbers of VIPs, virtual servers and real servers of a model. */
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
