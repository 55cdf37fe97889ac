import type { Problem } from "../../kit/problem.ts"
import type { ModelCode } from "./problem-codes.ts"
import type { HostAddress } from "../address/interface.ts"
import type { VipRange } from "../address/ranges.ts"
import type { Scheduler } from "../declare/schedulers.ts"

/** Which addresses the adverts carry. */
export type Layout = "anchor" | "classic"

/** The operator's settings for all entries. Made from flags, whose parsers have checked every range. */
export interface ModelSettings {
  /** 1 to 255; unique on the LAN. */
  readonly virtualRouterId: number
  readonly vrrpVersion: 2 | 3
  /** Seconds. */
  readonly advertInterval: number
  readonly useUnicast: boolean
  /** What the adverts carry: one address that never changes, or every VIP, as those of release 0.35. */
  readonly layout: Layout
  /** Network of the unicast adverts; null for the network of the Nodes' own addresses. */
  readonly peerNetwork: VipRange | null
  readonly scheduler: Scheduler
  /** Seconds; 0 for none. */
  readonly persistenceTimeout: number
  readonly check: "none" | "tcp"
  /** Allowed addresses of VIPs; empty for any. */
  readonly vipRanges: readonly VipRange[]
  readonly releaseFile: string
}

/** Facts about the node of the configuration. */
export interface NodeFacts {
  readonly name: string
  readonly interface: string
  /** False when the kernel has no IPVS: then keepalived exits when its configuration has a virtual server. */
  readonly ipvs: boolean
  /** This machine's addresses, without those that we added. Absent when this is another machine. */
  readonly host?: readonly HostAddress[]
  /** The subnets of the VIPs' interface, each as an address in it. Absent when they are not known. */
  readonly subnets?: readonly HostAddress[]
  /** Problems with the choice of the interface. */
  readonly notes?: readonly Problem<ModelCode>[]
}
