import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { flakesIn } from "../../scripts/counts.ts"
import { judgeAgain, type Run } from "../../scripts/judge-again.ts"
import { run } from "../support/run.ts"
import { withTemporaryDirectory } from "../support/temporary-directory.ts"

const good: Run = { counts: { passed: 3, failed: 0, skipped: 1 }, log: "good.log" }
const bad: Run = { counts: { passed: 2, failed: 1, skipped: 1 }, log: "bad.log" }
const nothing: Run = { counts: { passed: 0, failed: 0, skipped: 0 }, log: "nothing.log" }
const FIRST = "ok   churn: a\nred  churn: b  {}\nok   churn: c\nskip churn: d\n"
const FAILED = ["FAIL churn: b  {}", "2 passed, 1 failed, 1 skipped"]

const verdicts: readonly [
  what: string,
  first: string,
  runs: readonly Run[],
  isFlaky: boolean,
  lines: readonly string[],
][] = [
  ["two good runs", FIRST, [good, good], true, ["flaky churn: b  {}", "3 passed, 0 failed, 1 skipped"]],
  [
    "a first run that ended without a check",
    "",
    [good, good],
    true,
    ["flaky churn: ended badly", "3 passed, 0 failed, 1 skipped"],
  ],
  ["one bad run of two", FIRST, [good, bad], false, FAILED],
  ["two bad runs", FIRST, [bad, bad], false, FAILED],
  ["a run that checked nothing", FIRST, [nothing, good], false, FAILED],
  ["no run at all", FIRST, [], false, FAILED],
]
for (const [what, first, runs, isFlaky, lines] of verdicts)
  test(`judgeAgain() of ${what}`, () => {
    const judged = judgeAgain("churn", first, runs)
    assert.is(judged.isFlaky, isFlaky)
    assert.equal(
      judged.lines.filter((line) => !line.startsWith("FAIL churn: failed in ")),
      lines,
    )
    assert.is(flakesIn(judged.lines.join("\n")).length > 0, isFlaky)
  })

/** Runs again.ts on a command that is red in the runs named. */
function again(redRuns: string) {
  return withTemporaryDirectory(async (directory) => {
    const first = join(directory, "first")
    await writeFile(first, "red  bed: it answers\n")
    const script = `n=$(($(cat count) + 1)); echo $n > count; echo "noise $n"
      case "${redRuns}" in *$n*) echo "0 passed, 1 failed, 0 skipped"; exit 1 ;; esac; echo "1 passed, 0 failed, 0 skipped"`
    await writeFile(join(directory, "count"), "0")
    const program = join(import.meta.dirname, "../../scripts/again.ts")
    const words = [program, "test-of-again", first, "--", "bash", "-c", script]
    const ended = await run(process.execPath, words, { directory })
    return { ...ended, runs: (await readFile(join(directory, "count"), "utf8")).trim() }
  })
}

test("again.ts runs a command twice, quietly, and passes a flake by its name", async () => {
  const { status, stdout, runs } = await again("-")
  assert.equal([status, runs], [0, "2"])
  assert.is(stdout, "flaky bed: it answers\n1 passed, 0 failed, 0 skipped\n")
})

test("again.ts fails what fails once more, and names the logs", async () => {
  const { status, stdout } = await again("2")
  assert.is(status, 1)
  assert.match(
    stdout,
    /^FAIL bed: it answers\nFAIL test-of-again: failed in 1 of 2 more runs as well: \S+\.1\.log, \S+\.2\.log\n0 passed, 1 failed, 0 skipped\n$/,
  )
})

test.run()
