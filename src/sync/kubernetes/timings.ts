/** Waits and time limits. Tests use shorter ones. */
export interface Timings {
  /** Time without a byte after which sync replaces a watch. Bookmarks arrive about once a minute. */
  readonly inactivityMs: number
  /** Time between two full comparisons, plus or minus a fifth. */
  readonly compareMs: number
  /** Maximum time that an event may take to arrive before a comparison counts it as missing. */
  readonly graceMs: number
  /** Time after which sync lists again if a list lacks too much, plus or minus a fifth. */
  readonly doubtMs: number
  /** First wait after a failure; it doubles up to 20 s, and jitter makes each wait up to twice as long. */
  readonly backoffMs: number
  /** Wait after a permanent refusal by the API server (403, 404): only a person can change that. */
  readonly refusedMs: number
  /** Minimum duration of a good watch, and minimum time between the starts of two. A shorter watch without an event counts as a failure. */
  readonly shortWatchMs: number
}

export const TIMINGS: Timings = {
  inactivityMs: 115_000,
  compareMs: 600_000,
  graceMs: 5000,
  doubtMs: 10_000,
  backoffMs: 1000,
  refusedMs: 30_000,
  shortWatchMs: 1000,
}
