import { test } from "uvu"
import * as assert from "uvu/assert"
import { type Counts, countsOf, failuresIn, sumOf } from "../../scripts/counts.ts"

const outputs: readonly [what: string, status: number | null, output: string, counts: Counts][] = [
  ["all passed", 0, "ok a\n12 passed, 0 failed, 1 skipped\n", { passed: 12, failed: 0, skipped: 1 }],
  ["some failed", 1, "11 passed, 2 failed, 0 skipped\n", { passed: 11, failed: 2, skipped: 0 }],
  [
    "a bad end that no failed test explains",
    1,
    "12 passed, 0 failed, 0 skipped\n",
    { passed: 12, failed: 1, skipped: 0 },
  ],
  ["failed tests with a good status", 0, "1 passed, 2 failed, 0 skipped\n", { passed: 1, failed: 2, skipped: 0 }],
  ["no summary", 0, "ok a\n", { passed: 0, failed: 1, skipped: 0 }],
  [
    "a summary that is not the last line",
    0,
    "1 passed, 0 failed, 0 skipped\noops\n",
    { passed: 0, failed: 1, skipped: 0 },
  ],
  ["nothing at all", null, "", { passed: 0, failed: 1, skipped: 0 }],
]
for (const [what, status, output, counts] of outputs) {
  test(`countsOf() of ${what}`, () => assert.equal(countsOf(status, output), counts))
}

test("sumOf() adds up", () => {
  const one = { passed: 1, failed: 2, skipped: 3 }
  assert.equal(sumOf([]), { passed: 0, failed: 0, skipped: 0 })
  assert.equal(sumOf([one, one, one]), { passed: 3, failed: 6, skipped: 9 })
})

test("failuresIn() finds the lines that tell a failure, and no others", () => {
  const lines = [
    "ok   a",
    "FAIL lab: b  {}",
    "  FAIL c",
    "FAILED d",
    "FAIL e: status 1",
    "1 passed, 2 failed, 0 skipped",
    "",
  ]
  assert.equal(failuresIn(lines.join("\n")), ["FAIL lab: b  {}", "FAIL e: status 1"])
})

test.run()
