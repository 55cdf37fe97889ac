/**
 * The state of a ConfigMap entry. `status.yaml`, `kkv status`, `kkv explain`, the metrics, the log and the VipReport all use
 * these words.
 *
 * `applied`: in effect as written. `unserved`: in effect as written, but at least one of its ports has no ready pod, so
 * connections to it fail. `pending`: accepted, not yet in effect. `held`: invalid; its last good form stays in effect.
 * `partial`: new and invalid; only its valid part is in effect. `left-out`: invalid, and it never had a good form.
 */
export type EntryState = (typeof ENTRY_STATES)[number]
export const ENTRY_STATES = ["applied", "unserved", "pending", "held", "partial", "left-out"] as const

/** How the rules judge an entry, before anything is in effect. */
export interface EntryForm {
  /** `good`: as written. `pending`: not announced until a check of the LAN shows that no other machine has the address. */
  readonly form: "good" | "held" | "partial" | "left-out" | "pending"
  /** Number of its virtual servers without a ready pod. */
  readonly unserved: number
  /** Whether this form is in effect; in the CLI, where nothing runs: whether it would be. */
  readonly isInEffect: boolean
}

/** The state of an entry. */
export function entryStateOf({ form, unserved, isInEffect }: EntryForm): EntryState {
  if (form !== "good") return form
  if (!isInEffect) return "pending"
  return unserved > 0 ? "unserved" : "applied"
}

/** Whether the entry is in effect as written, so that the entry itself needs no attention. */
export function isAsWritten(state: EntryState): state is "applied" | "unserved" {
  return state === "applied" || state === "unserved"
}
