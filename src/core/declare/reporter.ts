import type { Place, Problem } from "../../kit/problem.ts"
import type { DeclareCode } from "./problem-codes.ts"
import { sourceText } from "./declaration.ts"
import type { RawEntry } from "./entries.ts"

/** Maximum Services of one entry, and maximum characters of its value. A ConfigMap has room for a million lines. */
export const MOST_SERVICES = 1_000
export const LONGEST_VALUE = 256 * 1024

/** Maximum problems shown of one entry; the others appear once these are corrected. */
const MOST_PROBLEMS = 20

/** Takes a problem of an entry. @param place Absent: the place of the entry. */
export type Report = (code: DeclareCode, message: string, place?: Place | null) => void

/** Collects the problems of an entry. */
export function createReporter(raw: RawEntry): { readonly problems: Problem<DeclareCode>[]; readonly report: Report } {
  const problems: Problem<DeclareCode>[] = []
  const report: Report = (code, message, at = raw.place) => {
    if (problems.length >= MOST_PROBLEMS) return
    problems.push({ code, severity: "error", path: pathIn(raw), place: at, message })
  }
  return { problems, report }
}

/** The path of an entry: the object, then the field. */
export function pathIn({ source, key }: RawEntry): readonly string[] {
  return [sourceText(source), "data", key]
}
