import type { StatusVrrp } from "../../contract/vrrp.ts"

/** VRRP's state on this node. */
export type Vrrp = Pick<StatusVrrp, "state" | "since" | "reason">

/** Before the first look. */
export const NOT_SEEN: Vrrp = { state: "unknown", since: null, reason: "the agent has just started" }
