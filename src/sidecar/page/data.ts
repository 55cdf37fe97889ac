import type { Age } from "../../contract/heartbeat.ts"
import type { AgentSigns, SyncSigns } from "../../contract/signs.ts"
import type { Status, StatusVip } from "../../contract/status.ts"
import { vipIdOf } from "../../core/declare/declaration.ts"
import type { Drained } from "../../contract/node/drain.ts"
import type { StatusVrrp } from "../../contract/vrrp.ts"
import type { Connections } from "../ports.ts"

/** Everything that the status page shows; `/status.json` shows the same. */
export interface PageData {
  /** The date of this node, ISO 8601. */
  readonly now: string
  readonly status: Omit<Status, "time">
  readonly agent: AgentSigns
  readonly sync: SyncSigns
  /** Name of the generation in effect; null for none. */
  readonly generation: string | null
  /** Version of this program. */
  readonly version: string
  /** The VRRP instances of this node, in the order of keepalived.conf. */
  readonly instances: readonly PageInstance[]
  /** The pods behind each VIP in effect, by podsKey(). */
  readonly pods: ReadonlyMap<string, PagePods>
  /** What IPVS forwards on this node now, by VIP; null if it is unknown. */
  readonly connections: ReadonlyMap<string, Connections> | null
  readonly nodes: PageNodes
  /** Newest first. */
  readonly events: readonly PageEvent[]
  /** Why they are unknown; null if they are known. */
  readonly eventsFault: string | null
}

export interface PageInstance {
  readonly name: string
  readonly interface: string
  readonly virtualRouterId: number
  readonly priority: number
  readonly advertInterval: number
  readonly isUnicast: boolean
  /** Addresses. */
  readonly vips: readonly string[]
}

/** Addresses of pods, each once. */
export interface PagePods {
  /** They get new connections. */
  readonly ready: readonly string[]
  /** They only finish their connections. */
  readonly draining: readonly string[]
  /** Their node does not answer, so they get no new connections. */
  readonly unreachable: readonly string[]
}

export interface PageNodes {
  /** Age of what this node knows of the others. */
  readonly age: Age
  /** By priority; then those without one, by name. */
  readonly list: readonly PageNode[]
}

export interface PageNode {
  readonly name: string
  readonly isSelf: boolean
  readonly address: string | null
  /** By its rank among the Nodes; null if this node does not know it. */
  readonly priority: number | null
  /** Whether the API server calls it Ready; null if unknown. */
  readonly ready: boolean | null
  /** Whether this node's probes reach it; null if they do not ask it. */
  readonly answers: boolean | null
  /** Age of its last report. */
  readonly heard: Age
  /** Null if it has not reported them. */
  readonly roles: readonly Omit<StatusVrrp, "interface">[] | null
  readonly generation: string | null
  /** Number of VIPs in effect. */
  readonly vips: number | null
  /** Since when a user keeps it from holding VIPs, and why; null if it takes part. */
  readonly drained: Drained | null
  readonly troubles: readonly string[]
}

/** Something that happened on this node. */
export interface PageEvent {
  /** ISO 8601. */
  readonly time: string
  readonly kind: EventKind
  /** Such as `BACKUP > MASTER` or `generation 7`. */
  readonly what: string
  readonly why: string | null
  /** The generation that it is about; null for none. */
  readonly sequence: number | null
  /** Of a change of role: the instance and its new state. */
  readonly role: { readonly instance: string; readonly to: StatusVrrp["state"] } | null
}

export type EventKind =
  | "role"
  | "applied"
  | "held"
  | "rejected"
  | "rolled-back"
  | "stranded"
  | "guard"
  | "pin"
  | "drain"
  | "resume"
  | "repair"

/** Key of a VIP in `pods`. */
export function podsKey({ object, entry, vip }: Pick<StatusVip, "object" | "entry" | "vip">): string {
  return vipIdOf(`${object} ${entry}`, vip)
}
