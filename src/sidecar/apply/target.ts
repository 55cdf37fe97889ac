import type { Refusal } from "../../core/model/refusal.ts"
import type { Diagnostic } from "../ports.ts"
import type { Effective, Release } from "./release.ts"

/**
 * A part of this node that a release is brought into: a daemon with a file, or rules of the kernel. `apply` walks over all
 * targets and knows none of them. A target lacks the steps that it has nothing to do for.
 */
export interface Target {
  /** Whether it runs, and its next start would read this release. */
  holds?(effective: Effective): Promise<boolean>
  /** Begins to wait for a moment at which a reload does no harm. Null: any moment. */
  awaitMoment?(running: Effective): Promise<MomentWatch | null>
  /** Adds what the next release needs to what the running one needs. Runs beside the tests. Never throws. */
  prepare?(change: Change): Promise<Verdict>
  /** Tests a release; changes nothing that runs. */
  test?(release: Release): Promise<Verdict>
  /** Restores the files of an earlier release, which retention may have removed. */
  recover?(effective: Effective): Promise<void>
  /** Makes its next start read this release. Needs no free block or inode, so it works on a full disk. */
  swap?(to: Effective): Promise<void>
  /** Starts or reloads it, and waits until it has read the release. @returns null, or why it failed. */
  load?(effective: Effective): Promise<string | null>
  /** Stops and starts it. @returns null, or why it failed. */
  restart?(): Promise<string | null>
  /** Waits until the kernel shows the release. @returns null, or the difference. */
  verify?(effective: Effective): Promise<string | null>
  /** Adds what another program removed during the reload. @returns false if the difference is another one. */
  restore?(effective: Effective): Promise<boolean>
  /**
   * The release is in effect: removes what only the change needed. Never throws.
   *
   * @param from The release that was in effect until now; null when that is not certain.
   */
  conclude?(effective: Effective, from: Effective | null): Promise<void>
  /** Compares the kernel with what should be in effect, and repairs it. Runs beside all other work. Never throws. */
  compare?(): Promise<void>
}

export interface Change {
  readonly next: Release
  /** The release in effect; null when there is none. */
  readonly before: Effective | null
}

/** A verdict on a release that a target cannot take. */
export interface Refused {
  readonly reason: string
  readonly diagnostics: readonly Diagnostic[]
  /** Ids of the entries that caused it, as far as they are known: without them the release may pass. */
  readonly refused: ReadonlyMap<string, Refusal>
}

export type Verdict = { readonly kind: "accepted"; readonly tookMs: number } | (Refused & { readonly kind: "refused" })

/** A verdict that took no time. */
export const ACCEPTED: Verdict = { kind: "accepted", tookMs: 0 }

export interface MomentWatch {
  /** @returns the wait in ms. */
  moment(): Promise<number>
  /** Ends the watch and any wait. */
  stop(): void
}
