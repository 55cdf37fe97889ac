import { writeFile } from "node:fs/promises"

import { test } from "uvu"
import * as assert from "uvu/assert"

import { coloursOf } from "../../../src/terminal/screen.ts"
import { unifiedDiff } from "../../../src/cli/output/unified-diff.ts"
import { run } from "../../support/run.ts"
import { withTemporaryDirectory } from "../../support/temporary-directory.ts"

const plain = coloursOf({ colour: false })
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${from + at}\n`).join("")

const cases: readonly (readonly [name: string, old: string, new_: string])[] = [
  ["from nothing", "", "a\n"],
  ["to nothing", "a\nb\n", ""],
  ["one line", "a\n", "b\n"],
  ["in the middle", numbers(1, 20), numbers(1, 9) + numbers(11, 20)],
  ["two places", numbers(1, 30), `0\n${numbers(1, 29)}`],
  ["without the last line end", "a\nb", "a\nb\n"],
]
for (const [name, old, new_] of cases)
  test(`unifiedDiff() ${name}: as diff -u has it`, () =>
    withTemporaryDirectory(async (directory) => {
      await writeFile(`${directory}/old`, old)
      await writeFile(`${directory}/new`, new_)
      const { stdout } = await run("diff", ["-u", "--label", "old", "--label", "new", "old", "new"], { directory })
      assert.is(unifiedDiff({ name: "old", text: old }, { name: "new", text: new_ }, plain), stdout)
    }))

test("unifiedDiff() equal texts have none", () => {
  assert.is(unifiedDiff({ name: "old", text: "a" }, { name: "new", text: "a" }, plain), null)
})

test.run()
