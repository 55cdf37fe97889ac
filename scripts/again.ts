/**
 * Runs a red scenario, test file or part of a bed twice more, and judges.
 * Usage: node scripts/again.ts NAME FIRST -- COMMAND...
 *   NAME   what failed, such as `churn`; a word of the log's name
 *   FIRST  file with what its first run printed: `red  ` or `FAIL ` begins the line of a check that failed
 * COMMAND runs quietly, its output goes to .cache/again/NAME.N.log, and it ends with the line `N passed, N failed, N skipped`. Two
 * good runs make it flaky: its checks count as passed, and what failed first is printed as `flaky`. Otherwise it has failed.
 * Exit status: 0 flaky, 1 failed, 2 wrong words.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { countsOf } from "./counts.ts"
import { judgeAgain, type Run } from "./judge-again.ts"

/** Maximum output of one run, in bytes. */
const MAXIMUM_OUTPUT = 256 * 1024 * 1024
const RUNS = 2

const [name, first, separator, program, ...words] = process.argv.slice(2)
if (name === undefined || first === undefined || separator !== "--" || program === undefined) {
  console.error("usage: node scripts/again.ts NAME FIRST -- COMMAND...")
  process.exit(2)
}
const folder = join(import.meta.dirname, "../.cache/again")
mkdirSync(folder, { recursive: true })
const { lines, isFlaky } = judgeAgain(
  name,
  readFileSync(first, "utf8"),
  Array.from({ length: RUNS }, (_, at) => runOnce(at + 1)),
)
console.log(lines.join("\n"))
process.exitCode = isFlaky ? 0 : 1

function runOnce(turn: number): Run {
  const log = join(folder, `${String(name).replaceAll("/", "-")}.${turn}.log`)
  const { status, stdout, stderr } = spawnSync(String(program), words, {
    encoding: "utf8",
    maxBuffer: MAXIMUM_OUTPUT,
    env: { ...process.env, KKV_AGAIN: "no" },
  })
  writeFileSync(log, `${stdout}${stderr}`)
  return { counts: countsOf(status, stdout), log }
}
