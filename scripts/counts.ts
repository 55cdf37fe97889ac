/** How the tests of a step went. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Reads the summary `N passed, N failed, N skipped`, the last line of an output. A bad end that no failed test explains, and
 * an output without a summary, count as one failed test: neither may pass for a good end.
 *
 * @param status Exit status; null where a signal ended it.
 */
export function countsOf(status: number | null, output: string): Counts {
  const summary = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(output.trimEnd().split("\n").at(-1) ?? "")
  const [passed = 0, failed = 0, skipped = 0] = (summary ?? []).slice(1).map(Number)
  return { passed, failed: failed === 0 && (summary === null || status !== 0) ? 1 : failed, skipped }
}

export function sumOf(all: readonly Counts[]): Counts {
  const sum = (count: (one: Counts) => number) => all.reduce((total, one) => total + count(one), 0)
  return { passed: sum((one) => one.passed), failed: sum((one) => one.failed), skipped: sum((one) => one.skipped) }
}

/** The lines of an output that tell a failure, in their order: they begin with `FAIL`. */
export function failuresIn(output: string): readonly string[] {
  return output.split("\n").filter((line) => line.startsWith("FAIL "))
}

/** The lines of an output that tell a flake, in their order: what failed once and passed twice after that. */
export function flakesIn(output: string): readonly string[] {
  return output.split("\n").filter((line) => line.startsWith("flaky "))
}
