import type { KeepalivedModel } from "../../core/model/keepalived-model.ts"
import type { Diagnostic } from "../ports.ts"

/** A configuration that was shown to be in effect: its file is a candidate, its effect was seen in the kernel. */
export interface Effective {
  readonly sha256: string
  readonly model: KeepalivedModel
}

/**
 * How an attempt to make a configuration the running one ended: always in exactly one of these.
 *
 * `unchanged` and `applied` are health. `rejected` waits for another generation, since
 * trying again cannot help, or for the firewall.
 * `rolled-back` is tried again, ever more slowly. `stranded` calls a person: neither the new configuration nor the old one
 * could be shown to be in effect.
 */
export type ApplyOutcome =
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "applied"
      readonly testMs: number
      /** How long it was put off because nobody had the VIPs. */
      readonly waitedMs: number
      readonly signalledAtMs: number
    }
  | {
      readonly kind: "rejected"
      readonly reason: string
      readonly diagnostics: readonly Diagnostic[]
      /** The new VIPs that wait for the firewall of this node; absent where it was keepalived that refused. */
      readonly unmasqueraded?: ReadonlySet<string>
    }
  | { readonly kind: "rolled-back"; readonly reason: string }
  | { readonly kind: "stranded"; readonly reason: string }
