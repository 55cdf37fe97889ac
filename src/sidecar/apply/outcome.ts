import type { Refused } from "./target.ts"

/**
 * How an attempt to bring a release into effect ended: always exactly one of these.
 *
 * `unchanged` and `applied` are healthy. `rejected` waits for another generation, because
 * another attempt cannot help, or for a target that cannot serve some entries yet.
 * `rolled-back` is tried again, at growing intervals. `stranded` needs a user: neither the new release nor the old one
 * was verified to be in effect.
 */
export type ApplyOutcome =
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "applied"
      readonly testMs: number
      /** Time of the wait before the reload, because no node had the VIPs. */
      readonly waitedMs: number
    }
  | (Refused & { readonly kind: "rejected" })
  | { readonly kind: "rolled-back"; readonly reason: string }
  | { readonly kind: "stranded"; readonly reason: string }
