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
