/**
 * Runs every test that proves a row of the fault matrix (matrix.ts), and prints one line for each row.
 * Usage: node test/faults/run.ts [--only BED]... [ROW...]
 *   --only  of unit, real, lab and cluster; default all. Rows that only another bed proves are shown as not run.
 *   ROW     only these rows, such as 17 or 20-22 or 17,18
 * Ends with the line `N passed, N failed, N not run`; status 1 where a row failed, or is proven by no test and has no reason for that.
 */
import { parseArgs } from "node:util"
import { type Bed, BEDS, labelledFiles, labelsIn } from "./labels.ts"
import { MATRIX, ROWS } from "./matrix.ts"
import type { Row } from "./matrix/row.ts"
import { runLines, runUvu, type Verdict } from "./verdicts.ts"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", multiple: true, default: [...BEDS] } },
})
const asked = labelsIn(`(faults ${positionals.flatMap((one) => one.split(/[ ,]+/)).join(", ")})`)
const wanted = new Set(positionals.length === 0 ? ROWS.map(({ number }) => number) : asked)
const strange = [
  ...values.only.filter((one) => !BEDS.some((bed) => bed === one)),
  ...asked.filter((number) => !ROWS.some((row) => row.number === number)),
]
if (strange.length > 0 || wanted.size === 0) {
  console.error(
    `run.ts: Cannot run ${strange.join(", ") || positionals.join(" ")}: wanted rows of matrix.ts, and beds of ${BEDS.join(", ")}`,
  )
  process.exit(2)
}

const labelled = labelledFiles()
const files = labelled.filter((file) => values.only.includes(file.bed) && file.rows.some((row) => wanted.has(row)))
const verdicts: Verdict[] = []
const hear = (verdict: Verdict) => {
  verdicts.push(verdict)
  const mark = verdict.ended === "passed" ? "ok  " : verdict.ended === "failed" ? "FAIL" : "skip"
  if (verdict.bed !== "lab" && verdict.bed !== "cluster") console.log(`${mark} ${verdict.name}`)
  if (verdict.reason !== null && verdict.ended === "failed") console.log(verdict.reason)
}
// A thousand random points take minutes; where all tests run there are fewer.
process.env["FAULT_POINTS"] ??= "1000"
for (const file of files.filter(({ bed }) => bed === "unit" || bed === "real")) await runUvu(file, hear)
for (const bed of ["lab", "cluster"] as const) {
  const its = files.filter((file) => file.bed === bed)
  if (its.length > 0) await runLines(bed, its, hear)
}

type Ending = "passed" | "failed" | "not run"
const endings: Ending[] = []
for (const { name, rows } of MATRIX) {
  const shown = rows.filter(({ number }) => wanted.has(number))
  if (shown.length > 0) console.log(`\n${name}`)
  for (const row of shown) {
    const { ending, text } = endOf(row)
    endings.push(ending)
    const mark = ending === "passed" ? "ok  " : ending === "failed" ? "FAIL" : "skip"
    console.log(`${mark} ${String(row.number).padStart(2)}  ${row.fault}: ${text}`)
  }
}
const count = (ending: Ending) => endings.filter((one) => one === ending).length
const stray = verdicts.some((verdict) => verdict.ended === "failed" && verdict.rows.length === 0)
if (stray) console.log("\nFAIL a file of tests ended badly: see above")
process.exitCode = count("failed") > 0 || stray ? 1 : 0
console.log(`\n${count("passed")} passed, ${count("failed")} failed, ${count("not run")} not run`)

function endOf(row: Row): { readonly ending: Ending; readonly text: string } {
  const its = verdicts.filter((verdict) => verdict.rows.includes(row.number))
  const of = (ended: Verdict["ended"]) => its.filter((verdict) => verdict.ended === ended)
  if (of("failed").length > 0)
    return {
      ending: "failed",
      text: `FAILED, ${of("failed").length} of ${its.length} checks: ${of("failed")[0]?.name}`,
    }
  if (of("passed").length > 0) {
    const beds = [...new Set(of("passed").map(({ bed }) => bed))].join(", ")
    const skipped = of("not run").length > 0 ? `; ${of("not run").length} not run: ${of("not run")[0]?.reason}` : ""
    return {
      ending: "passed",
      text: `passed, ${of("passed").length} check${of("passed").length === 1 ? "" : "s"} (${beds})${skipped}`,
    }
  }
  const skipped = of("not run")[0]
  if (skipped !== undefined) return { ending: "not run", text: `not run: ${skipped.reason}` }
  if (row.notHere !== undefined) return { ending: "not run", text: `not run: ${row.notHere}` }
  const elsewhere = bedsOf(row)
  if (elsewhere.length > 0)
    return { ending: "not run", text: `not run: left out, it is proven in ${elsewhere.join(", ")}` }
  return { ending: "failed", text: "NO TEST" }
}

function bedsOf({ number }: Row): readonly Bed[] {
  return BEDS.filter(
    (bed) => !values.only.includes(bed) && labelled.some((file) => file.bed === bed && file.rows.includes(number)),
  )
}
