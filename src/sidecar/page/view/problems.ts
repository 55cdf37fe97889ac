import { placeText, type Problem } from "../../../kit/problem.ts"
import { MODEL_CODES } from "../../../core/model/problem-codes.ts"
import { OBJECT_CODES } from "../../../core/objects/problem-codes.ts"
import { SIDECAR_CODES } from "../../problem-codes.ts"
import type { PageData } from "../data.ts"
import { clipped } from "./words.ts"

/** A problem in words. */
export interface ProblemRow {
  readonly severity: "error" | "warning"
  readonly code: string
  /** Where the documents explain it. */
  readonly link: string
  /** `ConfigMap default/vips, entry 10.4.0.50 (vips/default/vips.yaml:3:5)`. */
  readonly place: string
  readonly message: string
  /** Who reports it. */
  readonly from: "sidecar" | "sync"
}

/** The documents of this project. */
export const DOCUMENTS = "https://github.com/kube-keepalived-vip/kube-keepalived-vip/blob/main/docs"
const LONGEST = { place: 200, message: 400 } as const
/** Codes without a section of their own in docs/problems.md: they share one. */
const OTHER_CODES: ReadonlySet<string> = otherThan([...OBJECT_CODES, ...MODEL_CODES])

/** Errors first; each problem once, although the sidecar and sync may both report it. */
export function problemsOf({ status, sync }: PageData): readonly ProblemRow[] {
  const all = [
    ...status.problems.map((problem) => rowOf(problem, "sidecar")),
    ...(sync.status?.problems ?? []).map((problem) => rowOf(problem, "sync")),
  ]
  const kept = [...new Map(all.toReversed().map((row) => [`${row.code} ${row.message}`, row])).values()].toReversed()
  return [
    ...kept.filter(({ severity }) => severity === "error"),
    ...kept.filter(({ severity }) => severity === "warning"),
  ]
}

function rowOf(problem: Problem<string>, from: ProblemRow["from"]): ProblemRow {
  const { code, severity, message } = problem
  return {
    ...{ severity, code, from, link: linkTo(code) },
    place: clipped(placeOf(problem), LONGEST.place),
    message: clipped(message, LONGEST.message),
  }
}

/** Where the documents explain a code. */
export function linkTo(code: string): string {
  return `${DOCUMENTS}/problems.md#${OTHER_CODES.has(code) ? "other-codes" : code.toLowerCase()}`
}

/** The object and the entry, as users know them, and the place in the file of the volume. */
function placeOf({ path, place }: Problem<string>): string {
  const [object, field, key] = path
  const where = field === "data" && key !== undefined ? `${object ?? ""}, entry ${key}` : path.join(" ")
  return place === null ? where : `${where} (${placeText(place)})`
}

function otherThan(explained: readonly string[]): ReadonlySet<string> {
  const codes = new Set<string>(SIDECAR_CODES)
  for (const code of explained) codes.delete(code)
  return codes
}
