import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { packageFile } from "../../src/kit/files/package-file.ts"
import { compare } from "../../src/kit/problem.ts"

const LABEL = /\(faults? (\d+(?:(?:, |-)\d+)*)\)/g

/** The rows that a name proves: `(fault 17)`, `(faults 17, 20-22)`; in order, each once. */
export function labelsIn(text: string): readonly number[] {
  const found = new Set<number>()
  for (const [, list = ""] of text.matchAll(LABEL)) {
    for (const part of list.split(", ")) {
      const [first = 0, last = first] = part.split("-").map(Number)
      for (let number = first; number <= last; number++) found.add(number)
    }
  }
  return [...found].toSorted((a, b) => a - b)
}

/** What runs a file's tests; `real` are those with the real keepalived, which want root. */
export const BEDS = ["unit", "real", "lab", "cluster"] as const
export type Bed = (typeof BEDS)[number]

/** A file of tests, by its path from the checkout, and the rows that its names speak of. */
export interface LabelledFile {
  readonly path: string
  readonly bed: Bed
  readonly rows: readonly number[]
}

/** Every file of test/ whose text has a label. A label is written out in the file, never computed. */
export function labelledFiles(): readonly LabelledFile[] {
  return readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .map((name) => join("test", name))
    .toSorted(compare)
    .flatMap((path) => {
      const where = placeOf(path)
      if (where === null) return []
      const text = readFileSync(join(ROOT, path), "utf8")
      const rows = labelsIn(text)
      const bed = where === "uvu" ? (USES_KEEPALIVED.test(text) ? "real" : "unit") : where
      return rows.length === 0 ? [] : [{ path, bed, rows }]
    })
}

/** The checkout. */
export const ROOT = dirname(packageFile("package.json", import.meta.url))

/** As scripts/test.ts tells them apart. */
const USES_KEEPALIVED = /from ".*\/support\/keepalived\.ts"/

function placeOf(path: string): "uvu" | "lab" | "cluster" | null {
  // The labels in this tool's own test prove nothing.
  if (path === "test/scripts/fault-labels.test.ts") return null
  if (/^test\/lab\/scenarios\/[^/]+\.sh$/.test(path)) return "lab"
  if (/^test\/cluster\/[^/]+\/.*\.(sh|test\.ts)$/.test(path)) return "cluster"
  return path.endsWith(".test.ts") ? "uvu" : null
}
