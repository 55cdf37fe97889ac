import type { RoleChange } from "../../contract/node-history.ts"
import type { Clock } from "../../kit/clock.ts"
import type { RunningKeepalived, VrrpSource } from "../ports.ts"
import type { Vrrp } from "./vrrp.ts"

export interface VrrpWatchOptions {
  readonly source: VrrpSource
  readonly running: () => Promise<RunningKeepalived | null>
  /** Whether the kernel shows the anchor; null where nothing is in effect that has one. */
  readonly hasAnchor: () => Promise<boolean | null>
  /** What is down, as the machine shows it; null where it shows nothing. Asked in FAULT alone. */
  readonly faultCause: () => Promise<string | null>
  /** What earlier agents saw, oldest first. */
  readonly roles: readonly RoleChange[]
  /** The state or its reason is another. `change` is null where the state is the same. */
  readonly changed: (vrrp: Vrrp, change: RoleChange | null) => void
  /** keepalived and the kernel say different things of this node's role, in one sentence; null: they agree again. */
  readonly disagrees: (what: string | null) => void
  /** This backup hears no master, and does not take over. Null: it hears one again, or is no backup any more. */
  readonly deaf: (what: string | null) => void
  readonly clock: Clock
  /** Milliseconds of the date. */
  readonly date: () => number
}
