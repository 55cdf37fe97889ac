import * as z from "zod"

/**
 * What VRRP made of this node, as keepalived says.
 *
 * `master`: it holds the VIPs. `backup`: another node does, or will. `fault`: it cannot take part, and `reason` says why.
 * `init`: keepalived has only just started. `unknown`: nobody can tell, which is never well.
 */
export type VrrpState = (typeof VRRP_STATES)[number]
export const VRRP_STATES = ["master", "backup", "fault", "init", "unknown"] as const

export interface StatusVrrp {
  readonly state: VrrpState
  /** When it became so, ISO 8601; null where nobody saw it. */
  readonly since: string | null
  /** Why it became so; null where keepalived gives no reason. */
  readonly reason: string | null
  /** Seconds between two adverts of a master; null before a configuration is in effect. */
  readonly advertInterval: number | null
}

export const vrrpField = z.object({
  state: z.enum(VRRP_STATES),
  since: z.string().nullable(),
  reason: z.string().nullable(),
  advertInterval: z.number().positive().nullable(),
})

/** How the reason of a FAULT begins that is the node's own wish. */
export const HANDOVER = "this node hands its VIPs over"

/** Whether a node in this state cannot hold VIPs, or nobody knows whether it does. */
export function isUnwell({ state }: Pick<StatusVrrp, "state">): boolean {
  return state === "fault" || state === "unknown"
}

/** In one line: `VRRP is in FAULT since 2026-11-22T23:00:00Z: interface "eth0" has no carrier`. */
export function vrrpText({ state, since, reason }: Pick<StatusVrrp, "state" | "since" | "reason">): string {
  const what = state === "unknown" ? "The VRRP state is unknown" : `VRRP is ${state.toUpperCase()}`
  const time = since === null ? "" : ` since ${since.replace(/\.\d+Z$/, "Z")}`
  return `${what}${time}${reason === null ? "" : `: ${reason}`}`
}
