const limits = new WeakMap<object, number>()

/**
 * Gives a test more time than the usual limit: `test("name", slow(60_000, async () => { … }))`.
 *
 * @param limitMs What this test may take, in ms.
 */
export function slow<T extends (...context: never[]) => unknown>(limitMs: number, check: T): T {
  limits.set(check, limitMs)
  return check
}

/** What `slow` gave this test, in ms; null where it has the usual limit. */
export function limitOf(check: object): number | null {
  return limits.get(check) ?? null
}
