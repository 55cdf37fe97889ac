import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Diagnostic } from "../ports.ts"

/** A configuration that was verified to be in effect: its file is a candidate, and the kernel showed its effect. */
export interface Effective {
  readonly sha256: string
  readonly model: KeepalivedModel
}

/**
 * How an attempt to make a configuration the running one ended: always exactly one of these.
 *
 * `unchanged` and `applied` are healthy. `rejected` waits for another generation, because
 * another attempt cannot help, or for the firewall.
 * `rolled-back` is tried again, at growing intervals. `stranded` needs a user: neither the new configuration nor the old one
 * was verified to be in effect.
 */
export type ApplyOutcome =
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "applied"
      readonly testMs: number
      /** Time of the wait before the reload, because no node had the VIPs. */
      readonly waitedMs: number
      readonly signalledAtMs: number
    }
  | {
      readonly kind: "rejected"
      readonly reason: string
      readonly diagnostics: readonly Diagnostic[]
      /** The new VIPs that wait for the firewall of this node; absent if keepalived refused the file. */
      readonly unmasqueraded?: ReadonlySet<string>
    }
  | { readonly kind: "rolled-back"; readonly reason: string }
  | { readonly kind: "stranded"; readonly reason: string }
