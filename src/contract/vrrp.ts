import * as z from "zod"

/**
 * The VRRP state of this node, as keepalived reports it.
 *
 * `master`: it holds the VIPs. `backup`: another node holds them, or soon will. `fault`: it cannot take part, and `reason` says
 * why. `init`: keepalived has only just started. `unknown`: the state is not known, which never counts as well.
 */
export type VrrpState = (typeof VRRP_STATES)[number]
export const VRRP_STATES = ["master", "backup", "fault", "init", "unknown"] as const

export interface StatusVrrp {
  readonly state: VrrpState
  /** When this state began, ISO 8601; null if unknown. */
  readonly since: string | null
  /** Why this state began; null if keepalived gives no reason. */
  readonly reason: string | null
  /** Seconds between two adverts of the master; null before a configuration is in effect. */
  readonly advertInterval: number | null
}

export const vrrpField = z.object({
  state: z.enum(VRRP_STATES),
  since: z.string().nullable(),
  reason: z.string().nullable(),
  advertInterval: z.number().positive().nullable(),
})

/** Start of the reason for a FAULT that the node enters on purpose. */
export const HANDOVER = "this node hands its VIPs over"

/** Whether a node in this state cannot hold VIPs, or its state is unknown. */
export function isUnwell({ state }: Pick<StatusVrrp, "state">): boolean {
  return state === "fault" || state === "unknown"
}

/** One line: `VRRP is FAULT since 2026-11-22T23:00:00Z: interface "eth0" has no carrier`. */
export function vrrpText({ state, since, reason }: Pick<StatusVrrp, "state" | "since" | "reason">): string {
  const what = state === "unknown" ? "The VRRP state is unknown" : `VRRP is ${state.toUpperCase()}`
  const time = since === null ? "" : ` since ${since.replace(/\.\d+Z$/, "Z")}`
  return `${what}${time}${reason === null ? "" : `: ${reason}`}`
}
