import * as fc from "fast-check"
import { anyCase, type Case, createTry } from "./case.ts"

export interface Counts {
  /** Hostile values that were put into fields. */
  values: number
  cases: number
  same: number
  fewer: number
  refused: number
}

/** Runs of generated cases, with what they came to. */
export interface Batch {
  readonly counts: Readonly<Counts>
  /** Null when all cases hold; else the least case that does not, and why. */
  run(options: { readonly seed: number; readonly cases: number }): string | null
  /** The same for cases that somebody wrote down. */
  runAll(cases: readonly Case[]): string | null
}

export function createBatch(): Batch {
  const counts: Counts = { values: 0, cases: 0, same: 0, fewer: 0, refused: 0 }
  const attempt = createTry()
  const tried = (one: Case): string | null => {
    const { why, outcome } = attempt(one)
    counts.values += one.attempts.length
    counts.cases += 1
    counts[outcome] += 1
    return why
  }
  const property = fc.property(anyCase, (one) => {
    const why = tried(one)
    if (why !== null) throw new Error(why)
  })
  return {
    counts,
    run: ({ seed, cases }) => {
      const ended = fc.check(property, { seed, numRuns: cases })
      if (!ended.failed) return null
      const [least] = ended.counterexample ?? []
      return `${String(ended.errorInstance)}\n${JSON.stringify(least, null, 2)}`
    },
    runAll: (cases) => {
      for (const one of cases) {
        const why = tried(one)
        if (why !== null) return `${why}\n${JSON.stringify(one, null, 2)}`
      }
      return null
    },
  }
}
