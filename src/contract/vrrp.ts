import * as z from "zod"
import type { Immutable } from "./fields.ts"

/**
 * The state of a VRRP instance on this node, as keepalived reports it.
 *
 * `master`: it holds the VIPs. `backup`: another node holds them, or soon will. `fault`: it cannot take part, and `reason` says
 * why. `init`: keepalived has only just started. `unknown`: the state is not known, which never counts as well.
 */
export type VrrpState = (typeof VRRP_STATES)[number]
export const VRRP_STATES = ["master", "backup", "fault", "init", "unknown"] as const

/** This node's part in a VRRP instance. */
export type StatusVrrp = Immutable<z.infer<typeof vrrpField>>
export const vrrpField = z.object({
  /** Its name in keepalived.conf. */
  instance: z.string(),
  /** The interface of its VIPs; null before a configuration is in effect. */
  interface: z.string().nullable(),
  state: z.enum(VRRP_STATES),
  /** When this state began, ISO 8601; null if unknown. */
  since: z.string().nullable(),
  /** Why this state began; null if keepalived gives no reason. */
  reason: z.string().nullable(),
  /** Seconds between two adverts of the master; null before a configuration is in effect. */
  advertInterval: z.number().positive().nullable(),
  /** From 254 for the first in the order of takeover; null before a configuration is in effect. Older releases do not write it. */
  priority: z.int().min(1).max(255).nullish(),
})

/** Start of the reason for a FAULT that the node enters on purpose. */
export const HANDOVER = "this node hands its VIPs over"

/** Whether the node is in FAULT on purpose. */
export function isHandover({ state, reason }: Pick<StatusVrrp, "state" | "reason">): boolean {
  return state === "fault" && reason?.startsWith(HANDOVER) === true
}

/** Whether a node in this state cannot hold VIPs, or its state is unknown. */
export function isUnwell({ state }: Pick<StatusVrrp, "state">): boolean {
  return state === "fault" || state === "unknown"
}

/** Ends a sentence about an instance: empty for the only one. */
export function ofInstance(instance: string, count: number): string {
  return count > 1 ? ` of VRRP instance "${instance}"` : ""
}

/**
 * One line: `VRRP is FAULT since 2026-11-22T23:00:00Z: interface "eth0" has no carrier`.
 *
 * @param count Number of instances on the node. The only one is not named.
 */
export function vrrpText(
  { instance, state, since, reason }: Pick<StatusVrrp, "instance" | "state" | "since" | "reason">,
  count: number,
): string {
  const own = ofInstance(instance, count)
  const known = own === "" ? `VRRP is ${state.toUpperCase()}` : `The state${own} is ${state.toUpperCase()}`
  const what = state === "unknown" ? `The ${own === "" ? "VRRP state" : `state${own}`} is unknown` : known
  const time = since === null ? "" : ` since ${since.replace(/\.\d+Z$/, "Z")}`
  return `${what}${time}${reason === null ? "" : `: ${reason}`}`
}
