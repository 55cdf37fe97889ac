import type { Counts } from "./counts.ts"

/** One more run of what was red. */
export interface Run {
  readonly counts: Counts
  /** File with all that it printed. */
  readonly log: string
}

/**
 * Judges what was red once by the runs after it. A flake passes, but is never hidden: each of its first failures is a line
 * that begins with `flaky`.
 *
 * @param first What the first run printed, its summary line included.
 * @returns the lines to print, the last of which is `N passed, N failed, N skipped`.
 */
export function judgeAgain(
  name: string,
  first: string,
  runs: readonly Run[],
): { readonly lines: readonly string[]; readonly isFlaky: boolean } {
  const red = redLines(first)
  const last = runs.at(-1)
  const bad = runs.filter(({ counts }) => counts.failed > 0 || counts.passed === 0)
  if (last !== undefined && bad.length === 0) {
    const said = red.length > 0 ? red : [`${name}: ended badly`]
    const { passed, skipped } = last.counts
    return {
      lines: [...said.map((line) => `flaky ${line}`), `${passed} passed, 0 failed, ${skipped} skipped`],
      isFlaky: true,
    }
  }
  const verdict = `FAIL ${name}: failed in ${bad.length} of ${runs.length} more runs as well: ${runs.map(({ log }) => log).join(", ")}`
  const { passed, skipped } = firstCounts(first)
  const failures = red.map((line) => `FAIL ${line}`)
  return {
    lines: [...failures, verdict, `${passed} passed, ${Math.max(1, red.length)} failed, ${skipped} skipped`],
    isFlaky: false,
  }
}

function redLines(output: string): readonly string[] {
  return output.split("\n").flatMap((line) => {
    const found = /^(?:red|FAIL) +(.*)$/.exec(line)
    return found?.[1] === undefined ? [] : [found[1]]
  })
}

/** Counted by the lines, since a run that was cut short has no summary. */
function firstCounts(output: string): Pick<Counts, "passed" | "skipped"> {
  const lines = output.split("\n")
  const passed = lines.filter((line) => line.startsWith("ok ")).length
  return { passed, skipped: lines.filter((line) => line.startsWith("skip ")).length }
}
