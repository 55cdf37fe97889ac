export interface BackoffOptions {
  /** The wait before the first repetition, in ms. */
  readonly firstMs: number
  /** No wait is longer, in ms, but for the jitter. */
  readonly maximumMs: number
  /** The part of the wait by which it varies, up and down: 0.2 is plus or minus 20 %. */
  readonly jitter: number
}

/**
 * How long to wait before the next attempt, in whole ms: doubled with each failure. With 2 s first and 5 min at most:
 * 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 ... s.
 *
 * @param failures How many attempts have failed in a row; from 1.
 * @param random From 0 to below 1, as Math.random() gives it: programs that failed together do not come back together. 0.5: no jitter.
 */
export function backoffMs(options: BackoffOptions, failures: number, random = 0.5): number {
  const { firstMs, maximumMs, jitter } = options
  const wait = Math.min(maximumMs, firstMs * 2 ** Math.max(0, failures - 1))
  return Math.round(wait * (1 + jitter * (2 * random - 1)))
}
