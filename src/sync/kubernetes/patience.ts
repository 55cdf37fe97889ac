/** How long things take. A test has shorter ones. */
export interface Patience {
  /** Without a byte for so long, a watch is replaced. Bookmarks come about once a minute. */
  readonly inactivityMs: number
  /** Between two full comparisons, give or take a fifth. */
  readonly compareMs: number
  /** What a comparison finds may still be on its way for so long. */
  readonly graceMs: number
  /** A list that lacks much is asked for again after so long, give or take a fifth, before it is believed. */
  readonly doubtMs: number
  /** The first wait after a failure; it doubles up to 20 s, and chance makes each up to twice as long. */
  readonly backoffMs: number
  /** The wait where the API server refuses for good (403, 404): only a person can change that. */
  readonly refusedMs: number
  /** A watch that ends sooner proves nothing; one that brought nothing besides counts as a failure. Two begin no sooner after one another. */
  readonly shortWatchMs: number
}

export const PATIENCE: Patience = {
  inactivityMs: 115_000,
  compareMs: 600_000,
  graceMs: 5000,
  doubtMs: 10_000,
  backoffMs: 1000,
  refusedMs: 30_000,
  shortWatchMs: 1000,
}
