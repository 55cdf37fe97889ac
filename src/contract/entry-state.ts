/**
 * What became of an entry of the ConfigMap: the one vocabulary for it, in `status.yaml`, `kkv status`, `kkv explain`, the
 * metrics, the log and the VipReport.
 *
 * `applied`: in effect as it is written. `unserved`: likewise, and at least one of its ports has no ready pod, so that nobody
 * answers there. `pending`: accepted, not yet in effect. `held`: broken, its last good form stays in effect. `partial`: new
 * and broken, and only what of it breaks no rule is in effect. `left-out`: broken, and there never was a good form.
 */
export type EntryState = (typeof ENTRY_STATES)[number]
export const ENTRY_STATES = ["applied", "unserved", "pending", "held", "partial", "left-out"] as const

/** What the rules make of an entry, before anything is in effect. */
export interface EntryForm {
  /** `good`: as it is written. `pending`: not announced before the LAN has said that nobody else has the address. */
  readonly form: "good" | "held" | "partial" | "left-out" | "pending"
  /** How many of its virtual servers have no ready pod. */
  readonly unserved: number
  /** Whether that is in effect; where nothing runs, as in the CLI: whether it would be. */
  readonly isInEffect: boolean
}

/** The state of an entry. */
export function entryStateOf({ form, unserved, isInEffect }: EntryForm): EntryState {
  if (form !== "good") return form
  if (!isInEffect) return "pending"
  return unserved > 0 ? "unserved" : "applied"
}

/** Whether a state needs nobody's attention to the entry itself: it is in effect as it is written. */
export function isAsWritten(state: EntryState): state is "applied" | "unserved" {
  return state === "applied" || state === "unserved"
}
