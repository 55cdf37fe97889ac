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
    /** Unique on this node: keepalived's log, the status and the metrics name the instance by it. */
    name: z.string(),
    interface: z.string(),
    /** 1 to 255. */
    virtualRouterId: z.number(),
    /** 1 to 254. */
    priority: z.number(),
    /** Seconds, in hundredths (RFC 9568, 5.2.7); whole seconds for VRRP version 2. */
    advertInterval: z.number(),
    /** An address that only the master has. It never changes. */
    anchor: z.string(),
    /**
     * The addresses in the adverts, sorted; null for the anchor alone. keepalived before 2.3.3 drops adverts with other
     * addresses than its own has: nodes that differ for a second elect two masters. So only the anchor, which never changes, is
     * advertised, unless nodes of release 0.35 are in the same group. Records of earlier versions do not have the field.
     */
    advertised: z.array(z.string()).readonly().nullable().default(null),
    /** Null when adverts go to the multicast group. */
    unicast: z
      .object({ source: z.string(), peers: z.array(z.string()).readonly() })
      .readonly()
      .nullable(),
    /** The VIPs that this instance announces on its interface. Sorted by address. */
    vips: z.array(vipModelSchema).readonly(),
  })
  .readonly()

export const keepalivedModelSchema = z
  .object({
    /** Names this node in keepalived's own logs: letters, digits, dots and dashes. */
    routerId: z.string(),
    vrrpVersion: z.union([z.literal(2), z.literal(3)]),
    /** Path of a file that contains 0, or 1 to release all VIPs (track_file). */
    releaseFile: z.string(),
    /** At least one, in the order of the file. An address is in one instance only. */
    instances: z.array(vrrpInstanceSchema).readonly(),
  })
  .readonly()

/** All of a keepalived.conf. */
export type KeepalivedModel = z.infer<typeof keepalivedModelSchema>

/** A VRRP instance: an election of its own, on an interface, with the VIPs that follow it. */
export type VrrpInstance = z.infer<typeof vrrpInstanceSchema>

/** A VIP and its virtual servers. This is also the form in which a VIP is held while its entry is broken. */
export type VipModel = z.infer<typeof vipModelSchema>

export type VirtualServer = z.infer<typeof virtualServerSchema>

export type RealServer = z.infer<typeof realServerSchema>

/** The unique key of a virtual server: `10.4.0.50 80 TCP`. */
export function virtualServerKey(
  server: Pick<VirtualServer, "address" | "port"> & { readonly protocol: string },
): string {
  return `${server.address} ${server.port} ${server.protocol}`
}

/** The VIPs of all instances, in the order of the file. */
export function vipsOf({ instances }: Pick<KeepalivedModel, "instances">): readonly VipModel[] {
  return instances.flatMap(({ vips }) => vips)
}

/** The addresses of the VIPs of all instances, in the order of the file. */
export function addressesOf(model: Pick<KeepalivedModel, "instances">): readonly string[] {
  return vipsOf(model).map(({ address }) => address)
}

/**
 * The addresses of an instance in the order of the file: those in its adverts, and those that follow it. keepalived needs at
 * least one in the adverts: the anchor, where there is no VIP to advertise.
 */
export function addressesIn({ anchor, advertised, vips }: Pick<VrrpInstance, "anchor" | "advertised" | "vips">): {
  readonly advertised: readonly string[]
  readonly excluded: readonly string[]
} {
  const all = [anchor, ...vips.map(({ address }) => address)]
  const known = new Set(advertised === null || advertised.length === 0 ? [anchor] : advertised)
  return {
    advertised: all.filter((address) => known.has(address)),
    excluded: all.filter((address) => !known.has(address)),
  }
}

/** The interfaces of the instances, each once, in the order of the file. */
export function interfacesOf({ instances }: Pick<KeepalivedModel, "instances">): readonly string[] {
  return [...new Set(instances.map((instance) => instance.interface))]
}

/** The virtual servers of all VIPs, in the order of the file. */
export function virtualServersOf(model: Pick<KeepalivedModel, "instances">): readonly VirtualServer[] {
  return vipsOf(model).flatMap(({ virtualServers }) => virtualServers)
}

/** The numbers of VIPs, of their virtual servers and of their real servers. */
export function sizeOf(vips: readonly VipModel[]): {
  readonly vips: number
  readonly virtualServers: number
  readonly realServers: number
} {
  let virtualServers = 0
  let realServers = 0
  for (const vip of vips) {
    virtualServers += vip.virtualServers.length
    for (const server of vip.virtualServers) realServers += server.realServers.length
  }
  return { vips: vips.length, virtualServers, realServers }
}
