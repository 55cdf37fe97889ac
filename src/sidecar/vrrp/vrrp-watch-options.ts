import type { RoleChange } from "../../contract/node/history.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { RunningKeepalived, VrrpSource } from "../ports.ts"
import type { Roles } from "./vrrp.ts"

/** What the watch of one instance needs; `name` is the name of the instance. */
export interface InstanceOptions {
  /** Whether the kernel shows the anchor; null if no configuration with this instance is in effect. */
  readonly hasAnchor: (name: string) => Promise<boolean | null>
  /** What is down, as the machine shows it; null for nothing. Called only in FAULT. */
  readonly faultCause: (name: string) => Promise<string | null>
  /** Whether this node hands its VIPs over now: keepalived's log does not say why it enters FAULT for that. Absent: never. */
  readonly isHandingOver?: () => boolean
  /** What earlier agents saw, of all instances, oldest first. */
  readonly roles: readonly RoleChange[]
  /** Called when keepalived and the kernel disagree about this node's role, with one sentence; null: they agree again. */
  readonly disagrees: (name: string, what: string | null) => void
  /** Called when this backup hears no master and does not take over. Null: it hears one again, or is not a backup any more. */
  readonly deaf: (name: string, what: string | null) => void
  readonly clock: Clock
  /** Date in ms. */
  readonly date: () => number
}

export interface VrrpWatchOptions extends InstanceOptions {
  readonly source: VrrpSource
  readonly running: () => Promise<RunningKeepalived | null>
  /** Names of the instances in effect. */
  readonly instances: () => readonly string[]
  /** Called when a state or its reason changes, and when an instance is gone. `change` is null if no state changed. */
  readonly onChange: (roles: Roles, change: RoleChange | null) => void
}
