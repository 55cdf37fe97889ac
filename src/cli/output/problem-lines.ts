import { byPlace, placeText, type Problem } from "../../kit/problem.ts"
import { counted } from "../../kit/text/format.ts"

/** `file:line:column: CODE: message`, with `warning:` before the code if nothing is lost. */
export function problemLine(problem: Problem<string>): string {
  const mark = problem.severity === "warning" ? "warning: " : ""
  return `${placeOf(problem)}: ${mark}${problem.code}: ${problem.message}`
}

/** `file:line:column`, or the object if it is not in a file. */
export function placeOf({ place, path }: Problem<string>): string {
  return place === null ? path.join(" ") : placeText(place)
}

/** One line a problem, sorted by place. Empty without problems. */
export function problemLines(problems: readonly Problem<string>[]): string {
  return problems
    .toSorted(byPlace)
    .map((problem) => `${problemLine(problem)}\n`)
    .join("")
}

/** The number of each: `3 problems and 1 warning in 2 files`. */
export function problemSummary(problems: readonly Problem<string>[]): string {
  const { errors, warnings } = countProblems(problems)
  const files = new Set(problems.flatMap(({ place }) => place?.file ?? []))
  const parts = [
    ...(errors > 0 ? [counted(errors, "problem")] : []),
    ...(warnings > 0 ? [counted(warnings, "warning")] : []),
  ]
  return `${parts.join(" and ")}${files.size === 0 ? "" : ` in ${counted(files.size, "file")}`}`
}

/** Problems that have an effect, and warnings. */
export function countProblems(problems: readonly Problem<string>[]): {
  readonly errors: number
  readonly warnings: number
} {
  const errors = problems.filter(({ severity }) => severity === "error").length
  return { errors, warnings: problems.length - errors }
}
