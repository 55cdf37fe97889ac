import type { Age } from "./heartbeat.ts"
import type { Status } from "./status.ts"
import type { SyncStatus } from "./sync-status.ts"

/** Signs of life of a sidecar. */
export interface AgentSigns {
  /** Time since its last beat. */
  readonly silence: Age
  /** Time since it last completed a check of keepalived. */
  readonly lookAge: Age
  /** Why it cannot write its status, so that the status is old; null if it can, or if this is unknown. */
  readonly fault: string | null
}

/** Signs of life of sync, from its volume. */
export interface SyncSigns {
  readonly silence: Age
  /** Time since sync last confirmed what it knows about its source. */
  readonly sourceAge: Age
  /** Sequence of its newest generation; null for none. */
  readonly published: number | null
  /** Why it cannot write its volume; null if it can, or if this is unknown. */
  readonly fault: string | null
  /** Null if it cannot be read. */
  readonly status: SyncStatus | null
}

/** All input for the answer. */
export interface Signs {
  readonly status: Omit<Status, "time">
  /** Null if the agent itself asks: then it is alive. */
  readonly agent: AgentSigns | null
  /** Null if sync's volume is not available. */
  readonly sync: SyncSigns | null
}
