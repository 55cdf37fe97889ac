import type { RoleChange } from "../../contract/node-history.ts"
import type { Clock } from "../../kit/time/clock.ts"
import type { RunningKeepalived, VrrpSource } from "../ports.ts"
import type { Vrrp } from "./vrrp.ts"

export interface VrrpWatchOptions {
  readonly source: VrrpSource
  readonly running: () => Promise<RunningKeepalived | null>
  /** Whether the kernel shows the anchor; null if no configuration with an anchor is in effect. */
  readonly hasAnchor: () => Promise<boolean | null>
  /** What is down, as the machine shows it; null for nothing. Called only in FAULT. */
  readonly faultCause: () => Promise<string | null>
  /** What earlier agents saw, oldest first. */
  readonly roles: readonly RoleChange[]
  /** Called when the state or its reason changes. `change` is null if the state is the same. */
  readonly onChange: (vrrp: Vrrp, change: RoleChange | null) => void
  /** Called when keepalived and the kernel disagree about this node's role, with one sentence; null: they agree again. */
  readonly disagrees: (what: string | null) => void
  /** Called when this backup hears no master and does not take over. Null: it hears one again, or is not a backup any more. */
  readonly deaf: (what: string | null) => void
  readonly clock: Clock
  /** Date in ms. */
  readonly date: () => number
}
