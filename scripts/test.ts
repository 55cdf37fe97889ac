/**
 * Runs uvu test files, each in its own process, two at a time, with a time limit for every test.
 * Usage: node scripts/test.ts [--filter TEXT] [--limit MS] [--jobs N] [--kind plain|faults|real] [--each] [--again] [FILE|DIR...]
 * Without a FILE or DIR: test/, except test/lab and test/cluster, which have runners of their own. `--each` prints a line for each
 * test, as it ends, with what it measured. `real` are the files that use the real keepalived, a real browser or promtool (they
 * import test/support/keepalived.ts, browser.ts or promtool.ts) and so want root and an installed machine; `faults` those of test/faults, fuzz, endurance and pipeline, which take minutes;
 * `plain` are all others. `--again` runs a file that is red twice more in the end, alone (again.ts). Ends with the line `N passed, N failed, N skipped`.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { basename, join, relative, resolve } from "node:path"
import { parseArgs } from "node:util"
import { compare } from "../src/kit/problem.ts"
import type { TestEvent } from "./test/event.ts"
import type { FileOutcome } from "./test/judge.ts"
import { runFile } from "./test/run-file.ts"

const root = join(import.meta.dirname, "..")
const withRunner = [join(root, "test/lab"), join(root, "test/cluster")]
const slow = ["faults", "fuzz", "endurance", "pipeline"].map((folder) => join(root, "test", folder, "/"))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    filter: { type: "string" },
    limit: { type: "string", default: "60000" },
    jobs: { type: "string", default: "2" },
    kind: { type: "string" },
    each: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
  },
})
const settings = { limitMs: Number(values.limit), filter: values.filter ?? null }
const files = (positionals.length > 0 ? positionals : [join(root, "test")]).flatMap(testFiles).filter(isWanted)

const stop = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort())
}

/** How the line of a failure begins: `red` where the file may run again. */
let failMark = values.again ? "red " : "FAIL"
const outcomes = await runAll()
if (values.again) await runRedAgain()
const passed = sum((outcome) => outcome.passed)
const failed = sum((outcome) => outcome.failed)
const skipped = sum((outcome) => outcome.skipped.length)
for (const { file, outcome } of outcomes) {
  for (const name of outcome.skipped) console.log(`skip ${relative(process.cwd(), file)}: ${name}`)
}
if (passed + failed + skipped === 0) console.log("No test was found")
if (stop.signal.aborted) console.log("Interrupted")
process.exitCode = failed > 0 || passed + skipped === 0 || stop.signal.aborted ? 1 : 0
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)

interface Done {
  readonly file: string
  outcome: FileOutcome
}

/** A file that was red and is green twice after that, alone, counts as green, and is named as a flake. */
async function runRedAgain(): Promise<void> {
  failMark = "FAIL"
  for (const done of outcomes.filter(({ outcome }) => outcome.failed > 0)) {
    const name = relative(process.cwd(), done.file)
    console.log(`     ${name} is red: it runs twice more`)
    const settled: FileOutcome[] = []
    for (let turn = 0; turn < 2 && !stop.signal.aborted; turn++)
      settled.push(await runFile(done.file, settings, { stop: stop.signal, hear: () => {} }))
    const worst = settled.find(({ failed }) => failed > 0)
    const [last = done.outcome] = settled.toReversed()
    if (worst === undefined && !stop.signal.aborted)
      console.log(`flaky ${name}: ${done.outcome.failed} failed at first`)
    else print(done.file, worst ?? done.outcome)
    done.outcome = worst ?? last
  }
}

async function runAll(): Promise<readonly Done[]> {
  const done: Done[] = []
  const waiting = [...files]
  async function work(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined && !stop.signal.aborted; file = waiting.shift()) {
      const outcome = await runFile(file, settings, { stop: stop.signal, hear: (event) => printEnded(file, event) })
      done.push({ file, outcome })
      print(file, outcome)
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, work))
  return done
}

function printEnded(file: string, event: TestEvent): void {
  if (!values.each || event.kind !== "ended") return
  const title = `${basename(file, ".test.ts")}: ${event.name}`
  console.log(`${event.passed ? "ok  " : failMark} ${title}${event.figures === null ? "" : `  ${event.figures}`}`)
}

function print(file: string, outcome: FileOutcome): void {
  if (outcome.passed + outcome.failed + outcome.skipped.length === 0) return
  const { passed, failed, skipped, complaints, output, tookMs } = outcome
  const counts = `${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`
  const mark = failed > 0 ? failMark : values.each ? "    " : "ok  "
  console.log(`${mark} ${relative(process.cwd(), file)}: ${counts} in ${Math.round(tookMs)} ms`)
  if (failed === 0) return
  console.log(output.trimEnd())
  for (const complaint of complaints) console.log(`${failMark} ${relative(process.cwd(), file)}: ${complaint}`)
}

/** Walks by hand: a recursive readdir would follow links into node_modules. */
function testFiles(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .toSorted((a, b) => compare(a.name, b.name))
    .flatMap((entry) => {
      const found = resolve(path, entry.name)
      if (entry.isDirectory())
        return entry.name === "node_modules" || withRunner.includes(found) ? [] : testFiles(found)
      return entry.isFile() && entry.name.endsWith(".test.ts") ? [found] : []
    })
}

function isWanted(file: string): boolean {
  return values.kind === undefined || values.kind === kindOf(file)
}

function kindOf(file: string): "plain" | "faults" | "real" {
  if (usesMachine(file)) return "real"
  return slow.some((folder) => file.startsWith(folder)) ? "faults" : "plain"
}

function usesMachine(file: string): boolean {
  return /from ".*\/support\/(?:keepalived|browser|promtool)\.ts"/.test(readFileSync(file, "utf8"))
}

function sum(count: (outcome: FileOutcome) => number): number {
  return outcomes.reduce((total, { outcome }) => total + count(outcome), 0)
}
