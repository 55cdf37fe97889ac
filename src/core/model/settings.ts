import type { Problem } from "../../kit/problem.ts"
import type { ModelCode } from "./codes.ts"
import type { HostAddress } from "./interface.ts"
import type { VipRange } from "./vip-ranges.ts"

/**
 * The IPVS schedulers that a Linux kernel has had since 4.19, so that a name here never fails for want of a module.
 *
 * Source: ipvsadm(8), --scheduler.
 */
export const SCHEDULERS = [
  "rr",
  "wrr",
  "lc",
  "wlc",
  "lblc",
  "lblcr",
  "dh",
  "sh",
  "sed",
  "nq",
  "fo",
  "ovf",
  "mh",
] as const

export type Scheduler = (typeof SCHEDULERS)[number]

/** What the operator of the pods chose for all entries. Made from flags, which have checked every range. */
export interface ModelSettings {
  /** 1 to 255; unique on the LAN. */
  readonly virtualRouterId: number
  readonly vrrpVersion: 2 | 3
  /** Seconds. */
  readonly advertInterval: number
  readonly useUnicast: boolean
  /** Network in which unicast adverts are sent; null: the one that the Nodes' own addresses are in. */
  readonly peerNetwork: VipRange | null
  readonly scheduler: Scheduler
  /** Seconds; 0 for none. */
  readonly persistenceTimeout: number
  readonly check: "none" | "tcp"
  /** Where VIPs may be; empty: anywhere. */
  readonly vipRanges: readonly VipRange[]
  readonly releaseFile: string
}

/** What is known of the node that the configuration is for. */
export interface NodeFacts {
  readonly name: string
  readonly interface: string
  /** False where the kernel has no IPVS: keepalived ends altogether when it meets a virtual server there. */
  readonly ipvs: boolean
  /** This machine's addresses, without those that we put there. Absent where this is another machine. */
  readonly host?: readonly HostAddress[]
  /** The subnets of the VIPs' interface, each as an address in it. Absent where nobody knows them. */
  readonly subnets?: readonly HostAddress[]
  /** What a person should know of how the interface was chosen. */
  readonly notes?: readonly Problem<ModelCode>[]
}
