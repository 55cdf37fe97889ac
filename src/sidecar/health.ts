import { isUnwell, vrrpText } from "../contract/vrrp.ts"
import type { Snapshot } from "./agent-state.ts"

/** Null: well. Else what is not, in one line. */
export type Verdict = string | null

/**
 * What release 0.35 answered on /health: keepalived and its VRRP child run, and the VIPs are on the interface exactly when
 * this node is master.
 */
export function healthOf({ running, inEffect, vrrp, drift }: Snapshot): Verdict {
  if (running === null) return "keepalived is not running"
  if (running.vrrp === null) return "keepalived's VRRP child process is not running"
  if (inEffect === null) return "no configuration is known to be in effect"
  if (isUnwell(vrrp)) return vrrpText(vrrp)
  if (drift !== null && drift.difference !== null && !drift.repaired) return drift.difference
  return null
}

/**
 * Ready: a verified configuration is in effect. A newer one that was refused changes nothing about that, for every node
 * refuses it alike, and unready nodes would also block the rollout that mends it.
 */
export function readinessOf(snapshot: Snapshot): Verdict {
  const { running, inEffect, vrrp, outcome } = snapshot
  if (inEffect === null) return "no configuration is in effect yet"
  if (running === null) return "keepalived is not running"
  if (isUnwell(vrrp)) return vrrpText(vrrp)
  if (outcome?.kind === "stranded") return outcome.reason
  return null
}
