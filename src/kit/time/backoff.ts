export interface BackoffOptions {
  /** Wait before the first retry, in ms. */
  readonly firstMs: number
  /** Maximum wait without jitter, in ms. */
  readonly maximumMs: number
  /** Random variation as a fraction of the wait: 0.2 is plus or minus 20 %. */
  readonly jitter: number
}

/**
 * Wait before the next attempt, in whole ms: it doubles with each failure. With a first wait of 2 s and a maximum of 5 min:
 * 2, 4, 8, 16, 32, 64, 128, 256, 300, 300 ... s.
 *
 * @param failures Number of failed attempts in a row; from 1.
 * @param random From 0 to below 1, as from Math.random(), so that programs that failed together do not retry together. 0.5: no jitter.
 */
export function backoffMs(options: BackoffOptions, failures: number, random = 0.5): number {
  const { firstMs, maximumMs, jitter } = options
  const wait = Math.min(maximumMs, firstMs * 2 ** Math.max(0, failures - 1))
  return Math.round(wait * (1 + jitter * (2 * random - 1)))
}
