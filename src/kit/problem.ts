/**
 * A place that a person can look at: a file, and in it a line and a column, both counted from 1.
 * `line` and `column` are null if only the whole file (or object) is known.
 */
export interface Place {
  readonly file: string
  readonly line: number | null
  readonly column: number | null
}

/** `error`: something that the user asked for does not happen. `warning`: it happens, but the user should know. */
export type Severity = "error" | "warning"

/**
 * A problem in the input that a person can fix. Problems are data: gathered, never thrown.
 *
 * `code` comes from the closed list of the program that reports it, its `problem-codes.ts`; programs and tests match `code`,
 * never `message`. Only a reader of what another program wrote uses `Problem<string>`: a later release may have other codes.
 * `path` names the object and field, for example `["ConfigMap default/colours", "data", "sky"]`.
 */
export interface Problem<Code extends string> {
  readonly code: Code
  readonly severity: Severity
  readonly path: readonly string[]
  readonly place: Place | null
  readonly message: string
}

/** A value made from input, with the problems in that input. */
export interface Checked<T, Code extends string> {
  readonly value: T
  readonly problems: readonly Problem<Code>[]
}

/** Whether something that the user asked for does not happen. */
export function hasErrors(problems: readonly Problem<string>[]): boolean {
  return problems.some((problem) => problem.severity === "error")
}

/** `file:line:column`, as compilers print it; shorter where line or column is unknown. */
export function placeText(place: Place): string {
  if (place.line === null) return place.file
  return place.column === null ? `${place.file}:${place.line}` : `${place.file}:${place.line}:${place.column}`
}

/** One line for people: `file:line:column: CODE: message`. Without a place, it starts with the path. */
export function problemText(problem: Problem<string>): string {
  const where = problem.place === null ? problem.path.join(" ") : placeText(problem.place)
  return `${where}: ${problem.code}: ${problem.message}`
}

/** Orders problems by place, then code, so that the same problems are always in the same order. */
export function byPlace(a: Problem<string>, b: Problem<string>): number {
  const file = compare(a.place?.file ?? "", b.place?.file ?? "")
  if (file !== 0) return file
  const line = (a.place?.line ?? 0) - (b.place?.line ?? 0)
  if (line !== 0) return line
  const column = (a.place?.column ?? 0) - (b.place?.column ?? 0)
  if (column !== 0) return column
  return compare(a.code, b.code) || compare(a.message, b.message)
}

/** Compares by code unit: the order never depends on the machine's locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
