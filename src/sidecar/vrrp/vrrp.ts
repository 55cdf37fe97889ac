import type { StatusVrrp } from "../../contract/vrrp.ts"

/** The state of a VRRP instance on this node. */
export type Vrrp = Pick<StatusVrrp, "state" | "since" | "reason">

/** Before the first look. */
export const NOT_SEEN: Vrrp = { state: "unknown", since: null, reason: "the agent has just started" }

/** Name of a VRRP instance -> its state on this node. */
export type Roles = ReadonlyMap<string, Vrrp>

export const NO_ROLES: Roles = new Map()
